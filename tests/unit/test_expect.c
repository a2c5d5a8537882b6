/* Sections [expect NAME]: when events are made because none came, and that their state survives. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "rules/expect.h"

/* 2026-08-29T00:00:00Z; scripts count seconds from here. */
#define START_MS INT64_C(1787961600000)

static struct dnc_event_reader *reader; /* of what is seen */
static char path[] = "/tmp/dnc-expect-XXXXXX";

static const char by_provider[] =
	"state = s\n[expect quiet]\ntype = dnc.list.synced\nnot.provider = x\n"
	"within = 10s by provider\nemit = dnc.provider.status_change\n"
	"emit.event_data.new_status = none of {provider} since {last_seen} ({rule})\n";
static const char any[] =
	"state = s\n[expect any]\ntype = dnc.list.synced\nwithin = 10s\n"
	"emit = dnc.provider.status_change\nemit.event_data.new_status = none\nemit.provider = all\n";

static const char by_id[] =
	"state = s\n[expect id]\ntype = dnc.list.synced\nwithin = 10s by provider_id\n"
	"emit = dnc.provider.status_change\nemit.event_data.new_status = x\n"
	"emit.provider = {provider_id}\n";

static void write_fault(void *ctx, const struct dnc_rules_fault *f)
{
	dnc_buf_printf(ctx, "%u:%zu: %.*s\n", f->line, f->at, DNC_STR_ARG(f->message));
}

/* NULL with FAULTS. */
static struct dnc_rules *load(const char *text, struct dnc_buf *faults)
{
	struct dnc_error err;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	return dnc_rules_load(
		path, &(struct dnc_rules_options){.fault = write_fault, .ctx = faults}, &err);
}

static struct dnc_rules *load_text(const char *text)
{
	struct dnc_buf faults = {0};
	struct dnc_rules *r = load(text, &faults);

	if (!r)
		fail_msg("%.*s", DNC_STR_ARG(dnc_buf_view(&faults)));
	dnc_buf_free(&faults);
	return r;
}

/* A list of PROVIDER is synced at AT seconds; the event says that it was at OWN. */
static void see(struct dnc_rules *r, const char *provider, int64_t at, int64_t own)
{
	char time[DNC_TIME_LEN], record[512];
	struct dnc_event event;
	struct dnc_error err;

	dnc_clock_format(START_MS + own * 1000, time);
	snprintf(record, sizeof record,
		"{\"type\":\"dnc.list.synced\",\"provider\":\"%s\",\"sync_status\":\"success\","
		"\"timestamp\":\"%.24s\"}",
		provider, time);
	if (dnc_event_normalize(reader, record, strlen(record), &event, &err) < 0)
		fail_msg("%s: %s", record, err.message);
	assert_int_equal(dnc_expect_seen(r, &event, START_MS + at * 1000, &err), 0);
}

/* Appends what is due at AT seconds: "a@10 " of the provider a, "all@10 " of none, @10 being when. */
static void fall_due(struct dnc_rules *r, int64_t at, struct dnc_buf *out, struct dnc_buf *lines)
{
	struct dnc_str line;
	struct dnc_error err;
	size_t which;
	int rc;

	while ((rc = dnc_expect_due(r, START_MS + at * 1000, &which, &line, &err)) > 0) {
		struct dnc_event_reader *again =
			dnc_event_reader_new(&(struct dnc_event_options){0});
		struct dnc_buf copy = {0};
		struct dnc_event event;

		/* What is made is canonical. */
		dnc_buf_str(&copy, line);
		dnc_buf_reserve(&copy, DNC_JSON_PADDING);
		assert_int_equal(dnc_event_parse(again, copy.p, line.n, &event), 0);
		dnc_buf_printf(out, "%.*s@%lld ", DNC_STR_ARG(event.provider),
			(long long)(event.timestamp_ms - START_MS) / 1000);
		dnc_buf_str(lines, line);
		dnc_buf_chr(lines, '\n');
		dnc_buf_free(&copy);
		dnc_event_reader_free(again);
	}
	assert_int_equal(rc, 0);
}

/* Does the words of SCRIPT: "a+5" an event of a at 5; "a+5<3", whose own time is 3; "!5" what is due at 5 and is safe then; "?5",
 * and it is not; ">5" the sections start; "=5" the state is written and read by new rules. Appends what was made. */
