/* dnc-emit - publishes one event, for cron and scripts. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/words.h"
#include "cli/cli.h"
#include "event/event.h"
#include "link/link.h"

enum { KEY_SOCKET = 0x100, KEY_TIMEOUT, KEY_SPOOL };

struct emit {
	const char *type, *socket, *spool;
	char **fields;
	size_t field_count;
	int64_t timeout_ms;
};

static const struct argp_option option_list[] = {
	{"socket", KEY_SOCKET, "PATH", 0,
		"The stage's socket (default: $DNC_SOCKET, else /run/dnc/hub.sock)", 1},
	{"timeout", KEY_TIMEOUT, "SPAN", 0, "How long to wait until it is safe (default: 10s)", 1},
	{"spool", KEY_SPOOL, "DIR", 0, "Write it here when nobody answers", 1}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct emit *e = state->input;

	switch (key) {
	case KEY_SOCKET:
		e->socket = arg;
		return 0;
	case KEY_TIMEOUT:
		if (!dnc_clock_parse_span(dnc_str(arg), &e->timeout_ms))
			dnc_cli_usage("--timeout: \"%s\" is not a span like 10s", arg);
		return 0;
	case KEY_SPOOL:
		e->spool = arg;
		return 0;
	case ARGP_KEY_ARGS:
		e->type = state->argv[state->next];
		e->fields = state->argv + state->next + 1;
		e->field_count = (size_t)(state->argc - state->next) - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.args_doc = "TYPE [KEY=VALUE...]",
	.doc = "Publish one Do-Not-Call event, wait until it is in the log, and print its id. TYPE may "
	       "lose its \"dnc.\": number.suppressed.",
	.children = children};

static enum dnc_type read_type(const char *name)
{
	static const char hint[] = "See dnc-events(7).";
	char full[64], words[DNC_TYPES * sizeof full] = "";
	enum dnc_type type;

	for (int t = 0; t < DNC_TYPES; t++) {
		strncat(words, dnc_type_names[t].p, sizeof words - strlen(words) - 1);
		strncat(words, t + 1 < DNC_TYPES ? " " : "", sizeof words - strlen(words) - 1);
	}
	snprintf(full, sizeof full, "%s%s", strncmp(name, "dnc.", 4) == 0 ? "" : "dnc.", name);
	dnc_cli_word("type", dnc_str(full), words, hint);
	dnc_type_from_name(dnc_str(full), &type);
	return type;
}

/* Fields of the event, and fields of the user's own, which take any name. */
static const char own_prefix[] = "event_data.";

static void check_key(enum dnc_type type, struct dnc_str key)
{
	struct dnc_buf names = {0};
	struct dnc_str near;

	if (dnc_event_has_field(type, key) || dnc_str_eq(key, DNC_STR("event_data")) ||
		dnc_str_eq(key, DNC_STR("metadata")))
		return;
	dnc_event_field_names(type, &names);
	dnc_buf_chr(&names, '\0');
	if (!dnc_buf_ok(&names))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	near = dnc_words_nearest(names.p, key);
	if (near.p)
		dnc_cli_usage("%.*s: no field of %s; did you mean \"%.*s\"? A field of your own is "
			      "event_data.%.*s",
			DNC_STR_ARG(key), dnc_type_names[type].p, DNC_STR_ARG(near),
			DNC_STR_ARG(key));
	dnc_cli_usage("%.*s: no field of %s (see dnc-events(7)); a field of your own is "
		      "event_data.%.*s",
		DNC_STR_ARG(key), dnc_type_names[type].p, DNC_STR_ARG(key));
}

/* An empty value says nothing, so that scripts may leave one out. */
static void check_value(enum dnc_type type, struct dnc_str key, struct dnc_str value)
{
	char name[64], elsewhere[200];
	const char *words = dnc_event_known_values(type, key);

	if (!*words || !value.n)
		return;
	if (dnc_str_eq(key, DNC_STR("severity")) && dnc_severity_from_name(value))
		return;
	snprintf(name, sizeof name, "%.*s", DNC_STR_ARG(key));
	snprintf(elsewhere, sizeof elsewhere, "Use event_data.%s=%.*s if you mean this very word.",
		name, value.n > 64 ? 64 : (int)value.n, value.p);
	dnc_cli_word(name, value, words, dnc_str_eq(key, DNC_STR("severity")) ? NULL : elsewhere);
}

static void write_field(
	struct dnc_buf *raw, enum dnc_type type, struct dnc_str key, struct dnc_str value)
{
	dnc_json_write_key(raw, key);
	if (dnc_event_takes_text(type, key))
		dnc_json_write_str(raw, value);
	else
		dnc_buf_str(raw, value);
}

