/* capture.c - change data capture: rows of a database with what happened to them. A row that exists suppresses its number, a
 * deleted row releases it. The shapes that are known:
 *	{"op":"c|u|r|d","before":{...},"after":{...},"ts_ms":...}	Debezium; alone or as the "payload" of an envelope
 *	{...,"__op":"c","__deleted":"false","__ts_ms":...}	the same, flattened: the row with what happened in it
 *	{"database":...,"table":...,"type":"insert|update|delete","ts":...,"data":{...},"old":{...}}	Maxwell
 *	{"data":{...},"metadata":{"operation":"load|insert|update|delete","timestamp":...}}	AWS DMS */
#include "base/clock.h"
#include "priv/record.h"

/* Nodes of the record; 0 is absent. */
struct capture {
	const struct dnc_json *doc;
	uint32_t root, row; /* the envelope, and the row after the change, or before its deletion */
	uint32_t phone, provider, source, reason;
	char op; /* c, u, r or d; others are no changes of a row */
	bool deleted, update;
	bool flat, maxwell; /* the shape */
};

static struct dnc_str text_of(const struct capture *c, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_value(c->doc, object, dnc_str(key));

	return at && c->doc->node[at].type == DNC_JSON_STRING ? c->doc->node[at].text : DNC_STR("");
}

/* The member KEY, if it is an object, else 0. */
static uint32_t object_in(const struct capture *c, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_value(c->doc, object, dnc_str(key));

	return at && c->doc->node[at].type == DNC_JSON_OBJECT ? at : 0;
}

static bool has(const struct capture *c, uint32_t object, const char *key)
{
	return dnc_json_get(c->doc, object, dnc_str(key)) > 0;
}

static bool find_debezium(struct capture *c)
{
	struct dnc_str op;

	c->root = object_in(c, 0, "payload");
	op = text_of(c, c->root, "op");
	if (op.n != 1 || !(has(c, c->root, "before") || has(c, c->root, "after") ||
				 object_in(c, c->root, "source")))
		return false;
	c->op = op.p[0];
	c->deleted = c->op == 'd';
	c->update = c->op == 'u';
	c->row = object_in(c, c->root, c->deleted ? "before" : "after");
	return true;
}

/* True if the member KEY is WORD, as a string or a value of JSON. */
static bool is(const struct capture *c, const char *key, struct dnc_str word)
{
	uint32_t at = dnc_json_value(c->doc, 0, dnc_str(key));
	const struct dnc_json_node *node = &c->doc->node[at];

	return at && (node->type == DNC_JSON_BOOL ? dnc_str_starts(node->raw, word)
						  : dnc_str_eq(text_of(c, 0, key), word));
}

static bool find_flat(struct capture *c)
{
	struct dnc_str op = text_of(c, 0, "__op");
	bool gone;

	c->flat = op.n == 1 || has(c, 0, "__deleted");
	if (!c->flat)
		return false;
	c->op = op.n == 1 ? op.p[0] : 'r';
	gone = is(c, "__deleted", DNC_STR("true"));
	c->deleted = c->op == 'd' || gone;
	/* What contradicts itself is no change that is known. */
	if (op.n == 1 && (c->op == 'd' ? is(c, "__deleted", DNC_STR("false")) : gone))
		c->op = '\0';
	return true;
}

/* Sets what happened by its NAME. */
static bool read_operation(struct capture *c, struct dnc_str name)
{
	static const struct {
		struct dnc_str name;
		char op;
	} operations[] = {{DNC_STR("insert"), 'c'}, {DNC_STR("bootstrap-insert"), 'r'},
		{DNC_STR("load"), 'r'}, {DNC_STR("update"), 'u'}, {DNC_STR("delete"), 'd'}};

	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
		if (dnc_str_eq(operations[i].name, name))
			c->op = operations[i].op;
	c->deleted = c->op == 'd';
	c->update = c->op == 'u';
	return c->op;
}