static struct dnc_rules *run(struct dnc_rules *r, const char *rules, const char *script,
	struct dnc_buf *out, struct dnc_buf *lines)
{
	for (const char *p = script; *p; p += strspn(p, " ")) {
		struct dnc_buf state = {0};
		struct dnc_rules *next;
		struct dnc_error err;
		int64_t then;
		char word[40];
		char *number;
		int64_t at;

		snprintf(word, sizeof word, "%.*s", (int)strcspn(p, " "), p);
		p += strcspn(p, " ");
		number = word + strcspn(word, "+!?>=");
		at = atoll(number + 1);
		switch (*number) {
		case '+':
			*number++ = '\0';
			see(r, word, at, strchr(number, '<') ? atoll(strchr(number, '<') + 1) : at);
			break;
		case '>':
			dnc_expect_start(r, START_MS + at * 1000);
			break;
		case '=':
			assert_int_equal(dnc_expect_write(r, START_MS + at * 1000, &state), 0);
			dnc_buf_reserve(&state, DNC_JSON_PADDING);
			next = load_text(rules);
			if (dnc_expect_read(next, dnc_buf_view(&state), &then, &err) < 0)
				fail_msg("%s", err.message);
			assert_int_equal(then, START_MS + at * 1000);
			dnc_rules_free(r);
			r = next;
			dnc_buf_free(&state);
			break;
		default:
			fall_due(r, at, out, lines);
			dnc_expect_written(r, 1);
			dnc_expect_safe(r, *number == '!');
		}
	}
	dnc_buf_chr(out, '\0');
	return r;
}

