/* request.c - parses messages of clients and query strings. */
#include "priv/request.h"
#include <stdio.h>
#include "base/clock.h"
#include "filter/words.h"

static const char *const error_names[] = {
	[REQUEST_ENONE] = "internal",
	[REQUEST_EJSON] = "invalid_json",
	[REQUEST_ETYPE] = "unknown_type",
	[REQUEST_EFIELD] = "invalid_field",
	[REQUEST_EFILTER] = "invalid_filter",
	[REQUEST_EUNAVAILABLE] = "not_available",
	[REQUEST_ENOMEM] = "no_memory",
	[REQUEST_EFORBIDDEN] = "forbidden",
	[REQUEST_EUNAUTHENTICATED] = "unauthenticated",
	[REQUEST_ESUPERSEDED] = "superseded",
	[REQUEST_EFILTERRATE] = "filter_rate",
};

unsigned request_error_status(int code)
{
	if (code == REQUEST_ENOMEM || code == DNC_ERROR_NO_MEMORY)
		return 503;
	if (code == REQUEST_EFILTERRATE)
		return 429;
	return code == REQUEST_EFORBIDDEN ? 403 : 400;
}

const char *request_error_name(int code)
{
	return error_names[code];
}

static const struct {
	struct dnc_str name;
	bool filters, start, token; /* members allowed beside type and id */
} types[REQUEST_TYPES] = {
	[REQUEST_SUBSCRIBE] = {DNC_STR("subscribe"), true, true, false},
	[REQUEST_UPDATE_FILTERS] = {DNC_STR("update_filters"), true, false, false},
	[REQUEST_UNSUBSCRIBE] = {DNC_STR("unsubscribe"), false, false, false},
	[REQUEST_PING] = {DNC_STR("ping"), false, false, false},
	[REQUEST_GET_STATS] = {DNC_STR("get_stats"), false, false, false},
	[REQUEST_AUTH] = {DNC_STR("auth"), false, false, true},
};

static int field_error(struct dnc_error *err, const char *field, const char *message)
{
	dnc_error_set(err, REQUEST_EFIELD, "%s", message);
	dnc_error_place(err, "%s", field);
	return -1;
}

static int read_id(const struct dnc_json_node *node, struct request *out, struct dnc_error *err)
{
	if (node->type != DNC_JSON_STRING && node->type != DNC_JSON_NUMBER)
		return field_error(err, "id", "id must be a string or a number");
	if (node->raw.n > REQUEST_ID_MAX)
		return field_error(err, "id", "id is longer than 128 bytes");
	out->id = node->raw;
	return 0;
}

/* The members of a message for its start position; 0 is absent. */
struct start_nodes {
	uint32_t since, since_time, last, epoch;
};

static int read_start(const struct dnc_json *doc, const struct start_nodes *at,
	struct dnc_start *start, struct dnc_error *err)
{
	const struct dnc_json_node *node = doc->node;
	uint32_t count = at->since ? at->since : at->last;
	int64_t n = 0;

	if ((at->since != 0) + (at->since_time != 0) + (at->last != 0) > 1)
		return field_error(err, at->last ? "last" : "since_time",
			"since, since_time and last are mutually exclusive");
	if (at->epoch && node[at->epoch].type != DNC_JSON_STRING)
		return field_error(err, "epoch", "epoch must be a string");
	if (count) {
		if (!dnc_json_int(&node[count], &n) || n < 0)
			return field_error(err, at->since ? "since" : "last",
				"must be a non-negative integer");
		start->from = at->since ? DNC_START_SINCE : DNC_START_LAST;
	}
	if (at->since_time) {
		if (node[at->since_time].type != DNC_JSON_STRING ||
			!dnc_clock_parse(node[at->since_time].text, &start->ms))
			return field_error(err, "since_time", "must be an RFC 3339 date-time");
		start->from = DNC_START_TIME;
	}
	start->n = (uint64_t)n;
	if (at->epoch)
		start->epoch = node[at->epoch].text;
	return 0;
}

/* FAULT, unless the request only failed for lack of memory. */
static int fault_of(const struct dnc_error *err, int fault)
{
	return err->code == DNC_ERROR_NO_MEMORY ? REQUEST_ENOMEM : fault;
}

