#include "web/http/token_list.h"

static bool is_token_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct dnc_str token_trim(struct dnc_str s)
{
	while (s.n && is_blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct dnc_str token_take(struct dnc_str *s)
{
	struct dnc_str token = {s->p, 0};

	while (token.n < s->n && is_token_char((unsigned char)s->p[token.n]))
		token.n++;
	s->p += token.n;
	s->n -= token.n;
	return token;
}

bool token_is(struct dnc_str s)
{
	return token_take(&s).n && !s.n;
}

bool token_list_next(struct token_list *list, struct dnc_str *element)
{
	while (list->rest.n || list->count) {
		const char *comma;
		size_t n;

		if (!list->rest.n) {
			list->rest = *list->lines++;
			list->count--;
			continue;
		}
		comma = memchr(list->rest.p, ',', list->rest.n);
		n = comma ? (size_t)(comma - list->rest.p) : list->rest.n;
		*element = token_trim((struct dnc_str){list->rest.p, n});
		list->rest.p += n + !!comma;
		list->rest.n -= n + !!comma;
		if (element->n)
			return true;
	}
	return false;
}

bool token_list_has(struct token_list list, struct dnc_str word)
{
	struct dnc_str element;

	while (token_list_next(&list, &element))
		if (dnc_str_caseeq(element, word))
			return true;
	return false;
}