static void events_are_made_when_none_came(void **state)
{
	static const struct {
		const char *rules, *script, *made;
	} cases[] = {
		/* Nothing is expected of keys that were never seen. */
		{by_provider, ">0 !1000", ""},
		{by_provider, "a+0 !9 !10", "a@10 "},
		/* Once, until something matches again. */
		{by_provider, "a+0 !10 !11 !1000 a+1001 !1010 !1011 !2000", "a@10 a@1011 "},
		/* Each key by itself, in order of time; those that do not match do not count. */
		{by_provider, "b+1 a+0 x+0 c+0 b+5 !100", "a@10 c@10 b@15 "},
		{by_provider, "a+0 a+9 !18 a+19 !28 !29", "a@29 "},
		/* Not in order: what is due is not moved back. */
		{by_provider, "a+20 a+3 !29 !30", "a@30 "},
		/* A time that comes again makes nothing again. */
		{by_provider, "a+0 !10 !5 !10", "a@10 "},
		/* By arrival; the event that is made goes by the own time of the last one. */
		{by_provider, "a+20<3 !29 !30", "a@13 "},
		{any, "!1000", ""},
		{any, ">0 !9 !10 !1000", "all@10 "},
		{any, ">0 a+5 b+9 !18 >18 !19 >30 !1000", "all@19 "},
		/* One without the field has not come. */
		{by_id, ">0 a+0 !1000", ""},
		/* The state. */
		{by_provider, "a+0 b+4 =5 !9 !10 =11 !14 =15 !1000", "a@10 b@14 "},
		{any, ">0 =5 >5 !9 !10 =11 >11 !1000", "all@10 "},
		{any, ">0 !10 =11 >11 !1000 a+1001 =1002 !1011", "all@10 all@1011 "},
		/* What is not safe is made again after a restart, also if an event came meanwhile, and not without one. */
		{by_provider, "a+0 ?10 ?11", "a@10 "},
		{by_provider, "a+0 ?10 =11 !11 =12 !1000", "a@10 a@10 "},
		{by_provider, "a+0 ?10 a+11 =12 =13 !13 !20 !21", "a@10 a@10 a@21 "},
		{any, ">0 ?10 =11 >11 !11 =12 >12 !1000", "all@10 all@10 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf made = {0}, lines = {0};
		struct dnc_rules *r = run(
			load_text(cases[i].rules), cases[i].rules, cases[i].script, &made, &lines);

		if (strcmp(made.p, cases[i].made) != 0)
			fail_msg("%s: %s, not %s", cases[i].script, made.p, cases[i].made);
		dnc_rules_free(r);
		dnc_buf_free(&made);
		dnc_buf_free(&lines);
	}
}

/* One that is made again is the same, byte by byte; others have other ids. */
static void a_repeat_makes_no_second_one(void **state)
{
	struct dnc_buf made = {0}, lines = {0};
	struct dnc_rules *r = run(load_text(by_provider), by_provider,
		"a+0 ?10 =11 !11 a+12 !22 b+12 !22", &made, &lines);
	char *line[4], *p = lines.p;

	(void)state;
	assert_string_equal(made.p, "a@10 a@10 a@22 b@22 ");
	for (int i = 0; i < 4; i++) {
		line[i] = p;
		p = strchr(p, '\n');
		*p++ = '\0';
	}
	assert_string_equal(line[0], line[1]);
	for (int i = 1; i < 4; i++)
		for (int k = i + 1; k < 4; k++)
			assert_memory_not_equal(line[i], line[k], strlen("{\"id\":\"") + 36);
	assert_non_null(strstr(line[3], "\"new_status\":\"none of b since "
					"2026-08-29T00:00:12.000Z (quiet)\""));
	assert_non_null(
		strstr(line[3], "\"rule\":\"quiet\",\"last_seen\":\"2026-08-29T00:00:12.000Z\""));
	dnc_rules_free(r);
	dnc_buf_free(&made);
	dnc_buf_free(&lines);
}

static void a_damaged_state_is_refused(void **state)
{
	struct dnc_rules *r = load_text(by_provider);
	struct dnc_buf whole = {0};
	struct dnc_error err;
	int64_t now;

	(void)state;
	see(r, "a", 0, 0);
	see(r, "\\\"b\\u00e9", 1, 1);
	assert_int_equal(dnc_expect_write(r, START_MS, &whole), 0);
	dnc_rules_free(r);
	/* Each byte that is missing at the end, or is another one; the last one is read. */
	for (size_t i = 0; i <= 2 * whole.n; i++) {
		size_t at = i % whole.n, n = i < whole.n ? at : whole.n;
		char *copy = calloc(1, whole.n + DNC_JSON_PADDING);
		bool same = i == 2 * whole.n;

		assert_non_null(copy);
		memcpy(copy, whole.p, n);
		if (i >= whole.n && !same)
			copy[at] ^= 1;
		r = load_text(by_provider);
		/* The time may be another valid one. */
		if ((dnc_expect_read(r, (struct dnc_str){copy, n}, &now, &err) == 0) != same &&
			(same || now == START_MS))
			fail_msg("byte %zu of %zu: %s", i, whole.n, same ? err.message : "read");
		dnc_rules_free(r);
		free(copy);
	}
	dnc_buf_free(&whole);
}

/* Rules that are read again go on if name and conditions are the same, whatever they make. */
static void what_is_awaited_is_inherited(void **state)
{
	static const struct {
		const char *fresh, *made;
	} cases[] = {
		{by_provider, "a@10 "},
		{"state = s\n[expect quiet]\ntype = dnc.list.synced\nnot.provider = x\n"
		 "within = 10s by provider\nemit = dnc.provider.status_change\n"
		 "emit.event_data.new_status = other\n",
			"a@10 "},
		{"state = s\n[expect quiet]\ntype = dnc.list.synced\nnot.provider = x\n"
		 "within = 11s by provider\nemit = dnc.provider.status_change\n"
		 "emit.event_data.new_status = other\n",
			""},
		{any, ""},
		{"default = pass\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_rules *old = load_text(by_provider), *fresh = load_text(cases[i].fresh);
		struct dnc_buf made = {0}, lines = {0};

		see(old, "a", 0, 0);
		dnc_rules_inherit(fresh, old);
		dnc_rules_free(old);
		fall_due(fresh, 20, &made, &lines);
		dnc_buf_chr(&made, '\0');
		assert_string_equal(made.p, cases[i].made);
		dnc_rules_free(fresh);
		dnc_buf_free(&made);
		dnc_buf_free(&lines);
	}
}

/* A section of other conditions or another emission, and a new start: what was made and is not safe is made again, byte by byte. */
static void what_was_made_is_never_changed(void **state)
{
	static const char *const fresh[] = {by_provider,
		"state = s\n[expect quiet]\ntype = dnc.list.synced\nnot.provider = x\n"
		"within = 10s by provider\nemit = dnc.provider.status_change\n"
		"emit.event_data.new_status = other\n",
		"state = s\n[expect quiet]\ntype = dnc.list.synced\nwithin = 5s by provider,type\n"
		"emit = dnc.provider.status_change\nemit.event_data.new_status = x{type}\n",
		"state = s\n[expect quiet]\ntype = dnc.list.synced\nwithin = 7s\n"
		"emit = dnc.provider.status_change\nemit.event_data.new_status = y\n"
		"emit.provider = all\n"};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof fresh / sizeof fresh[0]; i++) {
		const char *rules = fresh[i / 2];
		struct dnc_rules *r = load_text(by_provider), *next = load_text(rules);
		struct dnc_buf made = {0}, again = {0}, lines = {0}, state_text = {0};
		struct dnc_error err;
		int64_t now;

		for (int k = 0; k < 5; k++)
			see(r, (const char *[]){"e", "c", "a", "d", "b"}[k], k, k);
		fall_due(r, 13, &made, &lines); /* not safe: e c a d, and b waits */
		if (i % 2) {
			dnc_rules_inherit(next, r);
			dnc_rules_free(r);
			r = next;
			next = load_text(rules);
			/* None is made twice by the same process. */
			dnc_buf_clear(&again);
			fall_due(r, 13, &made, &again);
			assert_int_equal(again.n, 0);
		}
		assert_int_equal(dnc_expect_write(r, START_MS + 13000, &state_text), 0);
		dnc_buf_reserve(&state_text, DNC_JSON_PADDING);
		if (dnc_expect_read(next, dnc_buf_view(&state_text), &now, &err) < 0)
			fail_msg("%s", err.message);
		fall_due(next, 13, &made, &again);
		assert_int_equal(again.n, lines.n);
		assert_memory_equal(again.p, lines.p, lines.n);
		/* Made again, they go to another process of other rules, and are safe then. */
		dnc_rules_free(r);
		r = load_text(fresh[3]);
		dnc_rules_inherit(r, next);
		dnc_rules_free(next);
		dnc_expect_written(r, 7);
		dnc_expect_safe(r, 6);
		dnc_buf_clear(&state_text);
		assert_int_equal(dnc_expect_write(r, START_MS, &state_text), 0);
		dnc_buf_chr(&state_text, '\0');
		assert_non_null(strstr(state_text.p, "\"made\":true"));
		dnc_expect_safe(r, 7);
		dnc_buf_clear(&state_text);
		assert_int_equal(dnc_expect_write(r, START_MS, &state_text), 0);
		dnc_buf_chr(&state_text, '\0');
		assert_null(strstr(state_text.p, "\"made\":true"));
		dnc_rules_free(r);
		dnc_buf_free(&made);
		dnc_buf_free(&again);
		dnc_buf_free(&lines);
		dnc_buf_free(&state_text);
	}
}

/* What is made after the rules were read again is safe after what was made before. */
static void sections_go_on_where_they_were(void **state)
{
	struct dnc_rules *old = load_text(any), *fresh = load_text(any);
	struct dnc_buf made = {0}, lines = {0}, text = {0};

	(void)state;
	dnc_expect_start(old, START_MS);
	fall_due(old, 10, &made, &lines);
	dnc_rules_inherit(fresh, old);
	dnc_rules_free(old);
	dnc_expect_start(fresh, START_MS + 11000); /* it has waited already */
	fall_due(fresh, 1000, &made, &lines);
	see(fresh, "a", 1001, 1001);
	old = fresh;
	fresh = load_text(any);
	dnc_rules_inherit(fresh, old);
	dnc_rules_free(old);
	dnc_expect_start(fresh, START_MS + 1002000);
	fall_due(fresh, 2000, &made, &lines);
	dnc_buf_chr(&made, '\0');
	assert_string_equal(made.p, "all@10 all@1011 ");
	assert_int_equal(dnc_expect_counts(fresh, 0).made, 2);
	dnc_expect_written(fresh, 2);
	dnc_expect_safe(fresh, 2);
	assert_int_equal(dnc_expect_write(fresh, START_MS, &text), 0);
	dnc_buf_chr(&text, '\0');
	assert_null(strstr(text.p, "\"key\""));
	dnc_rules_free(fresh);
	dnc_buf_free(&made);
	dnc_buf_free(&lines);
	dnc_buf_free(&text);
}

/* Whatever the order in which they were seen, what is due comes in order of time. */
static void many_keys_are_due_in_order(void **state)
{
	struct dnc_rules *r = load_text(by_provider);
	struct dnc_buf made = {0}, lines = {0}, wanted = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "p%02d", i * 37 % 100);
		see(r, name, i * 37 % 100, i * 37 % 100);
		dnc_buf_printf(&wanted, "p%02d@%d ", i, i + 10);
	}
	for (int at = 0; at < 200; at++)
		fall_due(r, at, &made, &lines);
	dnc_buf_chr(&made, '\0');
	dnc_buf_chr(&wanted, '\0');
	assert_string_equal(made.p, wanted.p);
	dnc_rules_free(r);
	dnc_buf_free(&made);
	dnc_buf_free(&lines);
	dnc_buf_free(&wanted);
}

