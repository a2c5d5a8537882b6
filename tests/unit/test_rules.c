/* Rules files: what they say of events, and what is said of them. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "rules/priv/keyed.h"
#include "rules/priv/rule.h"
#include "rules/rules.h"

static char directory[] = "/tmp/dnc-rules-XXXXXX";

static const char *write_file(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	return path;
}

/* "3:5: message", a line for each. */
static void write_fault(void *ctx, const struct dnc_rules_fault *f)
{
	dnc_buf_printf(ctx, "%u:%zu: %.*s\n", f->line, f->at, DNC_STR_ARG(f->message));
}

static struct dnc_rules *load(const char *path, bool explain, struct dnc_buf *faults)
{
	struct dnc_error err;
	struct dnc_rules *r = dnc_rules_load(path,
		&(struct dnc_rules_options){.fault = write_fault,
			.ctx = faults,
			.jq_timeout_ms = 5000,
			.jq_memory = 64u << 20,
			.explain = explain},
		&err);

	if (!r && !faults->n)
		fail_msg("%s", err.message);
	return r;
}

static struct dnc_rules *load_text(const char *text, bool explain)
{
	struct dnc_buf faults = {0};
	struct dnc_rules *r = load(write_file("one.rules", text), explain, &faults);

	if (!r)
		fail_msg("%.*s", DNC_STR_ARG(dnc_buf_view(&faults)));
	dnc_buf_free(&faults);
	return r;
}

/* The events that rules are asked about; by their letter. */
static const struct {
	char letter;
	const char *record;
} events[] = {
	{'s', "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"type\":\"dnc.number.suppressed\","
	      "\"phone_number\":\"+19165551234\",\"provider\":\"federal_dnc\","
	      "\"reason\":\"regulatory\",\"timestamp\":\"2026-08-29T08:00:00Z\","
	      "\"metadata\":{\"team\":\"a\",\"ingested_at\":\"2026-08-29T08:00:01.000Z\"}}"},
	{'r', "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8058\",\"type\":\"dnc.number.released\","
	      "\"phone_number\":\"+12025550143\",\"provider\":\"state, of \\\"X\\\"\","
	      "\"reason\":\"expired\",\"timestamp\":\"2026-08-29T09:00:00Z\","
	      "\"metadata\":{\"ingested_at\":\"2026-08-29T09:00:01.000Z\"}}"},
	{'c', "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8059\",\"type\":\"dnc.check.performed\","
	      "\"phone_number\":\"+13035550199\",\"result\":\"allowed\",\"call_id\":\"c7\","
	      "\"timestamp\":\"2026-08-29T10:00:00Z\","
	      "\"metadata\":{\"ingested_at\":\"2026-08-29T10:00:01.000Z\"}}"},
	{'l', "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a805a\",\"type\":\"dnc.list.synced\","
	      "\"provider\":\"federal_dnc\",\"sync_status\":\"failed\","
	      "\"timestamp\":\"2026-08-29T11:00:00Z\","
	      "\"metadata\":{\"ingested_at\":\"2026-08-29T11:00:01.000Z\"}}"},
};

enum { EVENTS = sizeof events / sizeof events[0] };

struct asked {
	struct dnc_event_reader *reader;
	struct dnc_event event;
	char text[4096];
};

static void read_event(struct asked *a, char letter)
{
	const struct dnc_event_options options = {0};
	struct dnc_error err;

	for (size_t i = 0; i < EVENTS; i++)
		if (events[i].letter == letter)
			snprintf(a->text, sizeof a->text, "%s", events[i].record);
	a->reader = dnc_event_reader_new(&options);
	assert_non_null(a->reader);
	if (dnc_event_normalize(a->reader, a->text, strlen(a->text), &a->event, &err) < 0)
		fail_msg("%c: %s", letter, err.message);
}

/* Which of the events pass, and by which rule each was decided: "s:name r-name". */
static void ask(struct dnc_rules *r, struct dnc_buf *out)
{
	for (size_t i = 0; i < EVENTS; i++) {
		struct dnc_decision d;
		struct dnc_error err = {0};
		struct asked a;

		read_event(&a, events[i].letter);
		dnc_buf_printf(out, "%s%c", i ? " " : "", events[i].letter);
		if (dnc_rules_decide(r, &a.event, &d, &err) < 0)
			dnc_buf_printf(out, "!%s", dnc_reject_name((enum dnc_reject)err.code));
		else
			dnc_buf_printf(out, "%c%s", ":->"[d.verdict], dnc_rules_name(r, d.rule));
		dnc_event_reader_free(a.reader);
	}
	dnc_buf_chr(out, '\0');
}

