/* cases.c - --test: a line of the file is a case, a JSON object:
 *
 *	{"name": "fraud is marked", "event": {...}, "verdict": "pass", "rule": "fraud",
 *	 "routes": ["file:fraud.ndjson"],
 *	 "fields": {"severity": "high", "metadata.team": "fraud"}, "made": ["dnc.compliance.violation"]}
 *
 * or only lets time pass, until expectations are due:
 *
 *	{"at": "2026-08-29T08:00:00Z", "made": ["dnc.provider.status_change"]} */
#include "cases.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/clock.h"
#include "case.h"
#include "cli/cli.h"
#include "json/json.h"
#include "rules/expect.h"

struct cases {
	struct dnc_rules *rules;
	const char *path;
	struct dnc_json_parser *parser, *result_parser;
	struct dnc_event_reader *reader;
	unsigned line;
	struct dnc_buf name;  /* for people */
	struct dnc_buf about; /* what differs in the present case */
	uint64_t count, failed;
	int64_t now_ms;        /* the latest time that the file gives; 0: none */
	struct dnc_buf lapsed; /* events that were made because none came, a line each */
	struct dnc_str *made;  /* owned: they, and those of the event */
	size_t made_count, made_room;
};

/* The value at "severity", "event_data.x" or "metadata.x" of a canonical event. */
static struct dnc_str find_field(const struct dnc_json *doc, struct dnc_str path)
{
	const char *dot = memchr(path.p, '.', path.n);
	size_t n = dot ? (size_t)(dot - path.p) : path.n;
	uint32_t at = dnc_json_get(doc, 0, (struct dnc_str){path.p, n});

	if (at && dot)
		at = dnc_json_get(doc, at, (struct dnc_str){dot + 1, path.n - n - 1});
	return at ? doc->node[at].text : (struct dnc_str){0};
}

static void check_fields(
	struct cases *c, const struct dnc_json *doc, uint32_t fields, struct dnc_str line)
{
	const struct dnc_json_node *node = doc->node;
	struct dnc_json result;
	struct dnc_buf copy = {0};
	struct dnc_error err;

	dnc_buf_str(&copy, line);
	if (!dnc_buf_reserve(&copy, DNC_JSON_PADDING) ||
		dnc_json_parse(c->result_parser, copy.p, line.n, &result, &err) < 0)
		dnc_cli_die_nomem();
	for (uint32_t i = fields + 1; i < node[fields].next; i = node[i].next) {
		struct dnc_str is = find_field(&result, node[i].key);

		if (node[i].type == DNC_JSON_NULL ? !is.p : is.p && dnc_str_eq(is, node[i].text))
			continue;
		dnc_buf_printf(&c->about, "    %.*s: expected %.*s, got %.*s\n",
			DNC_STR_ARG(node[i].key), DNC_STR_ARG(node[i].text), is.p ? (int)is.n : 7,
			is.p ? is.p : "nothing");
	}
	dnc_buf_free(&copy);
}

static struct dnc_str type_of(const struct cases *c, struct dnc_str line, struct dnc_buf *copy)
{
	struct dnc_json doc;
	struct dnc_error err;

	dnc_buf_clear(copy);
	dnc_buf_str(copy, line);
	if (!dnc_buf_reserve(copy, DNC_JSON_PADDING) ||
		dnc_json_parse(c->result_parser, copy->p, line.n, &doc, &err) < 0)
		dnc_cli_die_nomem();
	return find_field(&doc, DNC_STR("type"));
}

static void check_made(struct cases *c, const struct dnc_json *doc, uint32_t made)
{
	const struct dnc_json_node *node = doc->node;
	struct dnc_buf copy = {0};
	uint32_t i = made + 1;

	for (size_t k = 0; k < c->made_count || i < node[made].next; k++) {
		struct dnc_str is = k < c->made_count ? type_of(c, c->made[k], &copy)
		                                      : DNC_STR("nothing"),
			       wanted = i < node[made].next ? node[i].text : DNC_STR("nothing");

		if (!dnc_str_eq(is, wanted))
			dnc_buf_printf(&c->about, "    made: expected %.*s, got %.*s\n",
				DNC_STR_ARG(wanted), DNC_STR_ARG(is));
		i = i < node[made].next ? node[i].next : i;
	}
	dnc_buf_free(&copy);
}