static int read_filter(
	const struct dnc_json *doc, uint32_t filters, struct request *out, struct dnc_error *err)
{
	char inside[sizeof err->place];

	out->filter = filters ? dnc_filter_compile(doc, filters, err)
	                      : dnc_filter_compile_text("{}", 2, err);
	if (out->filter)
		return 0;
	memcpy(inside, err->place, sizeof inside);
	dnc_error_place(err, "filters%s%.80s", inside[0] && inside[0] != '[' ? "." : "", inside);
	err->code = fault_of(err, REQUEST_EFILTER);
	return -1;
}

static void list_types(char *out, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < REQUEST_TYPES && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", types[i].name.p);
}

static int read_type(const struct dnc_json *doc, struct request *out, struct dnc_error *err)
{
	uint32_t at = dnc_json_get(doc, 0, DNC_STR("type"));
	char list[128];

	if (!at || doc->node[at].type != DNC_JSON_STRING)
		return field_error(err, "type", "type must be a string");
	for (int i = 0; i < REQUEST_TYPES; i++)
		if (dnc_str_eq(types[i].name, doc->node[at].text)) {
			out->type = (enum request_type)i;
			return 0;
		}
	list_types(list, sizeof list);
	dnc_error_set(err, REQUEST_ETYPE, "unknown type; known are %s", list);
	dnc_error_place(err, "type");
	return -1;
}

/* The variable that holds the node of the member KEY; NULL if messages of this type have no such member. */
static uint32_t *node_of(struct dnc_str key, enum request_type type, uint32_t *filters,
	struct start_nodes *start, uint32_t *token)
{
	const struct {
		struct dnc_str name;
		bool allowed;
		uint32_t *node;
	} members[] = {{DNC_STR("filters"), types[type].filters, filters},
		{DNC_STR("token"), types[type].token, token},
		{DNC_STR("since"), types[type].start, &start->since},
		{DNC_STR("since_time"), types[type].start, &start->since_time},
		{DNC_STR("last"), types[type].start, &start->last},
		{DNC_STR("epoch"), types[type].start, &start->epoch}};

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (members[i].allowed && dnc_str_eq(members[i].name, key))
			return members[i].node;
	return NULL;
}

int request_refuse_filters(struct dnc_error *err)
{
	dnc_error_set(err, REQUEST_EFILTERRATE,
		"the patterns of your filters take too much work: use simpler ones, or try again "
		"later");
	dnc_error_place(err, "filters");
	return -1;
}

static int parse(struct dnc_json_parser *parser, const char *text, size_t n, bool unfiltered,
	struct request *out, struct dnc_error *err)
{
	struct start_nodes start = {0};
	uint32_t filters = 0, token = 0, id;
	struct dnc_json doc;

	*out = (struct request){0};
	if (dnc_json_parse(parser, text, n, &doc, err) < 0) {
		err->code = fault_of(err, REQUEST_EJSON);
		return -1;
	}
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return dnc_error_set(err, REQUEST_EJSON, "a message must be a JSON object");
	id = dnc_json_get(&doc, 0, DNC_STR("id"));
	if ((id && read_id(&doc.node[id], out, err) < 0) || read_type(&doc, out, err) < 0)
		return -1;
	for (uint32_t i = 1; i < doc.node[0].next; i = doc.node[i].next) {
		struct dnc_str key = doc.node[i].key;
		uint32_t *node = node_of(key, out->type, &filters, &start, &token);

		if (node) {
			*node = i;
		} else if (i != id && !dnc_str_eq(key, DNC_STR("type"))) {
			dnc_error_set(err, REQUEST_EFIELD, "unknown field");
			dnc_error_place(err, "%.*s", key.n > 64 ? 64 : (int)key.n, key.p);
			return -1;
		}
	}
	if (read_start(&doc, &start, &out->start, err) < 0)
		return -1;
	if (types[out->type].token) {
		if (!token || doc.node[token].type != DNC_JSON_STRING)
			return field_error(err, "token", "token must be a string");
		out->token = doc.node[token].text;
	}
	if (filters && unfiltered)
		return request_refuse_filters(err);
	return types[out->type].filters ? read_filter(&doc, filters, out, err) : 0;
}

int request_parse(struct dnc_json_parser *parser, const char *text, size_t n, struct request *out,
	struct dnc_error *err)
{
	return parse(parser, text, n, false, out, err);
}