static void rules_decide(void **state)
{
	static const struct {
		const char *rules, *decisions;
	} cases[] = {
		{"default = drop\n", "s-default r-default c-default l-default"},
		{"[rule a]\n", "s:a r:a c:a l:a"},
		{"[rule a]\naction = drop\n", "s-a r-a c-a l-a"},
		{"[rule a]\ntype = dnc.number.*\naction = drop\n", "s-a r-a c:default l:default"},
		{"[rule a]\ntype = dnc.number.*\ndefault = drop\n", "s:a r:a c-default l-default"},
		{"[rule a]\nevent_types = dnc.list.synced, dnc.check.performed\naction = drop\n",
			"s:default r:default c-a l-a"},
		{"[rule a]\nphone = ^\\+1916\naction = drop\n[rule b]\nphone = ^\\+1202\n  ^\\+1303\n",
			"s-a r:b c:b l:default"},
		{"[rule a]\nnot.phone = ^\\+1916\naction = drop\n", "s:default r-a c-a l-a"},
		{"[rule a]\nprovider = \"state, of \"\naction = drop\n",
			"s:default r:default c:default l:default"},
		{"[rule a]\nprovider = federal_dnc, other\nnot.type = dnc.list.*\naction = drop\n",
			"s-a r:default c:default l:default"},
		{"[rule a]\nmin-severity = high\n[rule b]\nmin_severity = medium\naction = drop\n",
			"s:a r:default c:default l:a"},
		{"[rule a]\nerrors-only = yes\naction = drop\n",
			"s:default r:default c:default l-a"},
		{"[rule a]\nwhere.event_data.call_id = c6, c7\naction = drop\n",
			"s:default r:default c-a l:default"},
		{"[rule a]\nsince = 2026-08-29T09:00:00Z\nuntil = 2026-08-29T11:00:00Z\naction = drop\n",
			"s:default r-a c-a l:default"},
		{"[rule a]\nsuppress-reason = regulatory\naction = drop\n", "s-a r-a c-a l-a"},
		{"[rule a]\nnot.suppress-reason = complaint\naction = drop\n",
			"s-a r:default c:default l:default"},
		{"[rule a]\nphone = ^\\+1916\ncontinue = yes\n[rule b]\ntype = dnc.number.*\n",
			"s:b r:b c:default l:default"},
		{"[rule a]\njq = .event_data.call_id\naction = drop\n",
			"s:default r:default c-a l:default"},
		{"[rule a]\njq = .phone_number # the number\n     | startswith(\"+1916\")\naction = drop\n",
			"s-a r:default c:default l!map_failed"},
		{"[rule a]\njq = .event_data.a =\n  7 |\n  [if .type then 1 else 2 end]\n",
			"s:a r:a c:a l:a"},
		{"[rule a]\nprovider = x\n \"a = b\", federal_dnc\naction = drop\n",
			"s-a r:default c:default l-a"},
		{"[rule a]\njq = empty\naction = drop\n",
			"s:default r:default c:default l:default"},
		{"[rule a]\nset.severity = critical\ncontinue = yes\n[rule b]\nseverity = critical\n",
			"s:b r:b c:b l:b"},
		{"[rule a]\nnumbers = list\naction = drop\n", "s-a r:default c-a l:default"},
		{"[rule a]\nnot.numbers = list\naction = drop\n", "s:default r-a c:default l-a"},
		{"[rule a]\nnumbers = list\nnot.numbers = more\ntype = dnc.*\naction = drop\n",
			"s-a r:default c:default l:default"},
		{"[rule a]\nnumbers = list\nnumbers = more\naction = drop\n",
			"s-a r-a c-a l:default"},
		{"[rule a]\nsample = 1/1\n", "s:a r:a c:a l:a"},
		{"[rule a]\nphone = ^\\+1916\nroute = fd:9\n[rule b]\ntype = dnc.number.*\n",
			"s>a r:b c:default l:default"},
		{"[rule a]\ncopy = fd:9\n[rule b]\nphone = ^\\+1916\naction = drop\n",
			"s-b r:default c:default l:default"},
		{"[rule a]\ncopy = fd:9\naction = drop\n", "s-a r-a c-a l-a"},
		{"[rule a]\ncopy = fd:9\naction = pass\n[rule b]\naction = drop\n",
			"s:a r:a c:a l:a"},
		{"[rule a]\ncopy = fd:9\nroute = fd:8\n", "s>a r>a c>a l>a"},
		{"[rule a]\nphone_patterns = ^\\+\n", "s:a r:a c:a l:default"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int explain = 0; explain < 2; explain++) {
			struct dnc_rules *r = load_text(cases[i].rules, explain);
			struct dnc_buf out = {0};

			ask(r, &out);
			if (strcmp(out.p, cases[i].decisions) != 0)
				fail_msg("%s\n%s, not %s", cases[i].rules, out.p,
					cases[i].decisions);
			dnc_buf_free(&out);
			dnc_rules_free(r);
		}
}

/* What becomes of one event: its line, and the lines that are made of it. */
static void changes_and_new_events_are_canonical(void **state)
{
	static const struct {
		char letter;
		const char *rules, *parts[3], *made[4];
	} cases[] = {
		{'s', "[rule a]\nset.severity = low\n", {"\"severity\":\"low\"", "\"team\":\"a\""},
			{0}},
		{'s', "[rule a]\nset.metadata.team = {phone_number} by {rule}: {{{event_data.reason}}\n",
			{"\"team\":\"+19165551234 by a: {regulatory}\"",
				"\"ingested_at\":\"2026-08-29T08:00:01.000Z\""},
			{0}},
		{'s',
			"[rule a]\nset.metadata.x = \"{metadata.none}\"\ncontinue = yes\n"
			"[rule b]\nset.metadata.y = {metadata.x}{metadata.team}\nset.severity = critical\n",
			{"\"x\":\"\\\"\\\"\"", "\"y\":\"\\\"\\\"a\"", "\"severity\":\"critical\""},
			{0}},
		{'c',
			"[rule a]\nemit = dnc.compliance.violation\n"
			"emit.event_data.violation_type = called_while_suppressed\n"
			"emit.event_data.call_id = {event_data.call_id}\nemit.metadata.who = {provider}-\n",
			{"\"type\":\"dnc.check.performed\""},
			{"\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+13035550199\"",
				"\"call_id\":\"c7\"", "\"rule\":\"a\",\"source_event\":\"01890a5d",
				"\"who\":\"-\""}},
		{'l',
			"[rule a]\nemit = dnc.number.suppressed\nemit.phone_number = +1 (303) 555 0100\n"
			"emit.provider = x\nemit.severity = low\nemit.event_data.reason = complaint\n",
			{"\"type\":\"dnc.list.synced\""},
			{"\"phone_number\":\"+13035550100\",\"provider\":\"x\",\"severity\":\"low\"",
				"\"timestamp\":\"2026-08-29T11:00:00.000Z\""}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_rules *r = load_text(cases[i].rules, false);
		struct dnc_event_reader *again =
			dnc_event_reader_new(&(struct dnc_event_options){0});
		struct dnc_buf first = {0};
		struct asked a;

		read_event(&a, cases[i].letter);
		for (int round = 0; round < 2; round++) {
			struct dnc_decision d;
			struct dnc_buf text = {0};
			struct dnc_event same;
			struct dnc_error err = {0};

			if (dnc_rules_decide(r, &a.event, &d, &err) < 0)
				fail_msg("%s: %s", cases[i].rules, err.message);
			dnc_buf_str(&text, d.line);
			assert_int_equal(d.made_count, cases[i].made[0] ? 1 : 0);
			for (size_t k = 0; k < d.made_count; k++) {
				dnc_buf_chr(&text, '\n');
				dnc_buf_str(&text, d.made[k]);
			}
			dnc_buf_chr(&text, '\0');
			for (size_t k = 0; k < 3 && cases[i].parts[k]; k++)
				if (!strstr(text.p, cases[i].parts[k]))
					fail_msg("%s not in %s", cases[i].parts[k], text.p);
			for (size_t k = 0; k < 4 && cases[i].made[k]; k++)
				if (!strstr(strchr(text.p, '\n'), cases[i].made[k]))
					fail_msg("%s not in %s", cases[i].made[k], text.p);
			/* What a rule gives is what dnc-ingest leaves unchanged; and the same each time. */
			dnc_buf_reserve(&text, DNC_JSON_PADDING);
			assert_int_equal(dnc_event_parse(again, text.p, d.line.n, &same), 0);
			if (round)
				assert_string_equal(first.p, text.p);
			else
				dnc_buf_str(&first, dnc_buf_view(&text));
			dnc_buf_free(&text);
		}
		dnc_buf_free(&first);
		dnc_event_reader_free(again);
		dnc_event_reader_free(a.reader);
		dnc_rules_free(r);
	}
}

/* Each route gets the event once, as the rule has it that says so. */
static void routes_get_the_event_of_their_rule(void **state)
{
	static const struct {
		const char *name, *team;
	} wanted[] = {{"file:a", "a"}, {"unix:/b", "b"}, {"fd:7", "d"}};
	struct dnc_rules *r =
		load_text("[rule a]\ncopy = file:a\n"
			  "[rule b]\nset.metadata.team = b\ncopy = unix:/b\ncopy = file:a\n"
			  "[rule c]\nset.metadata.team = c\ncontinue = yes\n"
			  "[rule d]\nset.metadata.team = d\nroute = fd:7\ncopy = unix:/b\n",
			false);
	struct asked a;

	(void)state;
	assert_int_equal(dnc_rules_routes(r), 3);
	read_event(&a, 's');
	for (int round = 0; round < 2; round++) {
		struct dnc_decision d;
		struct dnc_error err;

		assert_int_equal(dnc_rules_decide(r, &a.event, &d, &err), 0);
		assert_int_equal(d.verdict, DNC_VERDICT_ROUTE);
		assert_int_equal(d.routed_count, 3);
		for (size_t i = 0; i < 3; i++) {
			char team[32], line[4096];

			snprintf(team, sizeof team, "\"team\":\"%s\"", wanted[i].team);
			snprintf(line, sizeof line, "%.*s", DNC_STR_ARG(d.routed[i].line));
			assert_string_equal(
				dnc_rules_route(r, d.routed[i].route)->name, wanted[i].name);
			if (!strstr(line, team))
				fail_msg("%s: %s", wanted[i].name, line);
		}
	}
	assert_int_equal(dnc_rules_counts(r, 0)->copied, 2);
	assert_int_equal(dnc_rules_counts(r, 3)->routed, 2);
	/* A relative path starts at the directory of the file; a spool, too. */
	assert_true(strstr(dnc_rules_route(r, 0)->address, directory));
	dnc_event_reader_free(a.reader);
	dnc_rules_free(r);
}

/* One error is told once. */
static void an_error_has_no_echo(void **state)
{
	static const char *const cases[] = {
		"[rule a]\nemit = compliance.violation\nemit.severity = low\n",
		"[rule a]\nlimit = x\nlimit.action = pass\n",
		"state = s\n[expect a]\nwithin = x\nemit = dnc.provider.status_change\n"
		"emit.provider = x\nemit.event_data.new_status = offline\n",
		"state = s\n[expect a]\nwithin = 1d\nemit = x\nemit.severity = low\n"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf faults = {0};

		assert_null(load(write_file("one.rules", cases[i]), false, &faults));
		dnc_buf_chr(&faults, '\0');
		if (strchr(faults.p, '\n') != strrchr(faults.p, '\n'))
			fail_msg("%s", faults.p);
		dnc_buf_free(&faults);
	}
}

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Conditions and negated ones together; told once, where the first one too many stands. */
static void the_values_of_a_section_are_bounded(void **state)
{
	struct dnc_buf text = {0}, faults = {0};

	(void)state;
	dnc_buf_lit(&text, "[rule a]\nphone = ^\\+1\n");
	for (int i = 0; i < 255; i++)
		dnc_buf_printf(&text, "%sprovider = p%d\n", i % 2 ? "not." : "", i);
	dnc_buf_chr(&text, '\0');
	dnc_rules_free(load_text(text.p, false));
	text.n--;
	dnc_buf_lit(&text, "provider = x, y\nprovider-id = z\n");
	dnc_buf_chr(&text, '\0');
	assert_null(load(write_file("one.rules", text.p), false, &faults));
	dnc_buf_chr(&faults, '\0');
	assert_string_equal(faults.p,
		"258:11: more than 256 values in the conditions of a section: use more sections, or "
		"\"numbers\" for numbers\n");
	dnc_buf_free(&text);
	dnc_buf_free(&faults);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *rules, *faults[3];
	} cases[] = {
		{"", {"0:0: there is no [rule NAME] and no default"}},
		{"# nothing\n", {"0:0: there is no [rule NAME] and no default"}},
		{"type = x\n", {"1:0: \"type\" is not in a section [rule NAME]"}},
		{"[role x]\ntype = x\n", {"1:1: the section [role x] is not [rule NAME]"}},
		{"[rule a b]\n", {"1:1: the name of a rule must be 1 to 43 letters"}},
		{"[rule a]\n[rule a]\n", {"2:1: [rule a] stands in "}},
		{"[rule a]\ntypo = 1\n", {"2:0: unknown key \"typo\"; did you mean \"type\"?"}},
		{"[rule a]\nnot.phon = 1\n",
			{"2:0: unknown key \"not.phon\"; did you mean \"not.phone\"?"}},
		{"[rule a]\nnot.action = drop\n", {"2:0: unknown key \"not.action\""}},
		{"[rule a]\nxyzzy = 1\n", {"2:0: unknown key \"xyzzy\"; see dnc-rules(5)"}},
		{"[rule a]\ntype = dnc.list.synced, dnc.number.supressed\n",
			{"2:24: \"dnc.number.supressed\" is unknown; did you mean"}},
		{"[rule a]\nphone = 1\n  ^(\n", {"3:4: "}},
		{"[rule a]\nphone = .*.*.*.*[ab]\n",
			{"2:8: the pattern takes too much work for a rule"}},
		{"[rule a]\nseverity = hihg\n",
			{"2:11: \"hihg\" is unknown; did you mean \"high\"?"}},
		{"[rule a]\nsuppress-reason = mine\n",
			{"2:18: \"mine\" is not one of ", "Use where.event_data.reason=mine for"}},
		{"[rule a]\nprovider = a,,b\n", {"2:13: a value is missing"}},
		{"[rule a]\nprovider =\n", {"a value is missing"}},
		{"[rule a]\nprovider = \"a\n", {"2:11: a value in quotes does not end with one"}},
		{"[rule a]\nwhere.reason = x\n",
			{"2:6: \"reason\" is not a key of an event; did you mean"}},
		{"[rule a]\nerrors-only = no\n", {"2:14: must be yes"}},
		{"[rule a]\naction = dorp\n", {"2:9: \"dorp\" is not one of pass, drop"}},
		{"[rule a]\naction = drop\naction = drop\n", {"3:0: duplicate key \"action\""}},
		{"[rule a]\nset.metadata.ingested_at = x\n",
			{"2:0: metadata.ingested_at is when the event came in, and stays: use another name"}},
		{"[rule a]\nset.metadata. = x\n",
			{"2:13: a name is missing after \"set.metadata.\""}},
		{"[rule a]\nset.metadata.\xff = x\nset.metadata.b = \xfe\n",
			{"2:13: is not UTF-8: save the file as UTF-8",
				"3:17: is not UTF-8: save the file as UTF-8"}},
		{"[rule a]\naction = drop\n  pass\n",
			{"3:2: the value of \"action\" must be on one line"}},
		{"[rule a]\nset.metadata.note = " X50 X50 X50 X50 "\n",
			{"2:198: a line is longer than 198 bytes: shorten it, or, if it is a list"}},
		{"[rule a]\naction = drop # x\nsample = 1/2 # x\nerrors-only = yes # x\n",
			{"2:14: \"#\" starts no comment behind a value: write \" ;\"\n3:13: \"#\" starts",
				"4:18: \"#\" starts no comment"}},
		{"[rule a]\ncopy = exec:a\n  b\n",
			{"3:2: the value of \"copy\" must be on one line of 198 bytes at most; write a "
			 "longer command as a script"}},
		{"[rule a]\ntype = dnc.list.synced,\n  dnc.check.performed\n",
			{"2:23: a value is missing after the comma; none is needed where the next line "
			 "continues the list"}},
		{"[rule a]\ntype =\n  dnc.check.performed\n",
			{"a value is missing; the first one stands behind \"=\""}},
		{"[rule a]\nphone =\n  ^\\+1\n",
			{"a pattern is missing; the first one stands behind \"=\""}},
		{"[rule a]\naction = drop\ncontinue = yes\n", {"1:0: [rule a]: action = drop and"}},
		{"[rule a]\nset.metadata.x = {phone}\n", {"2:18: unknown field \"phone\""}},
		{"[rule a]\nset.metadata.x = a {type\n", {"2:19: \"{\" has no \"}\""}},
		{"[rule a]\nset.metadata.x = 1\nset.metadata.x = 2\n",
			{"3:0: duplicate key \"set.metadata.x\""}},
		{"[rule a]\nset.severity = 5\n", {"2:15: \"5\" is not one of "}},
		{"[rule a]\nemit.severity = low\n", {"1:0: [rule a]: emit.* without emit = TYPE"}},
		{"[rule a]\ntype = dnc.number.suppressed\nemit = dnc.compliance.violation\n",
			{"1:0: rule a can't make a dnc.compliance.violation: event_data.violation_type is "
			 "missing"}},
		{"[rule a]\ntype = dnc.list.synced\nemit = dnc.compliance.violation\n"
		 "emit.event_data.violation_type = {provider}\n",
			{"1:0: rule a can't make a dnc.compliance.violation: phone_number is missing"}},
		{"[rule a]\nemit = dnc.number.suppressed\nemit.phone_number = 12\n"
		 "emit.event_data.reason = complaint\n",
			{"1:0: rule a can't make a dnc.number.suppressed: phone_number "}},
		{"[rule a]\nemit.event_data.is_blocked = true\nemit = dnc.check.performed\n"
		 "emit.event_data.latency = {event_data.latency}\nemit.event_data.result = allowed\n",
			{"2:16: event_data.is_blocked of dnc.check.performed is no text, and a rule sets "
			 "texts only: leave it out\n4:16: event_data.latency of "}},
		{"state = x\n[expect a]\nwithin = 1h\nemit = dnc.list.synced\nemit.provider = x\n"
		 "emit.event_data.sync_status = failed\nemit.event_data.records_added = 12\n",
			{"7:16: event_data.records_added of dnc.list.synced is no text"}},
		{"[rule a]\nnot.where.event_dta.x = 1\n",
			{"2:10: \"event_dta\" is unknown; did you"}},
		{"[rule a]\nemit = violation\n", {"2:7: \"violation\" is not one of dnc."}},
		{"[rule a]\nemit.metadata.rule = x\n",
			{"2:0: \"emit.metadata.rule\" is set by dnc-filter itself"}},
		{"[rule a]\nemit.metadata.source_event = x\n", {"2:0: \"emit.metadata.source_e"}},
		{"[rule a]\nemit.metadata.ingested_at = x\n", {"2:0: \"emit.metadata.ingested"}},
		{"[rule a]\nsample = 2/3\n", {"2:9: \"2/3\" is not 1/N"}},
		{"[rule a]\nsample = 1/0\n", {"2:9: \"1/0\" is not 1/N"}},
		{"[rule a]\nnumbers = none\n", {"2:10: unable to open "}},
		{"[rule a]\nnumbers = wrong\n", {"2:10: /tmp/dnc-rules-", "wrong:2: "}},
		{"[rule a]\nnumber = list\n",
			{"2:0: unknown key \"number\"; did you mean \"numbers\"?"}},
		{"[rule a]\nlimit = 5\n", {"2:8: \"5\" is not N/UNIT by FIELD"}},
		{"[rule a]\nlimit = 5/min by seq\n",
			{"2:17: unknown field \"seq\": use id, type, phone_number, provider, "}},
		{"[rule a]\nset.metadata.x = {seq}\n",
			{"2:18: unknown field \"seq\": use id, type, phone_number, provider, "}},
		{"[rule a]\nlimit = 5/min by phone\n", {"2:17: unknown field \"phone\""}},
		{"[rule a]\nlimit = 5/min by type,\n", {"2:22: a field is missing"}},
		{"[rule a]\nlimit.action = drop\n", {"1:0: [rule a]: limit.action without limit"}},
		{"[rule a]\nunique = 10m\n", {"2:9: \"10m\" is not DURATION by FIELD"}},
		{"[rule a]\nmin-severity = low, critical\n",
			{"2:20: \"min-severity\" has one value: the lowest severity"}},
		{"[rule a]\nnot.min-severity = low\nnot.min_severity = high\n",
			{"3:19: \"min-severity\" has one value"}},
		{"[rule a]\nsince = -1h\n", {"2:8: \"-1h\" is a duration before now"}},
		{"[rule a]\nuntil = 1970-01-01T00:00:00Z\n",
			{"2:8: \"1970-01-01T00:00:00Z\" is the one time that stands for none"}},
		{"[rule a]\nwhere.event_data.a:b = 1\n", {"2:18: expected \"=\" after the key"}},
		{"[rule a]\naction : drop\n", {"2:7: expected \"=\" after the key"}},
		{"[rule a]\nsince = yesterday\n", {"2:8: \"yesterday\" is not a time"}},
		{"[rule a]\njq = .a |\n   [\n", {"2:5: jq: "}},
		{"[rule a]\nroute = udp:x\n", {"2:8: udp:x: not unix:PATH, file:PATH, fd:N or"}},
		{"[rule a]\nroute = file:\n",
			{"2:8: file:: what comes after the colon is missing"}},
		{"[rule a]\nroute = file: x\n", {"2:13: a blank after the colon"}},
		{"[rule a]\ncopy = file:x, file:y\n", {"2:15: one address is allowed here"}},
		{"[rule a]\nroute = unix:x,file:y\n", {"2:15: one address is allowed here"}},
		{"[rule a]\nroute = unix:x, unix:y\n", {"2:16: one address is allowed here"}},
		{"[rule a]\nroute = unix:x ,unix:y\n", {"2:16: one address is allowed here"}},
		{"[rule a]\nroute = file:x,unix:y\n", {"2:15: one address is allowed here"}},
		{"[rule a]\ncopy = unix:1,unix:2,unix:3,unix:4,unix:5,unix:6,unix:7,unix:8,unix:9\n",
			{"several addresses are up to 8 sockets of hubs that share one log"}},
		{"[rule a]\ncopy = unix:x # y\n", {"2:14: \"#\" starts no comment"}},
		{"[rule a]\nphone = ^\\+1916 # Sacramento\n",
			{"2:15: \"#\" starts no comment behind a value"}},
		{"[rule a]\nphone = \"^\\+1916\"\n", {"2:8: a number has no quotes"}},
		{"[rule a]\nroute = fd:x\n", {"2:8: fd:x: N of fd:N must be a number"}},
		{"[rule a]\nroute = exec:a ; b\n", {"2:14: the rest of the line is a comment"}},
		{"[rule a]\nroute = fd:1\nroute = fd:2\n", {"3:0: duplicate key \"route\""}},
		{"[rule a]\nroute = fd:1\naction = pass\n",
			{"1:0: [rule a]: action and route exclude each other"}},
		{"[rule a]\nroute = fd:1\ncontinue = yes\n",
			{"1:0: [rule a]: route and continue = yes exclude each other"}},
		{"[rule a]\nwhen_down = spol\n",
			{"2:12: \"spol\" is unknown; did you mean \"spool\"?"}},
		{"[rule a]\nwhen_down = skip\n",
			{"1:0: [rule a]: when_down, spool and exec.timeout need route or copy"}},
		{"[rule a]\nroute = fd:1\nwhen_down = spool\n",
			{"1:0: [rule a]: when_down = spool needs spool = DIRECTORY"}},
		{"[rule a]\nroute = fd:1\nspool = x\n",
			{"1:0: [rule a]: spool needs when_down = spool"}},
		{"[rule a]\nroute = fd:1\nexec.timeout = 5s\n",
			{"1:0: [rule a]: exec.timeout is for exec:COMMAND"}},
		{"[rule a]\nroute = exec:x\nexec.timeout = 5\n", {"3:15: \"5\" is not a duration"}},
		{"[rule a]\ncopy = fd:1\nwhen_down = skip\n[rule b]\ncopy = fd:1\nwhen_down = stall\n",
			{"4:0: [rule b]: another rule has another when_down or spool for fd:1"}},
		{"[rule a]\ncopy = fd:1\nwhen_down = spool\nspool = x\n"
		 "[rule b]\ncopy = fd:1\nwhen_down = spool\nspool = y\n",
			{"5:0: [rule b]: another rule has another when_down or spool for fd:1"}},
		{"[rule a]\ncopy = exec:x\nexec.timeout = 5s\n[rule b]\ncopy = exec:x\n"
		 "exec.timeout = 6s\n",
			{"4:0: [rule b]: another rule has another exec.timeout for exec:x"}},
		{"[rule a]\njq = 1 ; 2\n", {"2:6: the rest of the line is a comment"}},
		{"[rule default]\n", {"1:1: the name \"default\" is that of what decides"}},
		{"state = x\n[expect default]\n", {"2:1: the name \"default\" is that of what"}},
		{"[rule a]\ndefault = drop\n[rule b]\n",
			{"2:0: \"default\" is for all rules: it must stand before"}},
		{"[rule a]\n default = drop\nphone = 1\naction = drop\n",
			{"2:1: \"default\" is for all rules: it must stand before"}},
		{"default = no\n", {"1:10: \"no\" is not one of pass, drop"}},
		{"default = pass\n[rule a]\ndefault = drop\n", {"3:0: duplicate key \"default\""}},
		{"[rule a]\nnonsense\ntypo = 1\naction = x\n",
			{"2:0: expected [SECTION]", "3:0: unknown key",
				"4:9: \"x\" is not one of"}},
		{"[rule a]\nphone = ^\\+1916\n  [rule b]\nphone = ^\\+1202\nactoin = drop\n",
			{"3:2: starts with a blank and so continues the value of \"phone\"",
				"5:0: unknown key"}},
		{"[rule a]\n  provider = x\n  copy = file:y\n",
			{"3:2: starts with a blank and so continues the value of \"provider\""}},
		{"[rule a]\n\tphone = ^\\+1916\n\taction: drop\n",
			{"3:1: starts with a blank and so continues the value of \"phone\""}},
		{"[rule \x1b[1m]\n", {"1:1: the name of a rule must be"}},
		{"[rule a]\n\x1b[1m = 1\n", {"2:0: unknown key \"\\u001b[1m\""}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf faults = {0};
		struct dnc_rules *r = load(write_file("one.rules", cases[i].rules), false, &faults);

		dnc_buf_chr(&faults, '\0');
		if (r)
			fail_msg("no fault in: %s", cases[i].rules);
		for (size_t k = 0; k < 3 && cases[i].faults[k]; k++)
			if (!strstr(faults.p, cases[i].faults[k]))
				fail_msg("%s\n%s not in %s", cases[i].rules, cases[i].faults[k],
					faults.p);
		dnc_buf_free(&faults);
	}
}

#define ALL_TYPES "and all of other types match; name the types that are meant with \"type\"\n"
#define NO_NUMBER "this never matches: a number is \"+\" and digits, such as +19165550143\n"
#define OWN       ", unless their source gives them a field of its own"

/* The rules can be used. */
static void what_is_odd_is_warned_of(void **state)
{
	static const struct {
		const char *rules, *warnings;
	} cases[] = {
		{"[rule a]\nphone = ^\\+1916\n", ""},
		{"[rule a]\nphone = ^\\+1(?:916|202)[2-9]\\d{2}.*[0-4,]{1,2}$\n", ""},
		{"[rule a]\nphone = ^1916|^\\+1, 5\n", ""},
		{"[rule a]\nphone = 555-?01\n  ^[+]1\n", ""},
		{"[rule a]\nphone = ^(?:tel:)?\\+1916\n  ^\\x2b1916\n  ^([(]x)*\\+1\n  \\Q+1\\E\n",
			""},
		{"[rule a]\nphone = ^[0-9+]1916\n  ^0*\\+1\n  ^\\d?\\+1\n  [\\]a]*1\n", ""},
		{"[rule a]\nphone = ^(tel:)\\+1\n  (?:a)+1\n  [[:digit:]]-5\n",
			"2:10: " NO_NUMBER "3:5: " NO_NUMBER "4:13: " NO_NUMBER},
		{"[rule a]\nphone = ^\\+1916, ^\\+1202\n",
			"2:15: this never matches: a number has no comma; write one pattern on each line\n"},
		{"[rule a]\nphone = ^1916\n  ^\\d+$\n",
			"2:9: this never matches: a number starts with \"+\", which is \\+ in a pattern\n"
			"3:3: this never matches: a number starts with \"+\", which is \\+ in a "
			"pattern\n"},
		{"[rule a]\nnot.phone = (916) 555\n",
			"2:17: this never matches: a number is \"+\" and digits, such as +19165550143\n"},
		{"[rule a]\nprovider = x # c\n",
			"2:13: \"#\" starts no comment behind a value, but belongs to it: write \" ;\"\n"},
		{"[rule a]\ntype = dnc.list.synced\nphone = ^\\+1\n",
			"1:0: [rule a] never matches: events of its types have no number\n"},
		{"[rule a]\ntype = dnc.list.*\nnumbers = list\n",
			"1:0: [rule a] never matches: events of its types have no number\n"},
		{"[rule a]\nprovider = v\nnot.provider = w, v\n",
			"1:0: [rule a] never matches: not.provider excludes all that provider asks for\n"},
		{"[rule a]\nprovider = v, x\nnot.provider = w, v\n", ""},
		{"[rule a]\ntype = dnc.list.*\nnot.type = dnc.*\n",
			"1:0: [rule a] never matches: no type is left\n"},
		{"[rule a]\nsince = 2026-08-29T00:00:00Z\nuntil = 2026-08-28T00:00:00Z\n",
			"1:0: [rule a] never matches: since is not before until\n"},
		{"[rule a]\ntype = dnc.check.performed\nsuppress-reason = complaint\n",
			"1:0: [rule a]: suppress-reason is for dnc.number.suppressed alone, which the rule "
			"does not match\n"},
		/* Words for one type leave the others. */
		{"[rule a]\nsuppress-reason = complaint\nprovider = x\n",
			"1:0: [rule a]: suppress-reason restricts events of dnc.number.suppressed alone, " ALL_TYPES},
		{"[rule a]\nsync-status = failed\nsuppress-reason = complaint\nnot.type = dnc.list.*\n",
			"1:0: [rule a]: sync-status is for dnc.list.synced alone, which the rule does not match\n"
			"1:0: [rule a]: suppress-reason restricts events of dnc.number.suppressed alone, " ALL_TYPES},
		{"state = x\n[expect a]\nwithin = 1h\nemit = dnc.provider.status_change\nemit.provider = x\n"
		 "emit.event_data.new_status = offline\nsync-status = success\n",
			"2:0: [expect a]: sync-status restricts events of dnc.list.synced alone, " ALL_TYPES},
		{"[rule a]\ntype = dnc.*\nsuppress-reason = complaint\n", ""},
		{"[rule a]\nnot.suppress-reason = complaint\n", ""},
		{"[rule a]\nnot.suppress-reason = complaint\nsuppress-reason = regulatory\n", ""},
		{"[rule a]\nwhere.event_data.source = x\nsuppress-reason = complaint\n", ""},
		{"[rule a]\nwhere.type = dnc.number.suppressed\nsuppress-reason = complaint\n", ""},
		{"[rule a]\njq = .type == 1\nsuppress-reason = complaint\n", ""},
		{"[rule a]\ntype = dnc.number.suppressed\nset.metadata.reason = x\nset.metadata.team = x\n"
		 "emit = dnc.list.synced\nemit.provider = x\nemit.event_data.sync_status = failed\n"
		 "emit.metadata.reason = x\n",
			"3:13: metadata.reason of dnc.number.suppressed is derived from its fields and keeps "
			"that value; use another name\n"},
		{"[rule a]\ntype = dnc.number.*\nemit = dnc.compliance.violation\n"
		 "emit.event_data.violation_type = x\nemit.event_data.detials = x\n"
		 "emit.event_data.own = x\n",
			"5:16: dnc.compliance.violation has no event_data.detials, which is made as a field "
			"of your own; did you mean \"event_data.details\"?\n"},
		{"[rule a]\ncontinue = yes\n[rule b]\naction = drop\n[rule c]\n[rule d]\n",
			"5:0: [rule c] and the rules after it are never asked: [rule b] decides about all "
			"events\n"},
		{"[rule a]\nlimit = 1/s\nlimit.action = continue\n[rule b]\n", ""},
		{"[rule a]\nnumbers = empty\n", "2:10: the list has no numbers\n"},
		{"state = none/x\n[rule a]\n", "1:8: the directory of this file does not exist\n"},
		/* The fields of the rule's types, wherever it names its types. */
		{"[rule a]\nunique = 10m by event_data.dnc_entry\ntype = dnc.number.suppressed\n",
			"2:27: events of the types of [rule a] have no event_data.dnc_entry" OWN
			"; did you mean \"event_data.dnc_entry_id\"?\n"},
		{"[rule a]\ntype = dnc.list.synced\nlimit = 1/s by phone_number, event_data.sync_stats\n",
			"3:40: events of the types of [rule a] have no event_data.sync_stats" OWN
			"; did you mean \"event_data.sync_status\"?\n"},
		{"[rule a]\nset.metadata.x = of {event_data.agent_id}\n",
			"2:32: events of the types of [rule a] have no event_data.agent_id" OWN
			"; did you mean \"event_data.event_id\"?\n"},
		{"[rule a]\nwhere.event_data.call_di = 7\n",
			"2:17: events of the types of [rule a] have no event_data.call_di" OWN
			"; did you mean \"event_data.call_id\"?\n"},
		{"[rule a]\nset.metadata.x = {event_data.zzz}\n",
			"2:29: events of the types of [rule a] have no event_data.zzz" OWN "\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf told = {0};
		struct dnc_rules *r = load(write_file("one.rules", cases[i].rules), false, &told);

		dnc_buf_chr(&told, '\0');
		if (!r || strcmp(told.p, cases[i].warnings) != 0)
			fail_msg("%s\n%s, not %s", cases[i].rules, told.p, cases[i].warnings);
		dnc_rules_free(r);
		dnc_buf_free(&told);
	}
}

static void a_directory_is_read_in_order_of_name(void **state)
{
	struct dnc_buf faults = {0}, out = {0};
	struct dnc_rules *r;
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/conf", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(dnc_rules_load(path,
		&(struct dnc_rules_options){.fault = write_fault, .ctx = &faults},
		&(struct dnc_error){0}));
	write_file("conf/20-b.rules", "[rule b]\n");
	write_file("conf/10-a.rules", "[rule a]\ntype = dnc.number.*\naction = drop\n");
	write_file("conf/00-c.conf", "[rule c]\n");
	write_file("conf/.30.rules", "[rule c]\n");
	r = load(path, false, &faults);
	assert_non_null(r);
	ask(r, &out);
	assert_string_equal(out.p, "s-a r-a c:b l:b");
	dnc_rules_free(r);
	write_file("conf/30-c.rules", "# nothing yet\n");
	r = load(path, false, &faults);
	assert_non_null(r);
	dnc_rules_free(r);
	/* One that was emptied is not taken for one without rules. */
	write_file("conf/30-c.rules", "");
	assert_null(load(path, false, &faults));
	dnc_buf_chr(&faults, '\0');
	assert_non_null(strstr(faults.p, "the file is empty"));
	dnc_buf_clear(&faults);
	write_file("conf/30-c.rules", "[rule a]\n");
	assert_null(load(path, false, &faults));
	dnc_buf_chr(&faults, '\0');
	assert_non_null(strstr(faults.p, "[rule a] stands in "));
	assert_non_null(strstr(faults.p, "10-a.rules, line 1"));
	dnc_buf_free(&faults);
	dnc_buf_free(&out);
}

/* "state" stands before the first section of any file; a section that lacks it is named with its own file. */
static void any_file_may_have_the_state(void **state)
{
	struct dnc_buf faults = {0};
	struct dnc_rules *r;
	char path[256], longest[43] = {0};
	char text[256];

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	snprintf(path, sizeof path, "%s/late", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(text, sizeof text,
		"[expect %s]\ntype = dnc.list.synced\nwithin = 1d\nemit = dnc.provider.status_change\n"
		"emit.provider = x\nemit.event_data.new_status = offline\n",
		longest);
	write_file("late/1.rules", text);
	write_file("late/2.rules", "[rule a]\n");
	assert_null(load(path, false, &faults));
	dnc_buf_chr(&faults, '\0');
	snprintf(text, sizeof text,
		"1:0: [expect %s] needs state = FILE before the first section\n", longest);
	assert_string_equal(faults.p, text);
	dnc_buf_clear(&faults);
	write_file("late/2.rules", "state = s\n[rule a]\n");
	r = load(path, false, &faults);
	assert_non_null(r);
	dnc_rules_free(r);
	dnc_buf_free(&faults);
}

static void write_trace(void *ctx, size_t rule, struct dnc_str failed)
{
	dnc_buf_printf(
		ctx, "%zu:%.*s ", rule, failed.p ? (int)failed.n : 1, failed.p ? failed.p : "+");
}

static void decisions_are_explained(void **state)
{
	struct dnc_rules *r =
		load_text("[rule a]\nphone = ^\\+1303\ntype = dnc.number.*\n"
			  "[rule b]\ntype = dnc.number.*\nnot.provider = federal_dnc\n"
			  "[rule c]\ncontinue = yes\n[rule d]\njq = false\n[rule e]\n"
			  "[rule f]\n",
			true);
	struct dnc_buf trace = {0};
	struct dnc_decision d;
	struct dnc_error err;
	struct asked a;

	(void)state;
	read_event(&a, 's');
	assert_int_equal(dnc_rules_decide(r, &a.event, &d, &err), 0);
	dnc_rules_explain(r, write_trace, &trace);
	dnc_buf_chr(&trace, '\0');
	assert_string_equal(trace.p, "0:phone 1:not.provider 2:+ 3:jq 4:+ ");
	assert_string_equal(dnc_rules_name(r, d.rule), "e");
	assert_int_equal(dnc_rules_counts(r, 2)->matched, 1);
	assert_int_equal(dnc_rules_counts(r, 4)->passed, 1);
	assert_int_equal(dnc_rules_counts(r, 5)->matched, 0);
	dnc_buf_free(&trace);
	dnc_event_reader_free(a.reader);
	dnc_rules_free(r);
}

/* The name of the rule is left out where it has no room: each size passes, as it came or with the name. */
static void an_explanation_costs_no_event(void **state)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_buf faults = {0}, record = {0};
	struct dnc_error err;
	struct dnc_rules *r = dnc_rules_load(
		write_file("one.rules",
			"[rule a]\nset.metadata.team = b\ncontinue = yes\n[rule b]\ncopy = fd:1\n"
			"[rule c]\nphone = ^\\+1\n"),
		&(struct dnc_rules_options){.fault = write_fault, .ctx = &faults, .mark = true},
		&err);
	int marked = 0, plain = 0;

	(void)state;
	assert_non_null(r);
	for (int less = 0; less < 100; less++) {
		struct dnc_decision d;
		struct dnc_event event, again;
		size_t pad;

		dnc_buf_clear(&record);
		dnc_buf_printf(&record,
			"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+12025550143\","
			"\"reason\":\"complaint\",\"metadata\":{\"team\":\"a\",\"pad\":\"");
		pad = DNC_EVENT_MAX_BYTES - 400 - record.n - (size_t)less;
		for (size_t i = 0; i < pad; i++)
			dnc_buf_chr(&record, 'x');
		dnc_buf_lit(&record, "\"}}");
		dnc_buf_reserve(&record, DNC_JSON_PADDING);
		assert_int_equal(dnc_event_normalize(reader, record.p, record.n, &event, &err), 0);
		/* To the very limit. */
		pad += DNC_EVENT_MAX_BYTES - event.line.n - (size_t)less;
		record.n = (size_t)(strchr(strstr(record.p, "pad"), 'x') - record.p);
		for (size_t i = 0; i < pad; i++)
			dnc_buf_chr(&record, 'x');
		dnc_buf_lit(&record, "\"}}");
		dnc_buf_reserve(&record, DNC_JSON_PADDING);
		if (dnc_event_normalize(reader, record.p, record.n, &event, &err) < 0)
			continue;
		if (dnc_rules_decide(r, &event, &d, &err) < 0)
			fail_msg("%d less: %s", less, err.message);
		assert_int_equal(d.verdict, DNC_VERDICT_PASS);
		assert_int_equal(d.routed_count, 1);
		dnc_buf_clear(&record);
		dnc_buf_str(&record, d.line);
		dnc_buf_reserve(&record, DNC_JSON_PADDING);
		assert_int_equal(dnc_event_parse(reader, record.p, d.line.n, &again), 0);
		dnc_buf_chr(&record, '\0');
		assert_non_null(strstr(record.p, "\"team\":\"b\""));
		*(strstr(record.p, "\"rule\":\"c\"") ? &marked : &plain) += 1;
	}
	assert_true(marked >= 50);
	assert_in_range(plain, 10, 20); /* ,"rule":"c" */
	assert_int_equal(dnc_rules_counts(r, 2)->unmarked, plain);
	assert_int_equal(dnc_rules_counts(r, 2)->failed, 0);
	dnc_buf_free(&record);
	dnc_buf_free(&faults);
	dnc_event_reader_free(reader);
	dnc_rules_free(r);
}

/* Of many rules each event finds its own; the samples of rules are shares of what matches. */
static void many_rules_are_as_one(void **state)
{
	enum { RULES = 1000, NUMBERS = 2000 };
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_buf text = {0};
	struct dnc_rules *r;
	uint64_t sampled = 0;

	(void)state;
	for (int i = 0; i < RULES; i++)
		dnc_buf_printf(&text, "[rule r%d]\nphone = ^\\+1%03d\nsample = 1/2\n", i, i);
	dnc_buf_chr(&text, '\0');
	r = load_text(text.p, false);
	for (int i = 0; i < NUMBERS; i++) {
		char record[512];
		struct dnc_decision d;
		struct dnc_event event;
		struct dnc_error err;
		int area = 200 + i % 800;

		snprintf(record, sizeof record,
			"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a%04x\",\"type\":"
			"\"dnc.number.suppressed\",\"phone_number\":\"+1%03d5550%03d\","
			"\"reason\":\"complaint\"}",
			i, area, i % 1000);
		if (dnc_event_normalize(reader, record, strlen(record), &event, &err) < 0)
			continue; /* an area code that there is not */
		assert_int_equal(dnc_rules_decide(r, &event, &d, &err), 0);
		assert_int_equal(d.rule, area);
	}
	for (int i = 0; i < RULES; i++)
		sampled += dnc_rules_counts(r, (size_t)i)->sampled;
	assert_in_range(sampled, NUMBERS / 4, NUMBERS * 3 / 4);
	dnc_buf_free(&text);
	dnc_event_reader_free(reader);
	dnc_rules_free(r);
}

static int64_t now_ms;

static int64_t get_now(void)
{
	return now_ms;
}

/* Asks about suppressions of ID's number: "AREA@SECONDS" (and "#ID", else a new one), a second being of the event's time, and of
 * arrival after ">". '+' passes, '-' is dropped. */
static void ask_sequence(struct dnc_rules *r, const char *sequence, struct dnc_buf *out)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	int serial = 0x1000;

	for (const char *p = sequence; *p; p += strspn(p, " ")) {
		int area, at, id = serial++, arrival = -1;
		char word[40], record[512];
		struct dnc_decision d;
		struct dnc_event event;
		struct dnc_error err;
		size_t n = strcspn(p, " ");

		snprintf(word, sizeof word, "%.*s", (int)n, p);
		p += n;
		assert_int_equal(sscanf(word, "%d@%d", &area, &at), 2);
		if (strchr(word, '#'))
			id = atoi(strchr(word, '#') + 1);
		arrival = strchr(word, '>') ? atoi(strchr(word, '>') + 1) : at;
		snprintf(record, sizeof record,
			"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a%04d\",\"type\":"
			"\"dnc.number.suppressed\",\"phone_number\":\"+1%d5550143\","
			"\"reason\":\"complaint\",\"timestamp\":\"2026-08-29T%02d:%02d:%02dZ\"}",
			id, area, at / 3600, at / 60 % 60, at % 60);
		if (dnc_event_normalize(reader, record, strlen(record), &event, &err) < 0)
			fail_msg("%s: %s", record, err.message);
		/* 2026-08-29T00:00:00Z */
		now_ms = INT64_C(1787961600000) + arrival * INT64_C(1000);
		assert_int_equal(dnc_rules_decide(r, &event, &d, &err), 0);
		dnc_buf_chr(out, d.verdict == DNC_VERDICT_PASS ? '+' : '-');
	}
	dnc_buf_chr(out, '\0');
	dnc_event_reader_free(reader);
}