/* By their names, in the order in which rules have asked for them. */
static void check_routes(
	struct cases *c, const struct dnc_json *doc, uint32_t routes, const struct dnc_decision *d)
{
	const struct dnc_json_node *node = doc->node;
	uint32_t i = routes + 1;

	for (size_t k = 0; k < d->routed_count || i < node[routes].next; k++) {
		struct dnc_str is = DNC_STR("nothing"),
			       wanted = i < node[routes].next ? node[i].text : DNC_STR("nothing");

		if (k < d->routed_count)
			is = dnc_str(dnc_rules_route(c->rules, d->routed[k].route)->name);
		if (!dnc_str_eq(is, wanted))
			dnc_buf_printf(&c->about, "    routes: expected %.*s, got %.*s\n",
				DNC_STR_ARG(wanted), DNC_STR_ARG(is));
		i = i < node[routes].next ? node[i].next : i;
	}
}

static void add_reason(void *ctx, size_t rule, struct dnc_str failed)
{
	struct cases *c = ctx;

	dnc_buf_printf(&c->about, "    %s: %s%.*s\n", dnc_rules_name(c->rules, rule),
		failed.p ? "did not match: " : "matched", failed.p ? (int)failed.n : 0,
		failed.p ? failed.p : "");
}

/* Compares what was decided with what the case says. */
static void compare(struct cases *c, const struct dnc_json *doc, const uint32_t at[KEYS],
	const struct dnc_decision *d)
{
	const struct dnc_json_node *node = doc->node;
	struct dnc_str verdict = dnc_verdict_names[d->verdict], wanted = node[at[KEY_VERDICT]].text,
		       rule = dnc_str(dnc_rules_name(c->rules, d->rule));

	if (!dnc_str_eq(verdict, wanted) ||
		(at[KEY_RULE] && !dnc_str_eq(rule, node[at[KEY_RULE]].text))) {
		dnc_buf_printf(&c->about, "    expected %.*s%s%.*s, got %.*s by %.*s\n",
			DNC_STR_ARG(wanted), at[KEY_RULE] ? " by " : "",
			at[KEY_RULE] ? (int)node[at[KEY_RULE]].text.n : 0,
			at[KEY_RULE] ? node[at[KEY_RULE]].text.p : "", DNC_STR_ARG(verdict),
			DNC_STR_ARG(rule));
		dnc_rules_explain(c->rules, add_reason, c);
	}
	for (size_t i = 0; i < d->unmade_count; i++)
		dnc_buf_printf(&c->about, "    %s\n", d->unmade[i].why.message);
	if (at[KEY_FIELDS])
		check_fields(c, doc, at[KEY_FIELDS], d->line);
	if (at[KEY_MADE])
		check_made(c, doc, at[KEY_MADE]);
	if (at[KEY_ROUTES])
		check_routes(c, doc, at[KEY_ROUTES], d);
}

static void add_made(struct cases *c, struct dnc_str line)
{
	if (!dnc_array_grow(&c->made, &c->made_room, c->made_count + 1))
		dnc_cli_die_nomem();
	c->made[c->made_count++] = line;
}