static bool find_named(struct capture *c)
{
	uint32_t metadata = object_in(c, 0, "metadata");

	c->row = object_in(c, 0, "data");
	if (!c->row)
		return false;
	c->maxwell = has(c, 0, "database") && has(c, 0, "table");
	return c->maxwell ? read_operation(c, text_of(c, 0, "type"))
	                  : metadata && read_operation(c, text_of(c, metadata, "operation"));
}

static bool find_row(struct capture *c, const struct dnc_json *doc)
{
	c->doc = doc;
	if (find_debezium(c))
		return true;
	c->root = 0;
	return find_flat(c) || find_named(c);
}

/* When it happened, in a member of the envelope. False if that is no time; *MS is INT64_MIN if there is none. */
static bool read_time(const struct capture *c, int64_t *ms)
{
	static const struct {
		const char *key;
		int64_t times, per;
	} units[] = {{"ts_ms", 1, 1}, {"ts_us", 1, 1000}, {"ts_ns", 1, 1000000}, {"__ts_ms", 1, 1},
		{"ts", 1000, 1}};
	uint32_t metadata = c->maxwell || c->flat ? 0 : object_in(c, 0, "metadata");

	*ms = INT64_MIN;
	if (metadata && has(c, metadata, "operation") && has(c, metadata, "timestamp"))
		return dnc_clock_parse(text_of(c, metadata, "timestamp"), ms);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		uint32_t at = dnc_json_value(c->doc, c->root, dnc_str(units[i].key));

		if (!at || (units[i].times > 1 && !c->maxwell))
			continue;
		return dnc_json_int(&c->doc->node[at], ms) &&
		       !__builtin_mul_overflow(*ms, units[i].times, ms) &&
		       dnc_clock_in_range(*ms /= units[i].per);
	}
	return true;
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

/* A time that was never set is absent. */
static bool is_unset(const struct dnc_json_node *node)
{
	return node->type == DNC_JSON_NULL ||
	       (dnc_str_eq(node->key, DNC_STR("suppressed_at")) && source_is_no_time(node->text));
}

static void add_columns(struct dnc_source *s, const struct capture *c)
{
	const struct dnc_json_node *node = c->doc->node;

	for (uint32_t i = c->row + 1; i < node[c->row].next; i = node[i].next)
		if (!is_unset(&node[i]) && i != c->phone && i != c->provider && i != c->source &&
			i != c->reason)
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
			dnc_json_value(c->doc, c->row, DNC_STR("provider_id"))},
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

/* What the member AT means. What an array or an object holds is not read. */
static enum csv_meaning member_means(const struct dnc_json_node *node, uint32_t at)
{
	const uint8_t header = csv_contrary_header(node[at].key);

	switch (node[at].type) {
	case DNC_JSON_NULL:
		return MEANS_NOTHING;
	case DNC_JSON_OBJECT:
	case DNC_JSON_ARRAY:
		return header && node[at].count ? MEANS_UNCLEAR : MEANS_NOTHING;
	default:
		return csv_column_means(header, node[at].text);
	}
}

/* What the columns of the row mean, and column *AT says so: if one is contrary, neither does the row's existence suppress the
 * number, nor does its deletion release it. */
static enum csv_meaning row_means(const struct capture *c, uint32_t *at)
{
	const struct dnc_json_node *node = c->doc->node;
	enum csv_meaning all = MEANS_NOTHING;

	for (uint32_t i = c->row + 1; i < node[c->row].next; i = node[i].next) {
		bool own = c->flat && dnc_str_starts(node[i].key, DNC_STR("__"));
		enum csv_meaning one = own ? MEANS_NOTHING : member_means(node, i);

		if (one > all) {
			all = one;
			*at = i;
		}
	}
	return all;
}

