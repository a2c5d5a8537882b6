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

/* Writes WORDS with commas between them into SHOWN, as many as fit. Returns the length. */
static size_t list_words(const char *words, char *shown, size_t room)
{
	size_t n = 0;

	for (const char *p = words; *p && n + 3 < room; p++) {
		if (*p != ' ')
			shown[n++] = *p;
		else if (p[1]) {
			shown[n++] = ',';
			shown[n++] = ' ';
		}
	}
	return n;
}

void dnc_cli_word(const char *name, struct dnc_str word, const char *words, const char *elsewhere)
{
	/* Of two words the nearest may be the wrong one (of RS256, HS256): both are shown. */
	enum { FEW = 2 };
	struct dnc_str near = {0};
	char shown[300];
	size_t blanks = 0;

	if (dnc_words_have(words, word))
		return;
	for (const char *p = words; (p = strchr(p, ' ')); p++)
		blanks++;
	if (blanks + 1 > FEW)
		near = dnc_words_nearest(words, word);
	if (near.p)
		dnc_cli_usage("%s: \"%.*s\" is unknown; did you mean \"%.*s\"?%s%s", name,
			DNC_STR_ARG(word), DNC_STR_ARG(near), elsewhere ? " " : "",
			elsewhere ? elsewhere : "");
	dnc_cli_usage("%s: \"%.*s\" is not one of %.*s%s%s", name, DNC_STR_ARG(word),
		(int)list_words(words, shown, sizeof shown), shown, elsewhere ? ". " : "",
		elsewhere ? elsewhere : "");
}