/* Makes what is due at AT_MS. */
static void let_pass(struct cases *c, int64_t at_ms)
{
	struct dnc_str line;
	struct dnc_error err;
	size_t which;
	int rc;

	if (dnc_expect_start(c->rules, at_ms) < 0)
		dnc_cli_die_nomem();
	dnc_buf_clear(&c->lapsed);
	c->made_count = 0;
	while ((rc = dnc_expect_due(c->rules, at_ms, &which, &line, &err)) != 0) {
		if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY)
			dnc_cli_die_nomem();
		if (rc < 0) {
			dnc_buf_printf(&c->about, "    %s\n", err.message);
			continue;
		}
		add_made(c, (struct dnc_str){NULL, line.n});
		dnc_buf_str(&c->lapsed, line);
	}
	if (!dnc_buf_ok(&c->lapsed))
		dnc_cli_die_nomem();
	for (size_t i = 0, at = 0; i < c->made_count; at += c->made[i++].n)
		c->made[i].p = c->lapsed.p + at;
	dnc_expect_written(c->rules, 0);
	dnc_expect_safe(c->rules, 0);
}

static int64_t clock_ms; /* what rules that count take for the present */

int64_t cases_now_ms(void)
{
	return clock_ms;
}

/* Asks about EVENT. Its own time counts, if the case gives one; else it comes at once. */
static int decide(struct cases *c, const struct dnc_event *event, bool timed,
	struct dnc_decision *d, struct dnc_error *err)
{
	int64_t at_ms = timed || !c->now_ms ? event->timestamp_ms : c->now_ms;

	if (timed && at_ms > c->now_ms)
		c->now_ms = at_ms;
	clock_ms = at_ms;
	let_pass(c, at_ms - 1);
	if (dnc_expect_seen(c->rules, event, at_ms, err) < 0 ||
		dnc_rules_decide(c->rules, event, d, err) < 0)
		return -1;
	for (size_t i = 0; i < d->made_count; i++)
		add_made(c, d->made[i]);
	return 0;
}

/* The rule is named by the message. */
static void compare_reject(struct cases *c, const struct dnc_json *doc, const uint32_t at[KEYS],
	const struct dnc_error *why)
{
	struct dnc_str wanted = doc->node[at[KEY_VERDICT]].text,
		       rule = at[KEY_RULE] ? doc->node[at[KEY_RULE]].text : DNC_STR(""),
		       by = dnc_str(why->message);

	if (dnc_str_starts(by, DNC_STR("rule ")))
		by = (struct dnc_str){by.p + 5, strcspn(by.p + 5, ":")};
	if (!dnc_str_eq(wanted, DNC_STR("reject")) || (at[KEY_RULE] && !dnc_str_eq(rule, by)))
		dnc_buf_printf(&c->about, "    expected %.*s%s%.*s, got reject: %s\n",
			DNC_STR_ARG(wanted), at[KEY_RULE] ? " by " : "", DNC_STR_ARG(rule),
			why->message);
	if (at[KEY_MADE])
		check_made(c, doc, at[KEY_MADE]);
}

/* The event of the case; it comes at once, if it gives no time and cases before have given one. */
static void write_record(struct cases *c, const struct dnc_json *doc, uint32_t event, bool timed,
	struct dnc_buf *record)
{
	char now[DNC_TIME_LEN];

	dnc_json_write_node(record, doc, event);
	if (!timed && c->now_ms && dnc_buf_ok(record) && doc->node[event].count) {
		record->n--; /* the brace */
		dnc_clock_format(c->now_ms, now);
		dnc_json_write_key(record, DNC_STR("timestamp"));
		dnc_json_write_str(record, (struct dnc_str){now, sizeof now});
		dnc_buf_chr(record, '}');
	}
	if (!dnc_buf_ok(record) || !dnc_buf_reserve(record, DNC_JSON_PADDING))
		dnc_cli_die_nomem();
}

static void run_event(struct cases *c, const struct dnc_json *doc, const uint32_t at[KEYS])
{
	bool timed = dnc_json_value(doc, at[KEY_EVENT], DNC_STR("timestamp")) != 0;
	struct dnc_buf record = {0};
	struct dnc_decision d;
	struct dnc_event event;
	struct dnc_error err;

	write_record(c, doc, at[KEY_EVENT], timed, &record);
	if (dnc_event_normalize(c->reader, record.p, record.n, &event, &err) < 0)
		case_refuse(c->path, c->line, "the event is not one: ", dnc_str(err.message));
	if (decide(c, &event, timed, &d, &err) == 0)
		compare(c, doc, at, &d);
	else if (err.code < 0 || err.code >= DNC_REJECTS)
		dnc_cli_die_io(&err);
	else
		compare_reject(c, doc, at, &err);
	dnc_buf_free(&record);
}