/* The event as its fields say it; a field that is no text takes JSON: records_added=5. */
static void write_raw(const struct emit *e, struct dnc_buf *raw)
{
	enum dnc_type type = read_type(e->type);
	struct dnc_buf own = {0};

	dnc_buf_lit(raw, "{");
	dnc_buf_lit(&own, "{");
	dnc_json_write_key(raw, DNC_STR("type"));
	dnc_json_write_str(raw, dnc_type_names[type]);
	for (size_t i = 0; i < e->field_count; i++) {
		char *equals = strchr(e->fields[i], '=');
		struct dnc_str key, value;

		if (!equals || equals == e->fields[i])
			dnc_cli_usage("%s: not KEY=VALUE", e->fields[i]);
		key = (struct dnc_str){e->fields[i], (size_t)(equals - e->fields[i])};
		value = dnc_str(equals + 1);
		if (dnc_str_starts(key, dnc_str(own_prefix)) && key.n > sizeof own_prefix - 1) {
			key.p += sizeof own_prefix - 1;
			key.n -= sizeof own_prefix - 1;
			write_field(&own, type, key, value);
			continue;
		}
		check_key(type, key);
		check_value(type, key, value);
		write_field(raw, type, key, value);
	}
	if (own.n > 1) {
		dnc_json_write_key(raw, DNC_STR("event_data"));
		dnc_buf_str(raw, dnc_buf_view(&own));
		dnc_buf_chr(raw, '}');
	}
	dnc_buf_chr(raw, '}');
	if (!dnc_buf_reserve(raw, DNC_JSON_PADDING) || !dnc_buf_ok(raw) || !dnc_buf_ok(&own))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	dnc_buf_free(&own);
}

/* A file of its own for dnc-ingest to read later. Its name ends in .ndjson only once it is whole. */
static void write_spool(const char *dir, struct dnc_str id, struct dnc_str event)
{
	struct dnc_buf line = {0};
	struct dnc_error err;
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%.*s.ndjson", dir, DNC_STR_ARG(id)) >= (int)sizeof path)
		dnc_cli_usage("--spool: %s: the path is too long", dir);
	dnc_buf_str(&line, event);
	dnc_buf_chr(&line, '\n');
	if (!dnc_buf_ok(&line))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	if (dnc_file_replace(path, 0640, dnc_buf_view(&line), &err) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", err.message);
	dnc_buf_free(&line);
}

/* What the reader said of the one event. An exit code; ERR says why it is not 0. */
static enum dnc_exit judge(const struct dnc_outlet *o, struct dnc_error *err)
{
	struct dnc_outcome outcome = dnc_outlet_outcome(o);

	if (outcome.unclear) {
		dnc_note(
			"a stage on the way acknowledged it together with lines of others, and some of these were "
			"duplicates, rejected or dropped: whether this one is new in the log is not known");
		return DNC_EXIT_OK;
	}
	if (outcome.rejected) {
		dnc_error_set(err, 0,
			"rejected: the log has another event with this id, or a stage on the way refused it; "
			"see the rejects there");
		return DNC_EXIT_SOME;
	}
	if (outcome.dropped) {
		dnc_error_set(err, 0, "dropped by a rule on the way: it is not in the log");
		return DNC_EXIT_SOME;
	}
	if (outcome.duplicates)
		dnc_note("the log has this event already");
	return DNC_EXIT_OK;
}

/* Sends and waits. An exit code; ERR says why it is not 0. */
static enum dnc_exit publish(const struct emit *e, struct dnc_str event, struct dnc_error *err)
{
	char address[4200];
	struct dnc_outlet *o;
	enum dnc_exit rc = DNC_EXIT_OK;

	if (snprintf(address, sizeof address, "unix:%s", e->socket) >= (int)sizeof address)
		dnc_cli_usage("--socket: the path is too long");
	o = dnc_outlet_open(address, e->timeout_ms, err);
	if (!o)
		dnc_cli_usage("--socket: %s", err->message);
	if (dnc_outlet_line(o, event.p, event.n, err) < 0)
		rc = DNC_EXIT_TEMPFAIL;
	else if (dnc_outlet_finish(o, e->timeout_ms, err) < 0)
		rc = err->code == EAGAIN ? DNC_EXIT_TEMPFAIL : DNC_EXIT_UNAVAILABLE;
	else
		rc = judge(o, err);
	dnc_outlet_free(o);
	return rc;
}

int main(int argc, char **argv)
{
	const char *socket = getenv("DNC_SOCKET");
	struct emit e = {
		.socket = socket && *socket ? socket : "/run/dnc/hub.sock", .timeout_ms = 10000};
	struct dnc_event_reader *reader;
	struct dnc_buf raw = {0};
	struct dnc_event event;
	struct dnc_error err;
	enum dnc_exit rc;

	dnc_cli_parse(&argp, "dnc-emit", argc, argv, &e);
	if (!e.type)
		dnc_cli_usage("a type is missing; see --help");
	reader = dnc_event_reader_new(&(struct dnc_event_options){.source_format = "emit"});
	if (!reader)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	write_raw(&e, &raw);
	if (dnc_event_normalize(reader, raw.p, raw.n, &event, &err) < 0)
		dnc_cli_usage("%s: %s", dnc_reject_name((enum dnc_reject)err.code), err.message);
	rc = publish(&e, event.line, &err);
	if (rc != DNC_EXIT_OK && rc != DNC_EXIT_SOME && e.spool) {
		write_spool(e.spool, event.id, event.line);
		dnc_note("%s; written to %s instead", err.message, e.spool);
		rc = DNC_EXIT_OK;
	} else if (rc != DNC_EXIT_OK) {
		dnc_err("%s", err.message);
	}
	if (rc == DNC_EXIT_OK &&
		(printf("%.*s\n", DNC_STR_ARG(event.id)) < 0 || fflush(stdout) != 0)) {
		dnc_err("unable to write standard output: %s", strerror(errno));
		rc = DNC_EXIT_IO;
	}
	dnc_event_reader_free(reader);
	dnc_buf_free(&raw);
	return (int)rc;
}
