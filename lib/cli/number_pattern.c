#include "priv/number_pattern.h"
#include <string.h>
#include "base/str.h"
#include "cli/exit.h"
#include "phone/phone.h"

/* Returns what no number has of a pattern that requires all of its characters; "" if there is none, or if some of them may be
 * an alternative, a class, an escape or optional. */
static const char *find_foreign(const char *pattern)
{
	if (strpbrk(pattern, "|[\\?*{"))
		return "";
	return pattern + strspn(pattern, "0123456789+^$.()");
}

/* True if the dots of VALUE part a number, as in 202.555.0143: with one dot, or fewer digits after one, they may be meant for
 * any digit. */
static bool has_parts(const char *value)
{
	int parts = 0;

	for (; (value = strchr(value, '.')); parts++)
		if (strspn(++value, "0123456789") < 3)
			return false;
	return parts >= 2;
}

void dnc_cli_check_number_pattern(const char *option, const char *value)
{
	const char *start = value + (*value == '^'), *foreign = find_foreign(value);
	char number[DNC_PHONE_MAX];
	size_t n;
	bool plus = *start == '+';

	/* With none of these, a number's digits match the same digits. */
	if ((plus || *foreign || has_parts(value)) &&
		dnc_phone_normalize(dnc_str(start), "US", false, number, &n) == DNC_PHONE_OK)
		dnc_cli_usage("--%s: \"%s\" does not match %s, because it is read as a pattern: "
			      "for this number write '^\\%s$'",
			option, value, number, number);
	if (plus && start[1] && start[1 + strspn(start + 1, "0123456789")] == '\0')
		dnc_cli_usage(
			"--%s: \"%s\": in a pattern + repeats what is before it: write '^\\%s'",
			option, value, start);
	if (*foreign)
		dnc_cli_usage(
			"--%s: \"%s\" matches no number: as a pattern it requires \"%s\", but "
			"numbers are as +12025550143",
			option, value, foreign);
}