static void run_time(struct cases *c, const struct dnc_json *doc, const uint32_t at[KEYS])
{
	int64_t at_ms;

	if (!dnc_clock_parse(doc->node[at[KEY_AT]].text, &at_ms))
		case_refuse(c->path, c->line, "at is not a time: ", doc->node[at[KEY_AT]].text);
	if (at_ms < c->now_ms)
		case_refuse(c->path, c->line,
			"at is before the time of a case above: ", doc->node[at[KEY_AT]].text);
	c->now_ms = at_ms;
	let_pass(c, at_ms);
	if (at[KEY_MADE])
		check_made(c, doc, at[KEY_MADE]);
}

static void run_case(struct cases *c, const char *text, size_t n)
{
	uint32_t at[KEYS];
	struct dnc_json doc;
	struct dnc_error err;

	if (dnc_json_parse(c->parser, text, n, &doc, &err) < 0)
		case_refuse(c->path, c->line, err.message, DNC_STR(""));
	case_read(c->path, c->line, &doc, at);
	dnc_buf_clear(&c->about);
	dnc_buf_clear(&c->name);
	dnc_escape(&c->name, at[KEY_NAME] ? doc.node[at[KEY_NAME]].text : DNC_STR("a case"),
		DNC_ESCAPE_TEXT);
	(at[KEY_AT] ? run_time : run_event)(c, &doc, at);
	c->count++;
	if (!c->about.n)
		return;
	c->failed++;
	printf("%s:%u: %.*s\n%.*s", c->path, c->line, DNC_STR_ARG(dnc_buf_view(&c->name)),
		DNC_STR_ARG(dnc_buf_view(&c->about)));
}

int cases_run(struct dnc_rules *r, const char *path)
{
	struct cases c = {.rules = r, .path = path};
	struct dnc_error err;
	FILE *f = dnc_file_open_stream(path, &err);
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!f)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--test: %s", err.message);
	c.parser = dnc_json_parser_new();
	c.result_parser = dnc_json_parser_new();
	c.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!c.parser || !c.result_parser || !c.reader)
		dnc_cli_die_nomem();
	while ((n = getline(&line, &size, f)) >= 0) {
		struct dnc_str text = dnc_str_trim((struct dnc_str){line, (size_t)n});
		struct dnc_buf padded = {0};

		c.line++;
		if (!text.n || text.p[0] == '#')
			continue;
		dnc_buf_str(&padded, text);
		if (!dnc_buf_reserve(&padded, DNC_JSON_PADDING))
			dnc_cli_die_nomem();
		run_case(&c, padded.p, text.n);
		dnc_buf_free(&padded);
	}
	if (ferror(f))
		dnc_cli_die(DNC_EXIT_IO, "--test: %s: %s", path, strerror(errno));
	free(line);
	fclose(f);
	dnc_json_parser_free(c.parser);
	dnc_json_parser_free(c.result_parser);
	dnc_event_reader_free(c.reader);
	dnc_buf_free(&c.name);
	dnc_buf_free(&c.about);
	dnc_buf_free(&c.lapsed);
	free(c.made);
	if (!c.count)
		dnc_cli_die(DNC_EXIT_USAGE, "%s has no cases", path);
	printf("%llu case%s, %llu failed\n", (unsigned long long)c.count, c.count == 1 ? "" : "s",
		(unsigned long long)c.failed);
	dnc_cli_flush_stdout();
	return c.failed ? DNC_EXIT_SOME : DNC_EXIT_OK;
}
