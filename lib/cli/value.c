#include "cli/value.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/words.h"
#include "cli/exit.h"

/* Multiplies *VALUE by the unit at *END, and moves *END past it. False if it is none, or too much. */
static bool apply_unit(uint64_t *value, char **end)
{
	static const char units[] = "KMGT";
	const char *unit = strchr(units, toupper((unsigned char)**end));

	if (!unit)
		return false;
	for (long i = unit - units; i >= 0; i--)
		if (__builtin_mul_overflow(*value, 1024u, value))
			return false;
	++*end;
	return true;
}

static uint64_t bounded(const char *name, const char *text, uint64_t min, uint64_t max, bool size)
{
	char *end;
	uint64_t v;
	bool ok;

	errno = 0;
	v = strtoull(text, &end, 10);
	ok = isdigit((unsigned char)text[0]) && !errno;
	if (ok && size && *end)
		ok = apply_unit(&v, &end);
	if (!ok || *end || v < min || v > max)
		dnc_cli_usage("%s: \"%s\" is not a %s from %" PRIu64 " to %" PRIu64, name, text,
			size ? "size" : "number", min, max);
	return v;
}

uint64_t dnc_cli_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	return bounded(name, text, min, max, false);
}

uint64_t dnc_cli_size(const char *name, const char *text, uint64_t min, uint64_t max)
{
	return bounded(name, text, min, max, true);
}

int64_t dnc_cli_duration(const char *name, const char *text)
{
	int64_t ms;

	if (!dnc_clock_parse_span(dnc_str(text), &ms))
		dnc_cli_usage("%s: \"%s\" is not a duration like 10s", name, text);
	return ms;
}

int64_t dnc_cli_time(const char *name, const char *text)
{
	int64_t ms;

	if (text[0] == '-' && dnc_clock_parse_span(dnc_str(text + 1), &ms))
		return dnc_clock_now_ms() - ms;
	if (!dnc_clock_parse(dnc_str(text), &ms) && !dnc_clock_parse_local(dnc_str(text), &ms))
		dnc_cli_usage("%s: \"%s\" is neither a time like 2026-08-29T08:00:00Z nor a "
			      "duration like -1h",
			name, text);
	return ms;
}

void dnc_cli_word(const char *name, struct dnc_str word, const char *words, const char *elsewhere)
{
	struct dnc_buf why = {0};

	if (dnc_words_check(words, word, &why))
		return;
	if (!dnc_buf_ok(&why))
		dnc_cli_die_nomem();
	dnc_cli_usage("%s: %.*s%s%s", name, DNC_STR_ARG(dnc_buf_view(&why)),
		!elsewhere                ? ""
		: why.p[why.n - 1] == '?' ? " "
					  : ". ",
		elsewhere ? elsewhere : "");
}