int request_parse_unfiltered(struct dnc_json_parser *parser, const char *text, size_t n,
	struct request *out, struct dnc_error *err)
{
	return parse(parser, text, n, true, out, err);
}

/* The parameters of a query string for the start position. */
static const struct {
	struct dnc_str name;
	bool is_number;
} start_names[] = {
	{DNC_STR("since"), true},
	{DNC_STR("since_time"), false},
	{DNC_STR("last"), true},
	{DNC_STR("epoch"), false},
};

enum { START_NAMES = sizeof start_names / sizeof start_names[0] };

static int find_start(struct dnc_str name)
{
	int i = 0;

	while (i < START_NAMES && !dnc_str_eq(start_names[i].name, name))
		i++;
	return i;
}

/* A pattern may contain commas; in other lists they separate the values. */
static void add_list(struct dnc_buf *b, struct dnc_str value, bool split)
{
	dnc_buf_chr(b, '[');
	for (;;) {
		const char *comma = split && value.n ? memchr(value.p, ',', value.n) : NULL;
		struct dnc_str one = {value.p, comma ? (size_t)(comma - value.p) : value.n};

		dnc_json_write_str(b, one);
		if (!comma)
			break;
		dnc_buf_chr(b, ',');
		value = (struct dnc_str){comma + 1, value.n - one.n - 1};
	}
	dnc_buf_chr(b, ']');
}

static bool is_digits(struct dnc_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 20;
}

/* Appends the field W with VALUE in the JSON form of its shape. */
static int add_value(struct dnc_buf *b, const struct dnc_filter_word *w, struct dnc_str value,
	struct dnc_error *err)
{
	bool on = dnc_str_eq(value, DNC_STR("true")) || dnc_str_eq(value, DNC_STR("1")) || !value.n;
	bool off = dnc_str_eq(value, DNC_STR("false")) || dnc_str_eq(value, DNC_STR("0"));

	if (w->shape == DNC_FILTER_FLAG && !on && !off)
		return field_error(err, w->name.p, "must be true or false");
	if (!b->n)
		dnc_buf_chr(b, '{');
	dnc_json_write_key(b, w->name);
	if (w->shape == DNC_FILTER_FLAG)
		dnc_buf_str(b, on ? DNC_STR("true") : DNC_STR("false"));
	else if (w->shape == DNC_FILTER_RANK)
		dnc_json_write_str(b, value);
	else
		add_list(b, value, w->shape != DNC_FILTER_PATTERNS);
	return 0;
}

int request_query_add(
	struct request_query *q, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	const struct dnc_filter_word *w = dnc_filter_word_of_query(name);
	int start = find_start(name);
	struct dnc_buf *b = &q->rest;

	if (w)
		return add_value(&q->filters, w, value, err);
	if (start == START_NAMES) {
		dnc_error_set(err, REQUEST_EFIELD, "unknown query parameter");
		dnc_error_place(err, "%.*s", name.n > 64 ? 64 : (int)name.n, name.p);
		return -1;
	}
	if (start_names[start].is_number && !is_digits(value))
		return field_error(
			err, start_names[start].name.p, "must be a non-negative integer");
	if (!b->n)
		dnc_buf_chr(b, '{');
	dnc_json_write_key(b, start_names[start].name);
	if (start_names[start].is_number)
		dnc_buf_str(b, value);
	else
		dnc_json_write_str(b, value);
	return 0;
}

bool request_query_is_start(struct dnc_str name)
{
	return find_start(name) < START_NAMES;
}

void request_query_end(struct request_query *q, struct dnc_buf *message)
{
	if (!q->rest.n)
		dnc_buf_chr(&q->rest, '{');
	dnc_json_write_key(&q->rest, DNC_STR("type"));
	dnc_buf_lit(&q->rest, "\"subscribe\"");
	if (q->filters.n) {
		dnc_json_write_key(&q->rest, DNC_STR("filters"));
		dnc_buf_str(&q->rest, dnc_buf_view(&q->filters));
		dnc_buf_chr(&q->rest, '}');
	}
	dnc_buf_chr(&q->rest, '}');
	dnc_buf_str(message, dnc_buf_view(&q->rest));
	/* Without its filters it would ask for all events. */
	message->failed |= q->rest.failed || q->filters.failed;
}

void request_query_finish(struct request_query *q)
{
	dnc_buf_free(&q->filters);
	dnc_buf_free(&q->rest);
}