/* DNC_SOURCE_MORE, or the record is rejected: because the row may be no suppression, or its deletion no release. */
static enum dnc_source_result check_meaning(struct dnc_source *s, const struct capture *c)
{
	uint32_t at = 0;
	enum csv_meaning meaning = row_means(c, &at);
	const struct dnc_json_node *node = &c->doc->node[at];
	struct dnc_str key = node->key;

	if (meaning == MEANS_NOTHING)
		return DNC_SOURCE_MORE;
	if (meaning == MEANS_UNCLEAR && !c->deleted) {
		source_doubt(s, key,
			node->type == DNC_JSON_OBJECT  ? DNC_STR("{...}")
			: node->type == DNC_JSON_ARRAY ? DNC_STR("[...]")
						       : node->text);
		return DNC_SOURCE_MORE;
	}
	key.n = key.n > 40 ? 40 : key.n;
	return source_reject(s, DNC_REJECT_INVALID_ROW, "",
		meaning == MEANS_CONTRARY
			? "the column %.*s says that the row may be no suppression: make its event with --map"
			: "the row was deleted, and it is not clear what its column %.*s means: make its event with "
			  "--map",
		DNC_STR_ARG(key));
}

static enum dnc_source_result read_change(struct dnc_source *s, struct capture *c)
{
	const struct dnc_json *doc = c->doc;
	char time[DNC_TIME_LEN];
	enum dnc_source_result rc;
	struct dnc_beside_number number;
	int64_t ms;

	if (!memchr("curd", c->op, 4))
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "op",
			c->op == 't'
				? "the whole table was emptied: read it again as a list, or release its numbers "
				  "with --map"
				: "op is not c, u, r or d: no row has changed");
	if (!c->row && !c->flat)
		return source_reject(s, DNC_REJECT_MISSING_FIELD, c->deleted ? "before" : "after",
			c->deleted
				? "the deleted row is not in the record: have the database log it (PostgreSQL: "
				  "REPLICA IDENTITY FULL)"
				: "the changed row is not in the record");
	if (!read_time(c, &ms) || (ms != INT64_MIN && ms < DNC_EVENT_TIME_MIN))
		return source_reject(s, DNC_REJECT_INVALID_TIMESTAMP, "ts_ms",
			"the time of the change is not one in the years 1900 to 9999");
	c->provider = dnc_json_value(doc, c->row, DNC_STR("provider"));
	c->source = dnc_json_value(doc, c->row, DNC_STR("source"));
	c->reason = dnc_json_value(doc, c->row, DNC_STR("reason"));
	if ((rc = check_meaning(s, c)))
		return rc;
	source_begin(s, c->deleted ? DNC_NUMBER_RELEASED : DNC_NUMBER_SUPPRESSED);
	if ((rc = capture_read_number(s, doc, c->row, c->deleted, &c->phone, &number)))
		return rc;
	if (!c->phone && c->deleted)
		return source_reject(s, DNC_REJECT_MISSING_FIELD, "phone_number",
			"the deleted row has no number: have the database log whole rows (PostgreSQL: "
			"REPLICA IDENTITY FULL)");
	if (c->phone)
		source_add_number(s, number.read);
	if (ms != INT64_MIN) {
		dnc_clock_format(ms, time);
		source_add(s, "timestamp", (struct dnc_str){time, sizeof time});
	}
	add_columns(s, c);
	add_origin(s, c);
	if (!c->flat)
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
	/* A snapshot is a full list: its rows were read from the table, and have not changed. */
	*result = s->options.numbers && c.op != 'r'
	                  ? source_refuse_changes(s, "has changes of a database's rows")
	                  : read_change(s, &c);
	return true;
}

bool capture_is_tombstone(const struct dnc_json *doc)
{
	uint32_t payload = dnc_json_get(doc, 0, DNC_STR("payload"));

	return doc->node[0].type == DNC_JSON_NULL ||
	       (payload && doc->node[payload].type == DNC_JSON_NULL &&
		       dnc_json_get(doc, 0, DNC_STR("schema")));
}
