#include "map.h"
#include <errno.h>
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/log.h"
#include "json/json.h"
#include "priv/map_write.h"
#include "priv/wide.h"

enum { PROGRAM_MAX_BYTES = 1 << 20, RESULTS_MAX = 1000000 };

/* All results of one record with wide integers together. */
enum { GATHERED_MAX_BYTES = 64 << 20 };

/* The results of a record, and how it ended. */
struct gathered {
	struct dnc_buf results; /* each after its length, a size_t */
	int rc;                 /* 0, or -1 with ERR */
	struct dnc_error err;
};

struct dnc_map {
	jq_state *jq;
	struct dnc_error *err; /* of the compilation, for jq's callback */
	struct dnc_str record;
	struct dnc_buf text; /* the last result */
	int results;         /* of the record so far */
	bool ran;            /* the program has run on it to its end: the results are here */
	struct gathered gathered;
	size_t next; /* where the next of them starts */
	char *program;
	void (*debug)(void *ctx, struct dnc_str text);
	void *debug_ctx;
};

/* jq reports the errors of a program to this callback, in several lines. */
static void on_message(void *data, jv message)
{
	struct dnc_map *m = data;

	if (m->err && !m->err->message[0]) {
		jv text = jq_format_error(jv_copy(message));
		const char *s = jv_string_value(text);

		if (strncmp(s, "jq: error: ", 11) == 0)
			s += 11;
		dnc_error_set(m->err, 0, "%.*s", (int)strcspn(s, "\n"), s);
		jv_free(text);
	}
	jv_free(message);
}

/* Prints the messages of `debug`. */
static void on_debug(void *data, jv message)
{
	const struct dnc_map *m = data;
	jv text = jv_dump_string(message, 0);

	if (m->debug)
		m->debug(m->debug_ctx, dnc_str(jv_string_value(text)));
	else
		dnc_note("jq debug: %s", jv_string_value(text));
	jv_free(text);
}

/* The program has no input but its record. */
static jv on_input(jq_state *jq, void *data)
{
	(void)jq;
	(void)data;
	return jv_invalid_with_msg(jv_string("input and inputs are not available"));
}

