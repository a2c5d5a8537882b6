/* prefix.c - types and prefixes of a filter, for indexes. */
#include "priv/clause.h"

size_t filter_literal_start(struct dnc_str pattern, char out[DNC_PHONE_MAX])
{
	size_t n = 0, i = 1;

	if (!pattern.n || pattern.p[0] != '^' || memchr(pattern.p, '|', pattern.n))
		return 0;
	while (i < pattern.n && n < DNC_PHONE_MAX - 1) {
		bool plus = i + 1 < pattern.n && pattern.p[i] == '\\' && pattern.p[i + 1] == '+';
		char c = plus ? '+' : pattern.p[i];
		size_t next = i + 1 + plus;

		if (!plus && (c < '0' || c > '9'))
			break;
		if (next < pattern.n && memchr("?*{", pattern.p[next], 3))
			break; /* it may be missing */
		out[n++] = c;
		i = next;
	}
	out[n] = '\0';
	return n;
}

unsigned dnc_filter_types(const struct dnc_filter *f)
{
	unsigned types = f->count ? 0 : (1u << DNC_TYPES) - 1;

	for (size_t i = 0; i < f->count; i++)
		types |= f->clauses[i].types;
	return types;
}

size_t dnc_filter_prefix_count(const struct dnc_filter *f)
{
	return f->open ? 0 : f->prefix_count;
}

struct dnc_str dnc_filter_prefix(const struct dnc_filter *f, size_t index)
{
	return dnc_str(f->prefixes[index]);
}
