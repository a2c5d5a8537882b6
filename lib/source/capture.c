/* capture.c - change data capture: {"op": "c|u|r|d", "before": {...}, "after": {...}}, alone or
 * as the "payload" of an envelope. A row that exists suppresses its number, a deleted row
 * releases it. */
#include "base/clock.h"
#include "priv/record.h"

/* Nodes of the record; 0 is absent. */
struct capture {
	const struct dnc_json *doc;
	uint32_t root, row; /* the envelope, and the row after the change, or before its deletion */
	uint32_t phone, provider, source, reason;
	bool deleted, update;
};

/* The node of a member that has a value, else 0. */
static uint32_t member(const struct dnc_json *doc, uint32_t object, struct dnc_str key)
{
	uint32_t at = dnc_json_get(doc, object, key);

	return at && doc->node[at].type != DNC_JSON_NULL ? at : 0;
}

static bool find_row(struct capture *c, const struct dnc_json *doc)
{
	uint32_t op;

	c->doc = doc;
	c->root = dnc_json_get(doc, 0, DNC_STR("payload"));
	if (c->root && doc->node[c->root].type != DNC_JSON_OBJECT)
		c->root = 0;
	op = dnc_json_get(doc, c->root, DNC_STR("op"));
	if (!op || doc->node[op].type != DNC_JSON_STRING || doc->node[op].text.n != 1 ||
		!doc->node[op].text.p[0] || !strchr("curd", doc->node[op].text.p[0]))
		return false;
	c->deleted = doc->node[op].text.p[0] == 'd';
	c->update = doc->node[op].text.p[0] == 'u';
	c->row = dnc_json_get(doc, c->root, c->deleted ? DNC_STR("before") : DNC_STR("after"));
	return c->row && doc->node[c->row].type == DNC_JSON_OBJECT;
}

/* Finds the column with the number, under any name that a CSV header may have. Returns a second
 * column with another number, or 0. */
static uint32_t find_phone(struct capture *c)
{
	const struct dnc_json_node *node = c->doc->node;
	uint32_t other = 0;

	for (uint32_t i = c->row + 1; i < node[c->row].next; i = node[i].next) {
		bool exact = dnc_str_eq(node[i].key, DNC_STR("phone_number"));

		if (node[i].type == DNC_JSON_NULL || node[i].text.n == 0 ||
			(!exact && !csv_is_number_header(node[i].key)))
			continue;
		if (c->phone && !dnc_str_eq(node[c->phone].text, node[i].text))
			other = i;
		if (!c->phone || exact)
			c->phone = i;
	}
	return other;
}

/* Adds a column as a member of the event. One with the name of a key of the event is renamed: the
 * row's id is not the id of the event. */
static void add_column(struct dnc_source *s, const struct capture *c, uint32_t at)
{
	static const struct dnc_str own_keys[] = {DNC_STR("id"), DNC_STR("event_id"),
		DNC_STR("seq"), DNC_STR("type"), DNC_STR("timestamp"), DNC_STR("severity"),
		DNC_STR("summary"), DNC_STR("event_data"), DNC_STR("metadata")};
	struct dnc_str key = c->doc->node[at].key;
	char name[32] = "row_";

	for (size_t i = 0; i < sizeof own_keys / sizeof own_keys[0]; i++)
		if (dnc_str_eq(own_keys[i], key)) {
			memcpy(name + 4, key.p, key.n);
			key = (struct dnc_str){name, 4 + key.n};
			break;
		}
	dnc_json_write_key(&s->event, key);
	dnc_json_write_node(&s->event, c->doc, at);
}

static void add_columns(struct dnc_source *s, const struct capture *c)
{
	const struct dnc_json_node *node = c->doc->node;

	for (uint32_t i = c->row + 1; i < node[c->row].next; i = node[i].next)
		if (node[i].type != DNC_JSON_NULL && i != c->phone && i != c->provider &&
			i != c->source && i != c->reason)
			add_column(s, c, i);
}

/* The row's own values, and those of the options where it has none. */
static void add_origin(struct dnc_source *s, struct capture *c)
{
	const struct {
		const char *key, *value;
		uint32_t at;
	} origin[] = {{"provider", s->options.provider, c->provider},
		{"provider_id", s->options.provider_id,
			member(c->doc, c->row, DNC_STR("provider_id"))},
		{"source", s->options.source, c->source},
		{"reason", c->deleted ? "system_cleanup" : s->options.reason,
			c->deleted ? 0 : c->reason}};

	for (size_t i = 0; i < sizeof origin / sizeof origin[0]; i++) {
		if (!origin[i].at) {
			source_add(s, origin[i].key, dnc_str(origin[i].value));
		} else if (i != 1) { /* provider_id is a column like others */
			dnc_json_write_key(&s->event, dnc_str(origin[i].key));
			dnc_json_write_node(&s->event, c->doc, origin[i].at);
		}
	}
	if (c->deleted && c->reason) {
		dnc_json_write_key(&s->event, DNC_STR("previous_reason"));
		dnc_json_write_node(&s->event, c->doc, c->reason);
	}
}

/* The rest of the envelope. It holds the change's position in the database's log, which makes the
 * event unique. */
static void add_envelope(struct dnc_source *s, const struct capture *c)
{
	const struct dnc_json_node *node = c->doc->node;

	dnc_json_write_key(&s->event, DNC_STR("change_capture"));
	dnc_buf_chr(&s->event, '{');
	for (uint32_t i = c->root + 1; i < node[c->root].next; i = node[i].next) {
		struct dnc_str key = node[i].key;

		if (i == c->row || node[i].type == DNC_JSON_NULL ||
			dnc_str_eq(key, DNC_STR("schema")) ||
			(dnc_str_eq(key, DNC_STR("before")) && !c->update))
			continue;
		dnc_json_write_key(&s->event, key);
		dnc_json_write_node(&s->event, c->doc, i);
	}
	dnc_buf_chr(&s->event, '}');
}

static enum dnc_source_result read_change(struct dnc_source *s, struct capture *c)
{
	const struct dnc_json *doc = c->doc;
	char time[DNC_TIME_LEN];
	uint32_t ts, other;
	int64_t ms;

	ts = member(doc, c->root, DNC_STR("ts_ms"));
	if (ts && (!dnc_json_int(&doc->node[ts], &ms) || !dnc_clock_in_range(ms)))
		return source_reject(s, DNC_REJECT_INVALID_TIMESTAMP, "ts_ms",
			"ts_ms is not a time in milliseconds in the years 0001 to 9999");
	c->provider = member(doc, c->row, DNC_STR("provider"));
	c->source = member(doc, c->row, DNC_STR("source"));
	c->reason = member(doc, c->row, DNC_STR("reason"));
	source_begin(s, c->deleted ? DNC_NUMBER_RELEASED : DNC_NUMBER_SUPPRESSED);
	other = find_phone(c);
	if (other)
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "phone_number",
			"the row has several numbers, one of them in %.*s: select one with --map",
			DNC_STR_ARG(doc->node[other].key));
	if (c->phone)
		source_add(s, "phone_number", doc->node[c->phone].text);
	if (ts) {
		dnc_clock_format(ms, time);
		source_add(s, "timestamp", (struct dnc_str){time, sizeof time});
	}
	add_columns(s, c);
	add_origin(s, c);
	add_envelope(s, c);
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

bool capture_record(
	struct dnc_source *s, const struct dnc_json *doc, enum dnc_source_result *result)
{
	struct capture c = {0};

	if (!find_row(&c, doc))
		return false;
	*result = read_change(s, &c);
	return true;
}
