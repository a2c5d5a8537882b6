#include "ruling.h"
#include <errno.h>
#include <stdio.h>
#include "base/escape.h"
#include "cases.h"
#include "claims.h"

/* The line, and a caret below the byte at fault. Tabs are kept in both: how wide they are is not known. */
static void show_line(const struct dnc_rules_fault *f)
{
	struct dnc_buf line = {0}, caret = {0};

	for (size_t i = 0, n; i < f->text.n; i += n) {
		size_t before = line.n;
		bool tab = f->text.p[i] == '\t';

		/* A whole character of UTF-8, so that it is not escaped. */
		for (n = 1; i + n < f->text.n && ((unsigned char)f->text.p[i + n] & 0xC0) == 0x80;)
			n++;
		if (tab)
			dnc_buf_chr(&line, '\t');
		else
			dnc_escape(&line, (struct dnc_str){f->text.p + i, n}, DNC_ESCAPE_TEXT);
		/* An escape has as many columns as bytes. */
		for (size_t k = line.n - before == n ? 1 : line.n - before; i < f->at && k; k--)
			dnc_buf_chr(&caret, tab ? '\t' : ' ');
	}
	dnc_buf_chr(&caret, '^');
	if (dnc_buf_ok(&line) && dnc_buf_ok(&caret))
		fprintf(stderr, "  %.*s\n  %.*s\n", DNC_STR_ARG(dnc_buf_view(&line)),
			DNC_STR_ARG(dnc_buf_view(&caret)));
	dnc_buf_free(&line);
	dnc_buf_free(&caret);
}

