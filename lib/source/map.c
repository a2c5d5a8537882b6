#include "map.h"
#include <errno.h>
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "json/json.h"
#include "priv/wide.h"

enum { PROGRAM_MAX_BYTES = 1 << 20, RESULTS_MAX = 1000000 };

/* What the results of one record with wide integers may be in all. */
enum { COLLECTED_MAX_BYTES = 64 << 20 };

struct dnc_map {
	jq_state *jq;
	struct dnc_buf text;   /* one result */
	struct dnc_error *err; /* of the call under way, for jq's callback */
};

/* jq reports what is wrong with a program through this, over several lines. */
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

/* What the program gives to `debug`. */
static void on_debug(void *data, jv message)
{
	jv text = jv_dump_string(message, 0);

	(void)data;
	dnc_note("jq debug: %s", jv_string_value(text));
	jv_free(text);
}

/* A record is all that a program gets. */
static jv on_input(jq_state *jq, void *data)
{
	(void)jq;
	(void)data;
	return jv_invalid_with_msg(jv_string("input and inputs read nothing here"));
}

/* libjq calls what is not set, and asserts that there is a list of directories of modules. */
static void set_up(struct dnc_map *m)
{
	jq_set_error_cb(m->jq, on_message, m);
	jq_set_debug_cb(m->jq, on_debug, m);
	jq_set_input_cb(m->jq, on_input, m);
	jq_set_attr(m->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
}

struct dnc_map *dnc_map_compile(const char *program, struct dnc_error *err)
{
	struct dnc_map *m = calloc(1, sizeof *m);
	struct dnc_str wide;

	if (!m || !(m->jq = jq_init())) {
		dnc_error_nomem(err);
		goto fail;
	}
	wide = wide_in_program(dnc_str(program));
	if (wide.p) {
		dnc_error_set(err, 0,
			"jq counts in doubles and would change the number %.*s in the program",
			(int)(wide.n < 40 ? wide.n : 40), wide.p);
		goto fail;
	}
	err->message[0] = '\0';
	m->err = err;
	set_up(m);
	if (!jq_compile(m->jq, program)) {
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
	FILE *f = fopen(path, "re");
	char *program = f ? malloc(PROGRAM_MAX_BYTES) : NULL;
	struct dnc_map *m = NULL;
	size_t n = 0;

	if (program)
		n = fread(program, 1, PROGRAM_MAX_BYTES, f);
	if (!program || ferror(f)) {
		dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	} else if (n == PROGRAM_MAX_BYTES) {
		dnc_error_set(err, EFBIG, "%s: a program is at most 1 MiB", path);
	} else {
		program[n] = '\0';
		m = dnc_map_compile(program, err);
	}
	free(program);
	if (f)
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
	free(m);
}

static int give(struct dnc_map *m, jv result, int (*each)(void *, struct dnc_str), void *ctx)
{
	jv text = jv_dump_string(result, 0);

	dnc_buf_clear(&m->text);
	dnc_buf_add(&m->text, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	if (!dnc_buf_reserve(&m->text, DNC_JSON_PADDING))
		return -1;
	return each(ctx, dnc_buf_view(&m->text));
}

/* `halt` and `halt_error` would end jq; here they would drop the record in silence. */
static void say_halted(jq_state *jq, struct dnc_error *err)
{
	jv message = jq_get_error_message(jq);

	if (jv_is_valid(message) && jv_get_kind(message) != JV_KIND_STRING)
		message = jv_dump_string(message, 0);
	dnc_error_set(err, 0, "the map failed: it halted%s%s", jv_is_valid(message) ? ": " : "",
		jv_is_valid(message) ? jv_string_value(message) : "");
	jv_free(message);
}

static int run(struct dnc_map *m, struct dnc_str text,
	int (*each)(void *ctx, struct dnc_str result), void *ctx, struct dnc_error *err)
{
	jv record = jv_parse_sized(text.p, (int)text.n), result;
	int rc = 0;

	if (!jv_is_valid(record)) {
		jv message = jv_invalid_get_msg(record);

		dnc_error_set(err, 0, "not valid JSON: %s",
			jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message)
							       : "empty");
		jv_free(message);
		return 1;
	}
	jq_start(m->jq, record, 0);
	for (int n = 0; jv_is_valid(result = jq_next(m->jq)); n++) {
		if (n == RESULTS_MAX) {
			jv_free(result);
			dnc_error_set(err, 0, "the map made more than %d items", RESULTS_MAX);
			return 1;
		}
		if (give(m, result, each, ctx) < 0)
			return -1;
	}
	if (jv_invalid_has_msg(jv_copy(result))) {
		jv message = jv_invalid_get_msg(jv_copy(result));

		if (jv_get_kind(message) != JV_KIND_STRING)
			message = jv_dump_string(message, 0);
		dnc_error_set(err, 0, "the map failed: %s", jv_string_value(message));
		jv_free(message);
		rc = 1;
	} else if (jq_halted(m->jq)) {
		say_halted(m->jq, err);
		rc = 1;
	}
	jv_free(result);
	return rc;
}

static int collect(void *ctx, struct dnc_str result)
{
	struct dnc_buf *b = ctx;

	dnc_buf_add(b, &result.n, sizeof result.n);
	dnc_buf_str(b, result);
	return dnc_buf_ok(b) && b->n <= COLLECTED_MAX_BYTES ? 0 : -1;
}

/* Runs the program with the wide integers STEP doubles away; results and error are appended to B. */
static int run_beside(
	struct dnc_map *m, struct dnc_str text, int step, struct dnc_buf *b, struct dnc_error *err)
{
	struct dnc_buf record = {0};
	int rc;

	wide_replace(&record, text, step);
	rc = dnc_buf_ok(&record) ? run(m, dnc_buf_view(&record), collect, b, err) : -1;
	dnc_buf_free(&record);
	if (rc > 0)
		dnc_buf_str(b, dnc_str(err->message));
	return rc;
}

/* What collect() has put down is given, each with padding behind it. */
static int give_collected(struct dnc_map *m, struct dnc_str all,
	int (*each)(void *ctx, struct dnc_str result), void *ctx)
{
	while (all.n > sizeof(size_t)) {
		size_t n;

		memcpy(&n, all.p, sizeof n);
		if (n > all.n - sizeof n)
			break;
		dnc_buf_clear(&m->text);
		dnc_buf_add(&m->text, all.p + sizeof n, n);
		if (!dnc_buf_reserve(&m->text, DNC_JSON_PADDING) || !dnc_buf_ok(&m->text) ||
			each(ctx, dnc_buf_view(&m->text)) < 0)
			return -1;
		all.p += sizeof n + n;
		all.n -= sizeof n + n;
	}
	return 0;
}

/* The record has the integer WIDE, which jq would change. If the program makes the same of the doubles
 * beside it, it does not matter to the result; otherwise the record is rejected. */
static int run_wide(struct dnc_map *m, struct dnc_str text, struct dnc_str wide,
	int (*each)(void *ctx, struct dnc_str result), void *ctx, struct dnc_error *err)
{
	struct dnc_buf nearest = {0}, beside = {0};
	struct dnc_error other = {0};
	size_t results;
	int rc = run_beside(m, text, 0, &nearest, err);
	bool same = rc >= 0;

	results = nearest.n - (rc > 0 ? strlen(err->message) : 0);
	for (int step = -1; same && step <= 1; step += 2) {
		dnc_buf_clear(&beside);
		same = run_beside(m, text, step, &beside, &other) == rc &&
		       dnc_str_eq(dnc_buf_view(&nearest), dnc_buf_view(&beside));
	}
	if (!same) {
		dnc_error_set(err, 0,
			"the integer %.*s would be changed by jq, which counts in doubles, and the "
			"result depends on it: have the source write it as a string",
			(int)(wide.n < 40 ? wide.n : 40), wide.p);
		rc = 1;
	} else if (give_collected(m, (struct dnc_str){nearest.p, results}, each, ctx) < 0) {
		rc = -1;
	}
	dnc_buf_free(&nearest);
	dnc_buf_free(&beside);
	return rc;
}

/* Where checked results go. */
struct check {
	struct dnc_str record;
	int (*each)(void *ctx, struct dnc_str result);
	void *ctx;
	struct dnc_error *err;
	bool failed;
};

/* A number that the program made of a text or by counting may have lost digits on the way. */
static int check(void *ctx, struct dnc_str result)
{
	struct check *c = ctx;
	struct dnc_str made = wide_made(c->record, result);

	if (!made.p)
		return c->each(c->ctx, result);
	c->failed = true;
	return dnc_error_set(c->err, 0,
		"the map made the number %.*s, which jq can't hold exactly: keep it as a string",
		(int)(made.n < 40 ? made.n : 40), made.p);
}

int dnc_map_run(struct dnc_map *m, struct dnc_str text,
	int (*each)(void *ctx, struct dnc_str result), void *ctx, struct dnc_error *err)
{
	struct check c = {text, each, ctx, err, false};
	struct dnc_str wide = wide_find(text);
	int rc = wide.p ? run_wide(m, text, wide, check, &c, err) : run(m, text, check, &c, err);

	return c.failed ? 1 : rc;
}