static void keys_are_bounded(void **state)
{
	struct dnc_rules *r = load_text(by_provider);
	char name[1100];

	(void)state;
	for (int i = 0; i < DNC_EXPECT_MAX_KEYS + 2; i++) {
		snprintf(name, sizeof name, "p%d", i);
		see(r, name, i / 1000, 0);
	}
	assert_int_equal(dnc_expect_counts(r, 0).waiting, DNC_EXPECT_MAX_KEYS);
	assert_int_equal(dnc_expect_counts(r, 0).forgotten, 2);
	dnc_rules_free(r);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *rules, *fault;
	} cases[] = {
		{"[expect a]\nwithin = 1d\nemit = dnc.list.synced\n",
			"1:0: [expect a] needs state = FILE before the first section"},
		{"state = s\n[expect a]\nemit = dnc.list.synced\n",
			"2:0: [expect a] needs within = DURATION"},
		{"state = s\n[expect a]\nwithin = 1d\n", "2:0: [expect a] needs emit = TYPE"},
		{"state = s\n[expect a]\nwithin = soon\n", "3:9: \"soon\" is not DURATION"},
		{"state = s\n[expect a]\nwithin = 0s\n", "3:9: \"0s\" is not DURATION"},
		{"state = s\n[expect a]\nwithin = 1d by phone\n", "3:15: unknown field \"phone\""},
		{"state = s\n[expect a]\nwithin = 1d\nwithin = 2d\n",
			"4:0: duplicate key \"within\""},
		{"state = s\n[expect a]\naction = drop\n",
			"3:0: \"action\" is a key of [rule NAME]"},
		{"state = s\n[rule a]\nwithin = 1d\n", "3:0: \"within\" is a key of [expect NAME]"},
		{"[rule a]\nstate = s\n", "2:0: \"state\" must stand before the first section"},
		{"state = s\nstate = t\n", "2:0: duplicate key \"state\""},
		{"state =\n", "the name of a file is missing"},
		{"state = s\n[rule a]\n[expect a]\n", "3:1: [rule a] stands in "},
		{"state = s\n[expect a]\n[rule a]\n", "3:1: [expect a] stands in "},
		{"state = s\n[expect a]\nemit.metadata.x = a {id}\nwithin = 1d by provider\n"
		 "emit = dnc.list.synced\n",
			"3:21: there is no event to take \"id\" from"},
		{"state = s\n[rule a]\nset.metadata.x = {last_seen}\n",
			"3:18: unknown field \"last_seen\""},
		{"state = s\n[expect a]\nemit.metadata.last_seen = x\n",
			"3:0: \"emit.metadata.last_seen\" is set by dnc-filter itself"},
		{"state = s\n[expect a]\nemit.metadata.rule = x\n",
			"3:0: \"emit.metadata.rule\" is set by dnc-filter itself"},
		/* Not found out after a month. */
		{"state = s\n[expect a]\nwithin = 31d\nemit = dnc.number.suppressed\n",
			"2:0: the emitted event is invalid: expect a: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf faults = {0};
		struct dnc_rules *r = load(cases[i].rules, &faults);

		dnc_buf_chr(&faults, '\0');
		if (r)
			fail_msg("no fault in: %s", cases[i].rules);
		if (!strstr(faults.p, cases[i].fault))
			fail_msg("%s\n%s not in %s", cases[i].rules, cases[i].fault, faults.p);
		dnc_buf_free(&faults);
	}
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	return fd < 0 || !reader ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	dnc_event_reader_free(reader);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_made_when_none_came),
		cmocka_unit_test(a_repeat_makes_no_second_one),
		cmocka_unit_test(a_damaged_state_is_refused),
		cmocka_unit_test(what_is_awaited_is_inherited),
		cmocka_unit_test(what_was_made_is_never_changed),
		cmocka_unit_test(sections_go_on_where_they_were),
		cmocka_unit_test(many_keys_are_due_in_order),
		cmocka_unit_test(keys_are_bounded),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