static void rules_count_in_windows(void **state)
{
	static const struct {
		const char *rules, *sequence, *answers;
	} cases[] = {
		/* The first opens the window; another number has its own. */
		{"[rule a]\nunique = 10m by phone_number\n",
			"202@0 202@5 303@6 202@599 202@600 202@700", "+-+-+-"},
		{"[rule a]\nunique = 10m by type\n", "202@0 303@5", "+-"},
		{"[rule a]\nunique = 10m by phone_number,event_data.reason\n", "202@0 202@5", "+-"},
		/* The same event again has the same answer. */
		{"[rule a]\nunique = 10m by phone_number\n",
			"202@0#7001 202@5#7002 202@0#7001 202@5#7002", "+-+-"},
		{"[rule a]\nlimit = 2/min by phone_number\n",
			"202@0#7001 202@1#7002 202@2#7003 202@3#7001 202@4#7002 202@4#7003",
			"++-++-"},
		{"[rule a]\nlimit = 2/min by phone_number\n",
			"202@0 202@0 202@1 202@29 202@30 202@31", "++--+-"},
		{"[rule a]\nlimit = 1/s\n", "202@0 303@0 202@1 303@1", "+-+-"},
		{"[rule a]\nlimit = 3/10m by type\n", "202@0 303@0 202@0 303@1 303@600", "+++-+"},
		/* Events that lack a field are not counted, and neither repeats nor limited. */
		{"[rule a]\nunique = 10m by provider_id\n", "202@0 202@5 303@6", "+++"},
		{"[rule a]\nunique = 10m by phone_number, event_data.notes\n", "202@0 202@5", "++"},
		{"[rule a]\nlimit = 1/h by provider\n", "202@0 202@5#7001 202@6#7001", "+++"},
		{"[rule a]\nlimit = 1/h by phone_number\nunique = 1m by provider\n",
			"202@0 202@1 303@2", "+-+"},
		/* What is over the limit is not what its repeats repeat. */
		{"[rule a]\nunique = 1h by phone_number\nlimit = 1/min\n",
			"202@0 303@1 303@120 303@180", "+-+-"},
		{"[rule a]\nlimit = 1/h\nlimit.action = pass\naction = drop\n", "202@0 202@1",
			"-+"},
		{"[rule a]\nlimit = 1/h\nlimit.action = continue\n[rule b]\naction = drop\n",
			"202@0 202@1", "+-"},
		/* Live events count by arrival, those of the past by their own time. */
		{"[rule a]\nunique = 1m by phone_number\n", "202@100>100 202@100>130 202@101>160",
			"+-+"},
		{"[rule a]\nunique = 1m by phone_number\n", "202@0>9000 202@30>9000 202@60>9000",
			"+-+"},
		/* More than a minute is the past. */
		{"[rule a]\nunique = 1m by phone_number\n", "202@1000 202@1029>1090", "+-"},
		{"[rule a]\nunique = 1m by phone_number\n", "202@1000 202@1030>1090", "++"},
		/* Out of order: a window of the past leaves the newer one open. */
		{"[rule a]\nunique = 1m by phone_number\n",
			"202@1000>9000 202@0>9000 202@1010>9000", "++-"},
		{"[rule a]\nunique = 1m by phone_number\n",
			"202@1000>9000 202@941>9000 202@940>9000 202@941>9000", "+-+-"},
		/* An event from before the window of its key takes nothing of the limit. */
		{"[rule a]\nlimit = 100/min by phone_number\n", "202@9000 202@8400>9000", "++"},
		{"[rule a]\nlimit = 1/min by phone_number\n",
			"202@9000 202@8000>9000 202@8001>9000 202@9001 202@9060", "+++-+"},
		{"[rule a]\nlimit = 1/h\n", "202@50000 202@46400>50000 202@46401>50000", "++-"},
		/* A late one within it takes its share as if it came with the last one. */
		{"[rule a]\nlimit = 4/min by phone_number\n",
			"202@1000>9000 202@945>9000 202@999>9000 202@960>9000 202@950>9000 "
			"202@1014>9000 202@1015>9000",
			"++++--+"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf faults = {0}, out = {0};
		struct dnc_error err;
		struct dnc_rules *r = dnc_rules_load(write_file("one.rules", cases[i].rules),
			&(struct dnc_rules_options){
				.fault = write_fault, .ctx = &faults, .now_ms = get_now},
			&err);

		if (!r)
			fail_msg("%s%.*s", cases[i].rules, DNC_STR_ARG(dnc_buf_view(&faults)));
		ask_sequence(r, cases[i].sequence, &out);
		if (strcmp(out.p, cases[i].answers) != 0)
			fail_msg("%s%s: %s, not %s", cases[i].rules, cases[i].sequence, out.p,
				cases[i].answers);
		dnc_buf_free(&out);
		dnc_rules_free(r);
	}
}

/* TEXT with the clock of the test. */
static struct dnc_rules *load_counting(const char *text, const struct dnc_rules_options *more)
{
	struct dnc_rules_options options = *more;
	struct dnc_buf faults = {0};
	struct dnc_error err;
	struct dnc_rules *r;

	options.fault = write_fault;
	options.ctx = &faults;
	options.now_ms = get_now;
	r = dnc_rules_load(write_file("one.rules", text), &options, &err);
	if (!r)
		fail_msg("%s%.*s", text, DNC_STR_ARG(dnc_buf_view(&faults)));
	dnc_buf_free(&faults);
	return r;
}

/* What was counted goes on under the same windows, and begins anew under others. */
static void counts_are_inherited(void **state)
{
	static const struct {
		const char *old, *fresh, *before, *after, *answers;
	} cases[] = {
		{"unique = 10m by phone_number", "unique = 10m by phone_number",
			"202@0#7001 202@1#7002", "202@2#7001 202@3#7002 202@4 202@600",
			"+-"
			"+--+"},
		{"unique = 10m by phone_number", "unique = 11m by phone_number", "202@0 202@1",
			"202@2#7003 202@3",
			"+-"
			"+-"},
		{"unique = 10m by phone_number", "unique = 10m by type", "202@0", "202@1",
			"+"
			"+"},
		{"limit = 2/min by phone_number", "limit = 2/min by phone_number",
			"202@0#7001 202@1#7002 202@2#7003",
			"202@3#7001 202@4#7002 202@5#7003 202@6 202@30 202@59",
			"++-"
			"++--+-"},
		{"limit = 2/min by phone_number", "limit = 3/min by phone_number", "202@0 202@1",
			"202@2#7003 202@3#7004 202@4#7005 202@5#7006",
			"++"
			"+++-"},
		{"limit = 2/min", "limit = 2/h", "202@0 202@1", "202@2#7003",
			"++"
			"+"},
		/* Both tables and the answers, each in its own place. */
		{"unique = 10m by phone_number\nlimit = 2/h",
			"unique = 10m by phone_number\nlimit = 2/h", "202@0#7001 303@1#7002",
			"202@2#7003 303@3#7002 404@4#7004 404@5#7004 202@6#7001",
			"++"
			"-+--+"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256];
		struct dnc_buf out = {0}, all = {0};
		struct dnc_rules *old, *fresh;
		struct dnc_rule_counts before;

		snprintf(text, sizeof text, "[rule a]\n%s\n", cases[i].old);
		old = load_counting(text, &(struct dnc_rules_options){0});
		snprintf(text, sizeof text, "[rule b]\ntype = dnc.list.*\n[rule a]\n%s\n",
			cases[i].fresh);
		fresh = load_counting(text, &(struct dnc_rules_options){.before = old});
		ask_sequence(old, cases[i].before, &out);
		before = *dnc_rules_counts(old, 0);
		assert_true(before.matched > 0);
		dnc_rules_inherit(fresh, old);
		dnc_rules_free(old);
		assert_int_equal(dnc_rules_counts(fresh, 0)->matched, 0);
		assert_memory_equal(dnc_rules_counts(fresh, 1), &before, sizeof before);
		dnc_buf_printf(&all, "%s", out.p);
		dnc_buf_clear(&out);
		ask_sequence(fresh, cases[i].after, &out);
		dnc_buf_printf(&all, "%s%c", out.p, 0);
		if (strcmp(all.p, cases[i].answers) != 0)
			fail_msg("%s: %s, not %s", cases[i].old, all.p, cases[i].answers);
		dnc_buf_free(&out);
		dnc_buf_free(&all);
		dnc_rules_free(fresh);
	}
}

static void the_default_counts_on(void **state)
{
	struct dnc_rules *old = load_counting("default = drop\n", &(struct dnc_rules_options){0}),
			 *fresh = load_counting("default = pass\n", &(struct dnc_rules_options){0});
	struct dnc_buf out = {0};

	(void)state;
	ask_sequence(old, "202@0 202@1 202@2", &out);
	dnc_rules_inherit(fresh, old);
	dnc_rules_free(old);
	ask_sequence(fresh, "202@3", &out);
	assert_int_equal(dnc_rules_counts(fresh, DNC_RULES_MAX)->dropped, 3);
	assert_int_equal(dnc_rules_counts(fresh, DNC_RULES_MAX)->passed, 1);
	dnc_buf_free(&out);
	dnc_rules_free(fresh);
}

/* The samples of a rule are the same ones everywhere and always: these, by FNV-1a. */
static void samples_are_fixed(void **state)
{
	struct dnc_rules *r =
		load_counting("[rule a]\nsample = 1/3\n", &(struct dnc_rules_options){0});
	struct dnc_buf sequence = {0}, out = {0};

	(void)state;
	for (int i = 0; i < 48; i++)
		dnc_buf_printf(&sequence, "202@0#%04d ", 0x1000 + i);
	dnc_buf_chr(&sequence, '\0');
	ask_sequence(r, sequence.p, &out);
	assert_string_equal(out.p, "+---+---------+---+----++-+-++-++-++--++--+---+-");
	dnc_buf_free(&sequence);
	dnc_buf_free(&out);
	dnc_rules_free(r);
}

/* A list of numbers is read again only if its file is another one. */
static void lists_are_read_again(void **state)
{
	static const char text[] = "[rule a]\nnumbers = again\naction = drop\n";
	struct dnc_rules *first, *second, *third;
	struct dnc_buf out = {0};

	(void)state;
	write_file("again", "+12025550143\n");
	first = load_counting(text, &(struct dnc_rules_options){0});
	second = load_counting(text, &(struct dnc_rules_options){.before = first});
	assert_ptr_equal(first->lists[0].table, second->lists[0].table);
	dnc_rules_inherit(second, first);
	dnc_rules_free(first);
	ask_sequence(second, "202@0 303@0", &out);
	assert_string_equal(out.p, "-+");
	write_file("again", "# another one\n+13035550143\n");
	third = load_counting(text, &(struct dnc_rules_options){.before = second});
	dnc_rules_inherit(third, second);
	dnc_rules_free(second);
	dnc_buf_clear(&out);
	ask_sequence(third, "202@0 303@0", &out);
	assert_string_equal(out.p, "+-");
	dnc_buf_free(&out);
	dnc_rules_free(third);
}

/* The name of the rule goes to the output and to routes, not to copies, which leave as the rule left them, or to what is dropped. */
static void the_name_of_the_rule_is_marked(void **state)
{
	static const struct {
		const char *rules;
		bool line, routed[2];
	} cases[] = {
		{"[rule a]\ncopy = fd:1\nroute = fd:2\n", true, {false, true}},
		{"[rule a]\ncopy = fd:1\ncopy = fd:2\n", true, {false, false}},
		{"[rule a]\ncopy = fd:1\ncopy = fd:2\naction = drop\n", false, {false, false}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_rules *r =
			load_counting(cases[i].rules, &(struct dnc_rules_options){.mark = true});
		struct dnc_decision d;
		struct dnc_error err;
		struct asked a;
		char text[4096];

		read_event(&a, 's');
		assert_int_equal(dnc_rules_decide(r, &a.event, &d, &err), 0);
		snprintf(text, sizeof text, "%.*s", DNC_STR_ARG(d.line));
		assert_int_equal(strstr(text, "\"rule\":") != NULL, cases[i].line);
		assert_int_equal(d.routed_count, 2);
		for (size_t k = 0; k < 2; k++) {
			snprintf(text, sizeof text, "%.*s", DNC_STR_ARG(d.routed[k].line));
			assert_int_equal(strstr(text, "\"rule\":") != NULL, cases[i].routed[k]);
		}
		dnc_event_reader_free(a.reader);
		dnc_rules_free(r);
	}
}

/* Events that differ by nothing but their ids make events of other ids, and each the same one again. */
static void made_ids_follow_from_the_id(void **state)
{
	struct dnc_rules *r = load_text("[rule a]\nemit = dnc.compliance.violation\n"
					"emit.event_data.violation_type = x\n",
		false);
	char made[4][37];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct dnc_decision d;
		struct dnc_error err;
		struct asked a;

		read_event(&a, 's');
		if (i % 2) {
			dnc_event_reader_free(a.reader);
			a.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
			snprintf(a.text, sizeof a.text, "%s", events[0].record);
			*strstr(a.text, "8057") = '9';
			assert_int_equal(dnc_event_normalize(
						 a.reader, a.text, strlen(a.text), &a.event, &err),
				0);
		}
		assert_int_equal(dnc_rules_decide(r, &a.event, &d, &err), 0);
		assert_int_equal(d.made_count, 1);
		snprintf(made[i], sizeof made[i], "%.36s", d.made[0].p + strlen("{\"id\":\""));
		dnc_event_reader_free(a.reader);
	}
	assert_string_equal(made[0], made[2]);
	assert_string_equal(made[1], made[3]);
	assert_string_not_equal(made[0], made[1]);
	dnc_rules_free(r);
}

static void failures_and_forgotten_keys_are_counted(void **state)
{
	struct dnc_rules *r = load_counting(
		"[rule a]\nphone = ^.1303\njq = error(\"x\")\n"
		"[rule b]\nunique = 10m by phone_number\nlimit = 1/h by phone_number\n",
		&(struct dnc_rules_options){.jq_timeout_ms = 5000, .jq_memory = 64u << 20});
	struct dnc_buf out = {0};
	struct dnc_decision d;
	struct dnc_error err;
	struct asked a;

	(void)state;
	r->rule[1].window.seen.max = 2;
	r->rule[1].window.counted.max = 2;
	ask_sequence(r, "202@0 404@0 202@700 404@1300 505@1300 202@1301", &out);
	assert_string_equal(out.p, "++--++");
	assert_int_equal(dnc_rules_counts(r, 1)->limited, 2);
	/* 505 pushes 202 out of both, and 202 then 404 out of both. */
	assert_int_equal(dnc_rules_counts(r, 1)->forgotten, 4);
	read_event(&a, 'c');
	assert_int_equal(dnc_rules_decide(r, &a.event, &d, &err), -1);
	assert_int_equal(err.code, DNC_REJECT_MAP_FAILED);
	assert_int_equal(dnc_rules_counts(r, 0)->failed, 1);
	assert_int_equal(dnc_rules_counts(r, 1)->failed, 0);
	dnc_event_reader_free(a.reader);
	dnc_buf_free(&out);
	dnc_rules_free(r);
}

/* Of more keys than there is room for, the least recently used one is forgotten. */
static void keys_are_bounded(void **state)
{
	struct keyed k = {.max = 2000};
	unsigned char key[KEYED_BYTES] = {0};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		memcpy(key, &i, sizeof i);
		assert_null(keyed_find(&k, key));
		assert_non_null(keyed_add(&k, key));
		memset(key, 0, sizeof key); /* number 0 is used each time */
		assert_non_null(keyed_find(&k, key));
	}
	assert_int_equal(k.forgotten, 1000);
	for (uint32_t i = 0; i < 3000; i++) {
		memcpy(key, &i, sizeof i);
		assert_int_equal(keyed_find(&k, key) != NULL, i == 0 || i > 1000);
	}
	keyed_finish(&k);
}

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	write_file("list", "# some\n(916) 555-1234 # one\n\n+1303*\n");
	write_file("more", "+13035550199\n202-555-0143\n");
	write_file("empty", "# none\n");
	write_file("wrong", "+13035550199\n12345\n");
	return 0;
}

static int remove_directory(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_decide),
		cmocka_unit_test(changes_and_new_events_are_canonical),
		cmocka_unit_test(routes_get_the_event_of_their_rule),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(the_values_of_a_section_are_bounded),
		cmocka_unit_test(an_error_has_no_echo),
		cmocka_unit_test(what_is_odd_is_warned_of),
		cmocka_unit_test(a_directory_is_read_in_order_of_name),
		cmocka_unit_test(any_file_may_have_the_state),
		cmocka_unit_test(decisions_are_explained),
		cmocka_unit_test(an_explanation_costs_no_event),
		cmocka_unit_test(many_rules_are_as_one),
		cmocka_unit_test(rules_count_in_windows),
		cmocka_unit_test(counts_are_inherited),
		cmocka_unit_test(the_default_counts_on),
		cmocka_unit_test(samples_are_fixed),
		cmocka_unit_test(lists_are_read_again),
		cmocka_unit_test(the_name_of_the_rule_is_marked),
		cmocka_unit_test(made_ids_follow_from_the_id),
		cmocka_unit_test(failures_and_forgotten_keys_are_counted),
		cmocka_unit_test(keys_are_bounded),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
