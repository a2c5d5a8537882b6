#include "web/http/history_query.h"
#include <string.h>
#include "base/clock.h"
#include "json/json.h"

void history_query_init(struct history_query *q)
{
	*q = (struct history_query){.limit = HISTORY_LIMIT_DEFAULT};
}

void history_query_free(struct history_query *q)
{
	dnc_filter_unref(q->filter);
	request_query_finish(&q->filters);
	dnc_buf_free(&q->repeated);
	dnc_buf_free(&q->repeated_since);
}

static int field_error(struct dnc_error *err, struct dnc_str name, const char *why)
{
	dnc_error_set(err, REQUEST_EFIELD, "%.*s %s", DNC_STR_ARG(name), why);
	return -1;
}

static bool read_number(struct dnc_str s, uint64_t *out)
{
	*out = 0;
	if (!s.n || s.n > 18)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return true;
}

static int read_position(struct history_position *p, struct dnc_str name, struct dnc_str value,
	struct dnc_error *err)
{
	*p = (struct history_position){.given = true};
	if (read_number(value, &p->seq))
		return 0;
	p->is_time = true;
	if (dnc_clock_parse(value, &p->ms) || dnc_clock_parse_local(value, &p->ms))
		return 0;
	return field_error(
		err, name, "must be a sequence number or a time such as 2026-01-31T12:00:00Z");
}

static int read_since(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	return read_position(&q->since, DNC_STR("since"), value, err);
}

static int read_until(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	return read_position(&q->until, DNC_STR("until"), value, err);
}

static int read_order(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	q->newest_first = dnc_str_eq(value, DNC_STR("desc"));
	if (q->newest_first || dnc_str_eq(value, DNC_STR("asc")))
		return 0;
	return field_error(err, DNC_STR("order"), "must be asc or desc");
}

static int read_before(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	if (read_number(value, &q->before) && q->before >= 1)
		return 0;
	return field_error(err, DNC_STR("before"), "must be a sequence number, 1 or more");
}

/* True when S looks as a masked number does: "+1******0143". */
static bool is_masked_number(struct dnc_str s)
{
	bool hides = false;

	if (s.n < 2 || s.n >= DNC_PHONE_MAX || s.p[0] != '+')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] != '*' && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
		hides |= s.p[i] == '*';
	}
	return hides;
}

/* A reader that sees masked numbers asks for one of them. Whether there are events of a whole number would tell it whose
 * they are. */
static int read_masked_phone(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	struct dnc_buf shown = {0};

	if (is_masked_number(value)) {
		memcpy(q->phone, value.p, value.n);
		q->phone_bytes = value.n;
		return 0;
	}
	if (dnc_phone_normalize(value, "US", false, q->phone, &q->phone_bytes) != DNC_PHONE_OK)
		return field_error(err, DNC_STR("phone"),
			"must be a number as this role sees it, such as +1******0143");
	dnc_phone_mask(&shown, (struct dnc_str){q->phone, q->phone_bytes});
	dnc_error_set(err, REQUEST_EFORBIDDEN,
		"access denied: without dnc:pii phone must be a number as this role sees it, such "
		"as %.*s",
		DNC_STR_ARG(dnc_buf_view(&shown)));
	dnc_buf_free(&shown);
	return -1;
}

static int read_phone(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	char text[64];

	/* An unescaped "+" means a blank in a query string. */
	if (value.n && value.n < sizeof text) {
		memcpy(text, value.p, value.n);
		if (text[0] == ' ')
			text[0] = '+';
		value.p = text;
	}
	if (q->masked)
		return read_masked_phone(q, value, err);
	if (dnc_phone_normalize(value, "US", false, q->phone, &q->phone_bytes) == DNC_PHONE_OK)
		return 0;
	return field_error(
		err, DNC_STR("phone"), "must be a telephone number such as +12025550143");
}

static int read_limit(struct history_query *q, struct dnc_str value, struct dnc_error *err)
{
	if (read_number(value, &q->limit) && q->limit >= 1 && q->limit <= HISTORY_LIMIT_MAX)
		return 0;
	return field_error(err, DNC_STR("limit"), "must be a number from 1 to 100000");
}

/* The arguments that are none of a filter. READ NULL: it belongs to streams, not to pages. */
static const struct {
	struct dnc_str name;
	int (*read)(struct history_query *q, struct dnc_str value, struct dnc_error *err);
} arguments[] = {
	{{"since", 5}, read_since},
	{{"until", 5}, read_until},
	{{"order", 5}, read_order},
	{{"before", 6}, read_before},
	{{"phone", 5}, read_phone},
	{{"limit", 5}, read_limit},
	{{"last", 4}, NULL},
	{{"epoch", 5}, NULL},
	{{"since_time", 10}, NULL},
};

/* The link to the next page has a `since` or `before` of its own. */
static int repeat(
	struct history_query *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	bool since = dnc_str_eq(name, DNC_STR("since"));
	struct dnc_buf *b = since ? &q->repeated_since : &q->repeated;

	if (dnc_str_eq(name, DNC_STR("before")))
		return 0;
	if (since)
		dnc_buf_clear(b); /* the last one counts */
	dnc_buf_percent(b, name);
	dnc_buf_chr(b, '=');
	dnc_buf_percent(b, value);
	dnc_buf_chr(b, '&');
	if (b->n > HISTORY_QUERY_MAX)
		return field_error(err, name,
			"makes the query longer than 2048 bytes: ask for fewer values at once");
	return 0;
}

int history_query_add(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct history_query *q = ctx;

	if (repeat(q, name, value, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
		if (!dnc_str_eq(name, arguments[i].name))
			continue;
		return arguments[i].read ? arguments[i].read(q, value, err)
		                         : field_error(err, name,
						   "is not supported here: use since, until, "
						   "before and limit");
	}
	return request_query_add(&q->filters, name, value, err);
}

/* No index has masked numbers: a field of the filter, which no query string can have otherwise. */
static void add_masked_phone(struct dnc_buf *filters, struct dnc_str phone)
{
	dnc_json_write_key(filters, DNC_STR("custom_filters"));
	dnc_buf_chr(filters, '{');
	dnc_json_write_key(filters, DNC_STR("phone_number"));
	dnc_json_write_str(filters, phone);
	dnc_buf_chr(filters, '}');
}

int history_query_end(struct history_query *q, struct dnc_error *err)
{
	struct dnc_buf *filters = &q->filters.filters;

	if (q->before && !q->newest_first)
		return field_error(err, DNC_STR("before"),
			"needs order=desc: for the events after a number use since");
	if (!filters->n)
		dnc_buf_chr(filters, '{');
	if (q->masked && q->phone_bytes)
		add_masked_phone(filters, (struct dnc_str){q->phone, q->phone_bytes});
	dnc_buf_chr(filters, '}');
	if (!dnc_buf_ok(filters) || !dnc_buf_ok(&q->repeated) || !dnc_buf_ok(&q->repeated_since))
		return dnc_error_nomem(err);
	q->filter = dnc_filter_compile_text(filters->p, filters->n, err);
	return q->filter ? 0 : -1;
}