static void print_fault(void *ctx, const struct dnc_rules_fault *f)
{
	enum dnc_level level = f->warning ? DNC_WARN : DNC_ERR;
	const char *kind = f->warning ? "warning: " : "";

	(void)ctx;
	if (!f->line)
		dnc_log(level, "%s: %s%.*s", f->path, kind, DNC_STR_ARG(f->message));
	else if (!f->text.p)
		dnc_log(level, "%s:%u: %s%.*s", f->path, f->line, kind, DNC_STR_ARG(f->message));
	else
		dnc_log(level, "%s:%u:%zu: %s%.*s", f->path, f->line, f->at + 1, kind,
			DNC_STR_ARG(f->message));
	if (f->text.p)
		show_line(f);
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

static struct dnc_rules *load(
	const struct options *o, const struct dnc_rules *before, struct dnc_error *err)
{
	return dnc_rules_load(o->rules,
		&(struct dnc_rules_options){.fault = print_fault,
			.jq_timeout_ms = (int64_t)o->jq_timeout_ms,
			.jq_memory = o->jq_memory,
			.stopped = is_stopped,
			.now_ms = o->test ? cases_now_ms : NULL,
			.before = before,
			.explain = o->explain || o->test,
			.mark = o->mark},
		err);
}

struct dnc_rules *ruling_load(const struct options *o)
{
	struct dnc_error err;
	struct dnc_rules *rules;

	if (!o->rules)
		return NULL;
	rules = load(o, NULL, &err);
	if (rules)
		return rules;
	if (err.code == EINVAL)
		dnc_cli_die(DNC_EXIT_USAGE, "%s", err.message);
	dnc_cli_die(dnc_cli_exit_code(err.code), "--rules: %s", err.message);
}

struct dnc_rules *ruling_reload(
	const struct options *o, struct dnc_rules *old, struct routing *g, struct absence *absence)
{
	size_t rules, expectations;
	struct dnc_error err;
	struct dnc_rules *fresh = load(o, old, &err);

	if (fresh && !absence_accept(absence, fresh)) {
		dnc_err("the rules that were read before stay in use");
		dnc_rules_free(fresh);
		return old;
	}
	if (fresh && (claims_check(o, fresh, &err) < 0 || routing_change(g, fresh, &err) < 0)) {
		dnc_rules_free(fresh);
		fresh = NULL;
	}
	if (!fresh) {
		dnc_err("%s; the rules that were read before stay in use", err.message);
		return old;
	}
	dnc_rules_inherit(fresh, old);
	absence_replace(absence, fresh);
	dnc_rules_free(old);
	rules = dnc_rules_count(fresh);
	expectations = dnc_expect_count(fresh);
	dnc_note("read again: %zu rule%s, %zu expectation%s", rules, rules == 1 ? "" : "s",
		expectations, expectations == 1 ? "" : "s");
	return fresh;
}

struct explaining {
	const struct dnc_rules *rules;
	struct dnc_buf text;
	size_t decided;
};

static void add_reason(void *ctx, size_t rule, struct dnc_str failed)
{
	struct explaining *e = ctx;

	if (rule == e->decided)
		return;
	dnc_buf_printf(&e->text, "%s%s: %.*s", e->text.n ? ", " : "",
		dnc_rules_name(e->rules, rule), failed.p ? (int)failed.n : 7,
		failed.p ? failed.p : "matched");
}

void ruling_explain(
	const struct dnc_rules *r, const struct dnc_event *event, const struct dnc_decision *d)
{
	struct explaining e = {.rules = r, .decided = d->rule};

	dnc_rules_explain(r, add_reason, &e);
	fprintf(stderr, "%.*s: %.*s by %s%s%.*s%s", DNC_STR_ARG(event->id),
		DNC_STR_ARG(dnc_verdict_names[d->verdict]), dnc_rules_name(r, d->rule),
		e.text.n ? " (" : "", DNC_STR_ARG(dnc_buf_view(&e.text)), e.text.n ? ")" : "");
	for (size_t i = 0; i < d->routed_count; i++)
		fprintf(stderr, "%s%s", i ? ", " : "; to ",
			dnc_rules_route(r, d->routed[i].route)->name);
	fputc('\n', stderr);
	dnc_buf_free(&e.text);
}

const struct ruling_column ruling_columns[RULING_COLUMNS] = {
	{"matched", offsetof(struct dnc_rule_counts, matched)},
	{"passed", offsetof(struct dnc_rule_counts, passed)},
	{"dropped", offsetof(struct dnc_rule_counts, dropped)},
	{"routed", offsetof(struct dnc_rule_counts, routed)},
	{"copied", offsetof(struct dnc_rule_counts, copied)},
	{"sampled", offsetof(struct dnc_rule_counts, sampled)},
	{"repeated", offsetof(struct dnc_rule_counts, repeated)},
	{"limited", offsetof(struct dnc_rule_counts, limited)},
	{"changed", offsetof(struct dnc_rule_counts, changed)},
	{"made", offsetof(struct dnc_rule_counts, made)},
	{"failed", offsetof(struct dnc_rule_counts, failed)},
	{"lacking", offsetof(struct dnc_rule_counts, lacking)},
	{"unmarked", offsetof(struct dnc_rule_counts, unmarked)},
	{"forgotten", offsetof(struct dnc_rule_counts, forgotten)},
};

void ruling_stats(const struct dnc_rules *r)
{
	fprintf(stderr, "%-20s", "rule");
	for (size_t c = 0; c < RULING_COLUMNS; c++)
		fprintf(stderr, " %10s", ruling_columns[c].name);
	fprintf(stderr, " %10s", "seconds");
	for (size_t i = 0; i <= dnc_rules_count(r); i++) {
		size_t rule = i < dnc_rules_count(r) ? i : DNC_RULES_MAX;
		const char *counts = (const char *)dnc_rules_counts(r, rule);

		fprintf(stderr, "\n%-20s", dnc_rules_name(r, rule));
		for (size_t c = 0; c < RULING_COLUMNS; c++)
			fprintf(stderr, " %10llu",
				*(const unsigned long long *)(counts + ruling_columns[c].slot));
		fprintf(stderr, " %10.3f", dnc_rules_seconds(r, rule));
	}
	fputc('\n', stderr);
}
