#include "lines.h"
#include <stdlib.h>

int dnc_lines_init(struct dnc_lines *l, size_t max, size_t block)
{
	*l = (struct dnc_lines){.max = max, .size = block};
	l->p = calloc(1, block + DNC_LINES_SLACK);
	return l->p ? 0 : -1;
}

void dnc_lines_finish(struct dnc_lines *l)
{
	free(l->p);
	*l = (struct dnc_lines){0};
}

static bool grow(struct dnc_lines *l)
{
	size_t size = l->size * 2;
	char *p = realloc(l->p, size + DNC_LINES_SLACK);

	if (!p)
		return false;
	memset(p + size, 0, DNC_LINES_SLACK);
	l->p = p;
	l->size = size;
	return true;
}

char *dnc_lines_space(struct dnc_lines *l, size_t *room)
{
	if (l->start) {
		memmove(l->p, l->p + l->start, l->end - l->start);
		l->end -= l->start;
		l->scanned -= l->start;
		l->start = 0;
	}
	/* A line that fills the buffer is at most max + 1 long, or next() would have cut it. */
	if (l->end == l->size && !grow(l))
		return NULL;
	*room = l->size - l->end;
	return l->p + l->end;
}

void dnc_lines_filled(struct dnc_lines *l, size_t n)
{
	l->end += n;
}

void dnc_lines_end(struct dnc_lines *l)
{
	l->ended = true;
}

static void give(struct dnc_lines *l, struct dnc_line *out, size_t n, bool too_long)
{
	if (!too_long && n && l->p[l->start + n - 1] == '\r')
		n--;
	out->text = (struct dnc_str){l->p + l->start, n};
	out->number = ++l->number;
	out->too_long = too_long;
}

bool dnc_lines_next(struct dnc_lines *l, struct dnc_line *out)
{
	for (;;) {
		char *nl = memchr(l->p + l->scanned, '\n', l->end - l->scanned);
		size_t n = (nl ? (size_t)(nl - l->p) : l->end) - l->start;

		if (l->skipping) {
			l->skipping = !nl;
			l->start = l->scanned = nl ? l->start + n + 1 : l->end;
			if (!nl)
				return false;
			continue;
		}
		if (n > l->max + 1 || (n == l->max + 1 && l->p[l->start + n - 1] != '\r')) {
			give(l, out, l->max, true);
			l->skipping = !nl;
			l->start = l->scanned = nl ? l->start + n + 1 : l->end;
			return true;
		}
		if (nl || (l->ended && n)) {
			give(l, out, n, false);
			l->start = l->scanned = l->start + n + (nl ? 1 : 0);
			return true;
		}
		l->scanned = l->end;
		return false;
	}
}
