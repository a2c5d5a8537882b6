#include "said.h"
#include <stdlib.h>
#include <string.h>
#include "base/array.h"

void dnc_said_begin(struct dnc_said *s)
{
	dnc_said_finish(s);
	s->keeps = true;
}

void dnc_said_again(struct dnc_said *s)
{
	s->again = true;
	s->at = 0;
}

static void keep(struct dnc_said *s, const char *text)
{
	char *copy = strdup(text);

	if (copy && dnc_array_grow(&s->texts, &s->room, s->count + 1))
		s->texts[s->count++] = copy;
	else
		free(copy);
}

bool dnc_said_before(struct dnc_said *s, const char *text)
{
	if (s->keeps && !s->again)
		keep(s, text);
	for (size_t i = s->at; s->again && i < s->count; i++)
		if (strcmp(s->texts[i], text) == 0) {
			s->at = i + 1;
			return true;
		}
	return false;
}

void dnc_said_finish(struct dnc_said *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->texts[i]);
	free(s->texts);
	*s = (struct dnc_said){0};
}
