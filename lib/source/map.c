#include "map.h"
#include <errno.h>
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include "../json/json.h"

enum { PROGRAM_MAX_BYTES = 1 << 20, RESULTS_MAX = 1000000 };

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

struct dnc_map *dnc_map_compile(const char *program, struct dnc_error *err)
{
	struct dnc_map *m = calloc(1, sizeof *m);

	if (!m || !(m->jq = jq_init())) {
		dnc_error_nomem(err);
		goto fail;
	}
	err->message[0] = '\0';
	m->err = err;
	jq_set_error_cb(m->jq, on_message, m);
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

int dnc_map_run(struct dnc_map *m, struct dnc_str text,
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
	}
	jv_free(result);
	return rc;
}