/* libjq calls callbacks that are not set, and asserts that a list of module directories is set. */
static void set_up(struct dnc_map *m)
{
	jq_set_error_cb(m->jq, on_message, m);
	jq_set_debug_cb(m->jq, on_debug, m);
	jq_set_input_cb(m->jq, on_input, m);
	jq_set_attr(m->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
}

/* jq 1.6 takes an error whose message is null for the end of the results, and the record would be dropped. In one line with
 * the program, so that messages count its lines. */
static char *with_prelude(const char *program)
{
	static const char prelude[] =
		"def _error: error; "
		"def error: if . == null then \"null (null)\" | _error else _error end; "
		"def error(message): message | error; ";
	char *text = NULL;

	return asprintf(&text, "%s%s", prelude, program) < 0 ? NULL : text;
}

struct dnc_map *dnc_map_compile(const char *program, struct dnc_error *err)
{
	struct dnc_map *m = calloc(1, sizeof *m);
	struct dnc_str wide;

	if (!m || !(m->program = with_prelude(program)) || !(m->jq = jq_init())) {
		dnc_error_nomem(err);
		goto fail;
	}
	wide = wide_in_program(dnc_str(program));
	if (wide.p) {
		dnc_error_set(err, 0,
			"jq uses doubles and would change the number %.*s in the program",
			(int)(wide.n < 40 ? wide.n : 40), wide.p);
		goto fail;
	}
	err->message[0] = '\0';
	m->err = err;
	set_up(m);
	if (!jq_compile(m->jq, m->program)) {
		if (!err->message[0])
			dnc_error_set(err, 0, "not a jq program");
		goto fail;
	}
	m->err = NULL;
	return m;
fail:
	dnc_map_free(m);
	return NULL;
}

struct dnc_map *dnc_map_compile_file(const char *path, struct dnc_error *err)
{
	FILE *f = dnc_file_open_stream(path, err);
	char *program = f ? malloc(PROGRAM_MAX_BYTES) : NULL;
	struct dnc_map *m = NULL;
	size_t n = 0;

	if (!f)
		return NULL;
	if (program)
		n = fread(program, 1, PROGRAM_MAX_BYTES, f);
	if (!program) {
		dnc_error_nomem(err);
	} else if (ferror(f)) {
		dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	} else if (n == PROGRAM_MAX_BYTES) {
		dnc_error_set(err, EFBIG, "%s: the program is larger than 1 MiB", path);
	} else {
		program[n] = '\0';
		m = dnc_map_compile(program, err);
	}
	free(program);
	fclose(f);
	return m;
}

void dnc_map_free(struct dnc_map *m)
{
	if (!m)
		return;
	if (m->jq)
		jq_teardown(&m->jq);
	dnc_buf_free(&m->text);
	dnc_buf_free(&m->gathered.results);
	free(m->program);
	free(m);
}

void dnc_map_on_debug(struct dnc_map *m, void (*debug)(void *ctx, struct dnc_str text), void *ctx)
{
	m->debug = debug;
	m->debug_ctx = ctx;
}

void dnc_map_on_no_memory(struct dnc_map *m, void (*no_memory)(void *ctx))
{
	jq_set_nomem_handler(m->jq, no_memory, NULL);
}

bool dnc_map_mentions(const struct dnc_map *m, const char *word)
{
	return strstr(m->program, word);
}

/* `halt` and `halt_error` end jq. Here they would drop the record without a message. */
static int fail_halted(jq_state *jq, struct dnc_error *err)
{
	jv message = jq_get_error_message(jq);

	if (jv_is_valid(message) && jv_get_kind(message) != JV_KIND_STRING)
		message = jv_dump_string(message, 0);
	dnc_error_set(err, 0, "the map failed: it halted%s%s", jv_is_valid(message) ? ": " : "",
		jv_is_valid(message) ? jv_string_value(message) : "");
	jv_free(message);
	return -1;
}

static int fail_with(jv message, struct dnc_error *err)
{
	if (jv_get_kind(message) != JV_KIND_STRING)
		message = jv_dump_string(message, 0);
	dnc_error_set(err, 0, "the map failed: %s", jv_string_value(message));
	jv_free(message);
	return -1;
}

static int start(struct dnc_map *m, struct dnc_str text, struct dnc_error *err)
{
	jv record = jv_parse_sized(text.p, (int)text.n), message;

	m->results = 0;
	if (jv_is_valid(record)) {
		jq_start(m->jq, record, 0);
		return 0;
	}
	message = jv_invalid_get_msg(record);
	dnc_error_set(err, 0, "not valid JSON: %s",
		jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message) : "empty");
	jv_free(message);
	return -1;
}

/* Stores the next result in m->text; returns as dnc_map_next() does. */
static int run(struct dnc_map *m, struct dnc_error *err)
{
	jv value = jq_next(m->jq);

	if (!jv_is_valid(value)) {
		if (jv_invalid_has_msg(jv_copy(value)))
			return fail_with(jv_invalid_get_msg(value), err);
		jv_free(value);
		return jq_halted(m->jq) ? fail_halted(m->jq, err) : 0;
	}
	if (m->results++ == RESULTS_MAX) {
		jv_free(value);
		return dnc_error_set(err, 0, "the map made more than %d items", RESULTS_MAX);
	}
	dnc_buf_clear(&m->text);
	map_write(&m->text, value);
	jv_free(value);
	if (!dnc_buf_reserve(&m->text, DNC_JSON_PADDING) || !dnc_buf_ok(&m->text))
		return dnc_error_nomem(err);
	return 1;
}

/* Runs the program with the wide integers STEP doubles away. False if there is more than can be
 * kept, or no memory. */
