#include "web/http/head.h"

/* Index of the first field NAME from AT on; the number of fields when there is none. */
static size_t find(const struct http_head *head, struct dnc_str name, size_t at)
{
	while (at < head->count && !dnc_str_caseeq(head->fields[at].name, name))
		at++;
	return at;
}

struct dnc_str http_head_field(const struct http_head *head, struct dnc_str name)
{
	size_t at = find(head, name, 0);

	return at < head->count ? head->fields[at].value : (struct dnc_str){NULL, 0};
}

size_t http_head_count(const struct http_head *head, struct dnc_str name)
{
	size_t count = 0;

	for (size_t at = find(head, name, 0); at < head->count; at = find(head, name, at + 1))
		count++;
	return count;
}

struct http_list http_list_start(const struct http_head *head, struct dnc_str name)
{
	return (struct http_list){.head = head, .name = name};
}

/* Bytes of S before the first comma that is in no quoted string. A string without an end has all that follows. */
static size_t element_bytes(struct dnc_str s)
{
	bool quoted = false;
	size_t n;

	for (n = 0; n < s.n && (quoted || s.p[n] != ','); n++) {
		if (s.p[n] == '"')
			quoted = !quoted;
		else if (quoted && s.p[n] == '\\' && n + 1 < s.n)
			n++;
	}
	return n;
}

bool http_list_next(struct http_list *list, struct dnc_str *element)
{
	for (;;) {
		size_t n = element_bytes(list->rest);

		if (list->rest.n) {
			*element = dnc_str_trim((struct dnc_str){list->rest.p, n});
			n += n < list->rest.n; /* the comma */
			list->rest.p += n;
			list->rest.n -= n;
			if (element->n)
				return true;
			continue;
		}
		list->field = find(list->head, list->name, list->field);
		if (list->field == list->head->count)
			return false;
		list->rest = list->head->fields[list->field++].value;
	}
}

bool http_head_has_token(const struct http_head *head, struct dnc_str name, struct dnc_str token)
{
	struct http_list list = http_list_start(head, name);
	struct dnc_str element;

	while (http_list_next(&list, &element))
		if (dnc_str_caseeq(element, token))
			return true;
	return false;
}
