#include "web/http/accept.h"

enum { WEIGHT_ONE = 1000, WEIGHT_DIGITS = 3 };

/* Cuts what stands before the next ';' off REST, without blanks around it. */
static struct dnc_str next_part(struct dnc_str *rest)
{
	const char *end = rest->n ? memchr(rest->p, ';', rest->n) : NULL;
	struct dnc_str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	size_t used = part.n + (end != NULL);

	rest->p += used;
	rest->n -= used;
	return dnc_str_trim(part);
}

/* "0.25" in thousandths (RFC 9110 section 12.4.2). What is no weight counts as 1. */
static unsigned read_weight(struct dnc_str s)
{
	unsigned weight = 0, unit = WEIGHT_ONE / 10;

	if (!s.n || s.p[0] != '0' || (s.n > 1 && s.p[1] != '.') || s.n > 2 + WEIGHT_DIGITS)
		return WEIGHT_ONE;
	for (size_t i = 2; i < s.n; i++, unit /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return WEIGHT_ONE;
		weight += (unsigned)(s.p[i] - '0') * unit;
	}
	return weight;
}

static unsigned weight_of(struct dnc_str parameters)
{
	while (parameters.n) {
		struct dnc_str one = next_part(&parameters);

		if (one.n >= 2 && dnc_str_caseeq((struct dnc_str){one.p, 2}, DNC_STR("q=")))
			return read_weight((struct dnc_str){one.p + 2, one.n - 2});
	}
	return WEIGHT_ONE;
}

bool accept_prefers(const struct http_head *head, struct dnc_str type, struct dnc_str usual)
{
	struct http_list list = http_list_start(head, DNC_STR("accept"));
	unsigned of_type = 0, of_usual = 0;
	bool type_first = false;
	struct dnc_str element;

	while (http_list_next(&list, &element)) {
		struct dnc_str name = next_part(&element);

		if (dnc_str_caseeq(name, type) && !of_type) {
			of_type = weight_of(element);
			type_first = !of_usual;
		} else if (dnc_str_caseeq(name, usual) && !of_usual) {
			of_usual = weight_of(element);
		}
	}
	return of_type > of_usual || (of_type && of_type == of_usual && type_first);
}

bool accept_encodes(const struct http_head *head, struct dnc_str coding)
{
	struct http_list list = http_list_start(head, DNC_STR("accept-encoding"));
	struct dnc_str element;

	while (http_list_next(&list, &element))
		if (dnc_str_caseeq(next_part(&element), coding))
			return weight_of(element) > 0;
	return false;
}
