/* expect_keys.c - what is special of a section [expect NAME]. */
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "priv/expect.h"
#include "priv/ids.h"
#include "priv/reading.h"

/* Stands for the values of fields when it is checked what a section makes; 2026-08-29T00:00:00Z. */
#define SAMPLE_MS INT64_C(1787961600000)

void rules_begin_digest(struct rules_reading *r)
{
	crypto_generichash_init(&r->digest, NULL, 0, EXPECT_DIGEST_BYTES);
}

void rules_digest_entry(struct rules_reading *r)
{
	struct dnc_str key = dnc_str(r->entry->key);

	if (!r->expectation || dnc_str_eq(key, DNC_STR("emit")) ||
		dnc_str_starts(key, DNC_STR("emit.")))
		return;
	rules_hash_part(&r->digest, key);
	rules_hash_part(&r->digest, r->entry->value);
}

int rules_read_within(struct rules_reading *r, struct dnc_str name)
{
	struct expectation *x = r->expectation;
	struct dnc_str span = r->entry->value, by = rules_cut_by(&span);

	(void)name;
	r->within_given = true;
	if (!dnc_clock_parse_span(span, &x->within_ms) || x->within_ms <= 0)
		return rules_fault_value(r, DNC_NO_OFFSET,
			"is not DURATION, or DURATION by FIELD,FIELD, such as 31d by provider");
	return rules_read_fields(r, by, &x->by, &x->by_count, &x->by_room);
}

static bool has_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	bool there = !directory || access(directory, F_OK) == 0;

	free(directory);
	return there;
}

int rules_read_state(struct rules_reading *r)
{
	struct dnc_rules *rules = r->rules;

	if (r->entry->section[0])
		return rules_fault(
			r, r->entry->key_at, "\"state\" must stand before the first section");
	if (rules->state_path)
		return rules_fault(r, r->entry->key_at, "duplicate key \"state\"");
	if (r->entry->continues)
		return rules_fault(
			r, r->entry->value_at, "the value of \"state\" must be on one line");
	if (!r->entry->value.n)
		return rules_fault_value(r, DNC_NO_OFFSET, "the name of a file is missing");
	rules->state_path = rules_find_path(r);
	if (!rules->state_path)
		return rules_no_memory(r);
	if (!has_directory(rules->state_path))
		rules_warn(r, r->entry->value_at, "the directory of this file does not exist");
	return 0;
}

/* A key with values that are likely. */
static void write_sample(const struct expectation *x, struct dnc_buf *b)
{
	dnc_buf_chr(b, '[');
	for (size_t i = 0; i < x->by_count; i++) {
		if (i)
			dnc_buf_chr(b, ',');
		dnc_json_write_str(b, dnc_str_eq(x->by[i], DNC_STR("phone_number"))
					      ? DNC_STR("+12025550143")
					      : DNC_STR("x"));
	}
	dnc_buf_chr(b, ']');
}

/* That a required field is missing must not be found out after 31 days. */
static int check_made(struct rules_reading *r)
{
	struct dnc_buf key = {0};
	struct dnc_event made;
	struct dnc_error err;
	int rc;

	write_sample(r->expectation, &key);
	rc = dnc_buf_ok(&key) ? expectation_make(r->rules, r->expectation, dnc_buf_view(&key),
					SAMPLE_MS, &made, &err)
	                      : dnc_error_nomem(&err);
	dnc_buf_free(&key);
	if (rc == 0)
		return 0;
	return err.code == DNC_ERROR_NO_MEMORY
	               ? rules_no_memory(r)
	               : rules_fault(r, 0, "the emitted event is invalid: %s", err.message);
}

int rules_end_expectation(struct rules_reading *r)
{
	struct expectation *x = r->expectation;
	struct dnc_ini_entry at = {.line = x->rule.line};
	size_t faults = r->faults;
	const struct {
		bool missing;
		const char *what;
	} needs[] = {{!r->within_given, "within = DURATION"}, {!r->emit_given, "emit = TYPE"}};

	r->entry = &at;
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
		if (needs[i].missing)
			rules_fault(r, 0, "[expect %s] needs %s", x->rule.name, needs[i].what);
	crypto_generichash_final(&r->digest, x->digest, sizeof x->digest);
	if (r->faults == faults && x->within_ms && x->rule.emission.given && !r->no_memory)
		check_made(r);
	r->entry = NULL;
	return r->faults == faults ? 0 : -1;
}

void rules_check_state(struct rules_reading *r)
{
	for (size_t i = 0; i < r->rules->expectation_count && !r->rules->state_path; i++) {
		const struct rule *rule = &r->rules->expectation[i].rule;
		struct dnc_ini_entry at = {.line = rule->line};

		r->path = rule->path;
		r->entry = &at;
		rules_fault(r, 0, "[expect %s] needs state = FILE before the first section",
			rule->name);
		r->entry = NULL;
	}
}