static bool gather(struct dnc_map *m, int step, struct gathered *g)
{
	struct dnc_buf record = {0}, *b = &g->results;
	bool ok;

	wide_replace(&record, m->record, step);
	dnc_buf_clear(b);
	g->rc = start(m, dnc_buf_view(&record), &g->err) < 0 ? -1 : 1;
	while (g->rc > 0 && b->n <= GATHERED_MAX_BYTES && (g->rc = run(m, &g->err)) > 0) {
		dnc_buf_add(b, &m->text.n, sizeof m->text.n);
		dnc_buf_str(b, dnc_buf_view(&m->text));
	}
	dnc_buf_reserve(b, DNC_JSON_PADDING);
	ok = g->rc <= 0 && dnc_buf_ok(&record) && dnc_buf_ok(b);
	if (!dnc_buf_ok(&record) || !dnc_buf_ok(b))
		g->rc = dnc_error_nomem(&g->err);
	dnc_buf_free(&record);
	return ok;
}

static bool same(const struct gathered *a, const struct gathered *b)
{
	return a->rc == b->rc && dnc_str_eq(dnc_buf_view(&a->results), dnc_buf_view(&b->results)) &&
	       (a->rc == 0 || strcmp(a->err.message, b->err.message) == 0);
}

static bool no_memory(const struct gathered *g)
{
	return g->rc < 0 && g->err.code == DNC_ERROR_NO_MEMORY;
}

/* The record has the integer WIDE, which jq would change. If the program makes the same of the
 * doubles beside it, it does not matter to the result; otherwise the record is rejected. */
static void run_wide(struct dnc_map *m, struct dnc_str wide)
{
	struct gathered beside = {0};

	if (!gather(m, 0, &m->gathered) || !gather(m, -1, &beside) ||
		!same(&m->gathered, &beside) || !gather(m, 1, &beside) ||
		!same(&m->gathered, &beside)) {
		dnc_buf_clear(&m->gathered.results);
		if (no_memory(&m->gathered) || no_memory(&beside))
			m->gathered.rc = dnc_error_nomem(&m->gathered.err);
		else
			m->gathered.rc = dnc_error_set(&m->gathered.err, 0,
				"the integer %.*s would be changed by jq, which uses doubles, and the "
				"result depends on it: have the source write it as a string",
				(int)(wide.n < 40 ? wide.n : 40), wide.p);
	}
	dnc_buf_free(&beside.results);
}

static int next_gathered(struct dnc_map *m, struct dnc_str *result, struct dnc_error *err)
{
	const struct gathered *g = &m->gathered;

	if (m->next == g->results.n) {
		*err = g->err;
		return g->rc;
	}
	memcpy(&result->n, g->results.p + m->next, sizeof result->n);
	result->p = g->results.p + m->next + sizeof result->n;
	m->next += sizeof result->n + result->n;
	return 1;
}

void dnc_map_start(struct dnc_map *m, struct dnc_str record)
{
	struct dnc_str wide = wide_find(record);

	m->record = record;
	m->next = 0;
	dnc_buf_clear(&m->gathered.results);
	if (wide.p)
		run_wide(m, wide);
	else
		m->gathered.rc = start(m, record, &m->gathered.err);
	m->ran = wide.p || m->gathered.rc < 0;
}

int dnc_map_next(struct dnc_map *m, struct dnc_str *result, struct dnc_error *err)
{
	int rc = m->ran ? next_gathered(m, result, err) : run(m, err);
	struct dnc_str made;

	if (rc <= 0)
		return rc;
	if (!m->ran)
		*result = dnc_buf_view(&m->text);
	/* A number that the program made of a text or by counting may have lost digits on the way. */
	made = wide_made(m->record, *result);
	if (!made.p)
		return 1;
	return dnc_error_set(err, 0,
		"the map made the number %.*s, which jq can't represent exactly: use a string",
		(int)(made.n < 40 ? made.n : 40), made.p);
}
