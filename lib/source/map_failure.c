#include "priv/map_failure.h"
#include <stdio.h>
#include <string.h>

/* What a JSON text is, and what to do that it becomes an object. */
static const char *describe_other(char first)
{
	switch (first) {
	case '[':
		return "an array; put | .[] after it to make an event of each element";
	case '"':
		return "a string";
	case 'n':
		return "null; use empty or select(...) to make no event";
	case 't':
	case 'f':
		return "a boolean; use select(...) to choose records";
	default:
		return "a number";
	}
}

void map_failure_of_result(uint64_t number, struct dnc_str result, struct dnc_error *err)
{
	dnc_error_set(err, 0, "the map must make events (objects), but its result %llu is %s",
		(unsigned long long)number, describe_other(result.p[0]));
}

void map_failure_of_end(const struct dnc_mapper_options *o, enum map_end end, const char *why,
	struct dnc_error *err)
{
	switch (end) {
	case MAP_SLOW:
		dnc_error_set(err, 0,
			"the map ran longer than %lld ms: it may loop; see --%s-timeout",
			(long long)o->timeout_ms, o->name);
		break;
	case MAP_LARGE:
		dnc_error_set(err, 0,
			"the map needed more than %llu MiB of memory: it may loop; see "
			"--%s-memory",
			(unsigned long long)o->memory >> 20, o->name);
		break;
	case MAP_KILLED:
		dnc_error_set(err, 0,
			"the process of the map was killed %d times on this record; the system "
			"may have no memory left",
			MAP_KILLED_MAX);
		break;
	default:
		dnc_error_set(err, 0,
			"jq failed and ended its process on this record: change the program so "
			"that it avoids this value (%.100s)",
			why);
	}
}

void map_failure_of_option(
	const struct dnc_mapper_options *o, const struct dnc_error *why, struct dnc_error *err)
{
	static const struct dnc_str map = DNC_STR("the map ");
	struct dnc_str said = dnc_str(why->message);

	*err = *why;
	if (strcmp(o->name, "map") == 0 || !dnc_str_starts(said, map))
		return;
	snprintf(err->message, sizeof err->message, "the program %.*s",
		(int)(sizeof err->message - sizeof "the program "), why->message + map.n);
}
