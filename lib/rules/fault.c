/* fault.c - what is wrong with rules is reported with its place. */
#include <stdarg.h>
#include "base/escape.h"
#include "base/words.h"
#include "priv/reading.h"

static void report(struct rules_reading *r, size_t at, bool warning, struct dnc_str message)
{
	const struct dnc_rules_options *o = &r->rules->options;
	const struct dnc_ini_entry *e = r->entry;
	size_t *count = warning ? &r->warnings : &r->faults;

	if ((*count)++ < DNC_RULES_MAX_FAULTS)
		o->fault(o->ctx, &(struct dnc_rules_fault){.warning = warning,
					 .path = r->path,
					 .line = e ? e->line : 0,
					 .at = e && at > e->text.n ? e->text.n : at,
					 .text = e ? e->text : (struct dnc_str){0},
					 .message = message});
}

static void format(struct rules_reading *r, size_t at, bool warning, const char *fmt, va_list args)
{
	struct dnc_buf text = {0};
	char line[512];

	dnc_error_format(line, sizeof line, fmt, args);
	/* What the file says stands in it. */
	dnc_escape(&text, dnc_str(line), DNC_ESCAPE_TEXT);
	report(r, at, warning, dnc_buf_ok(&text) ? dnc_buf_view(&text) : DNC_STR("?"));
	dnc_buf_free(&text);
}

int rules_fault(struct rules_reading *r, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(r, at, false, fmt, args);
	va_end(args);
	return -1;
}

void rules_warn(struct rules_reading *r, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(r, at, true, fmt, args);
	va_end(args);
}

int rules_fault_value(struct rules_reading *r, size_t offset, const char *why)
{
	struct dnc_str v = r->entry->value;
	size_t at = r->entry->value_at + (offset == DNC_NO_OFFSET ? 0 : offset);

	for (size_t i = 1; offset == DNC_NO_OFFSET && i < v.n; i++)
		if (v.p[i] == '#' && dnc_chr_is_blank(v.p[i - 1]))
			return rules_fault(
				r, at + i, "\"#\" starts no comment behind a value: write \" ;\"");
	if (strncmp(why, "is ", 3) == 0)
		return rules_fault(r, at, "\"%.*s\" %s", v.n > 60 ? 60 : (int)v.n, v.p, why);
	return rules_fault(r, at, "%s", why);
}

int rules_no_memory(struct rules_reading *r)
{
	r->no_memory = true;
	return -1;
}

/* The value must be one of WORDS, separated by blanks. */
int rules_check_word(struct rules_reading *r, const char *words)
{
	struct dnc_buf why = {0};
	int rc = 0;

	if (!dnc_words_check(words, r->entry->value, &why))
		rc = dnc_buf_ok(&why)
		             ? rules_fault_value(r, DNC_NO_OFFSET, (dnc_buf_chr(&why, '\0'), why.p))
		             : rules_no_memory(r);
	dnc_buf_free(&why);
	return rc;
}
