/* route_keys.c - the keys of rules that send events elsewhere. */
#include <errno.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/reading.h"

/* Relative paths start there. */
static struct dnc_str directory(const struct rules_reading *r)
{
	const char *slash = strrchr(r->path, '/');

	return slash ? (struct dnc_str){r->path, (size_t)(slash - r->path) + 1} : DNC_STR("");
}

/* What a path that was not meant so looks like. -1 after a fault. */
static int doubt_address(struct rules_reading *r)
{
	static const char *const schemes[] = {"unix:", "file:", "fd:", "exec:"};
	const char *v = r->entry->value.p, *colon = strchr(v, ':');
	bool command = strncmp(v, "exec:", 5) == 0, sockets = strncmp(v, schemes[0], 5) == 0;

	if (colon && dnc_chr_is_blank(colon[1]) && !command)
		return rules_fault_value(r, (size_t)(colon + 1 - v), "a blank after the colon");
	for (const char *p = v; !command && (p = strpbrk(p, ",#")); p++) {
		const char *next = p + 1 + strspn(p + 1, " \t");

		if (*p == '#' && p > v && dnc_chr_is_blank(p[-1]))
			return rules_fault_value(r, (size_t)(p - v),
				"\"#\" starts no comment behind a value: write \" ;\"");
		if (*p == ',' && sockets && next == p + 1 && !dnc_chr_is_blank(p[-1]) &&
			strncmp(next, schemes[0], 5) == 0)
			continue;
		for (size_t i = 0; *p == ',' && i < sizeof schemes / sizeof schemes[0]; i++)
			if (strncmp(next, schemes[i], strlen(schemes[i])) == 0)
				return rules_fault_value(r, (size_t)(next - v),
					"one address is allowed here: give others by copy = ADDRESS, "
					"a line for each; only hubs that share one log are several: "
					"unix:PATH,unix:PATH");
	}
	return 0;
}

/* The number of the route that the value names; of those with the same address there is one. -1 after a fault. */
static int intern(struct rules_reading *r)
{
	struct dnc_rules *rules = r->rules;
	struct dnc_route route;
	struct dnc_error err;
	int at;

	if (r->entry->comment)
		return rules_fault(r, r->entry->value_at + r->entry->value.n,
			"the rest of the line is a comment: write a command with \" ;\" as a script");
	if (doubt_address(r) < 0)
		return -1;
	if (dnc_route_read(&route, r->entry->value, directory(r), &err) < 0) {
		dnc_route_finish(&route);
		return err.code == DNC_ERROR_NO_MEMORY
		               ? rules_no_memory(r)
		               : rules_fault_value(r, DNC_NO_OFFSET, err.message);
	}
	for (at = 0; at < (int)rules->route_count; at++)
		if (strcmp(rules->routes[at].what.address, route.address) == 0)
			break;
	if (at < (int)rules->route_count) {
		dnc_route_finish(&route);
		return at;
	}
	if (rules->route_count < DNC_ROUTES_MAX &&
		dnc_array_grow(&rules->routes, &rules->route_room, rules->route_count + 1)) {
		rules->routes[rules->route_count++] = (struct rule_route){.what = route};
		return at;
	}
	dnc_route_finish(&route);
	return rules->route_count < DNC_ROUTES_MAX
	               ? rules_no_memory(r)
	               : rules_fault_value(
				 r, DNC_NO_OFFSET, "is one route too many: 64 are allowed");
}

int rules_read_route(struct rules_reading *r, struct dnc_str name)
{
	int at = intern(r);

	(void)name;
	if (at < 0)
		return -1;
	r->rule->route = at + 1;
	return 0;
}

int rules_read_copy(struct rules_reading *r, struct dnc_str name)
{
	struct rule *rule = r->rule;
	int at;

	(void)name;
	at = intern(r);
	if (at < 0)
		return -1;
	if (!dnc_array_grow(&rule->copies, &rule->copy_room, rule->copy_count + 1))
		return rules_no_memory(r);
	rule->copies[rule->copy_count++] = at;
	return 0;
}

int rules_read_when_down(struct rules_reading *r, struct dnc_str name)
{
	struct dnc_str v = r->entry->value;

	(void)name;
	if (rules_check_word(r, dnc_when_down_words) < 0)
		return -1;
	r->route.when_down = dnc_str_eq(v, DNC_STR("spool"))  ? DNC_WHEN_DOWN_SPOOL
	                     : dnc_str_eq(v, DNC_STR("skip")) ? DNC_WHEN_DOWN_SKIP
	                                                      : DNC_WHEN_DOWN_STALL;
	r->when_down_given = true;
	return 0;
}

int rules_read_spool(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	if (!r->entry->value.n)
		return rules_fault_value(r, DNC_NO_OFFSET, "the name of a directory is missing");
	free(r->route.spool);
	r->route.spool = dnc_route_path(r->entry->value, directory(r));
	return r->route.spool ? 0 : rules_no_memory(r);
}

int rules_read_timeout(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	if (dnc_clock_parse_span(r->entry->value, &r->route.timeout_ms) &&
		r->route.timeout_ms > 0 && r->route.timeout_ms <= DNC_DAY_MS)
		return 0;
	return rules_fault_value(r, DNC_NO_OFFSET, "is not a duration from 1s to 1d");
}

/* What this rule says of the route. -1 after a fault. */
static int apply(struct rules_reading *r, int at)
{
	struct rule_route *route = &r->rules->routes[at];
	struct dnc_route *what = &route->what;

	if (r->when_down_given && route->when_down_given &&
		(what->when_down != r->route.when_down ||
			!dnc_str_eq(dnc_str(what->spool), dnc_str(r->route.spool))))
		return rules_fault(r, 0,
			"[rule %s]: another rule has another when_down or spool for %s",
			r->rule->name, what->name);
	if (r->route.timeout_ms && what->timeout_ms && r->route.timeout_ms != what->timeout_ms)
		return rules_fault(r, 0, "[rule %s]: another rule has another exec.timeout for %s",
			r->rule->name, what->name);
	if (r->route.timeout_ms)
		what->timeout_ms = r->route.timeout_ms;
	if (!r->when_down_given || route->when_down_given)
		return 0;
	route->when_down_given = true;
	what->when_down = r->route.when_down;
	what->spool = r->route.spool ? strdup(r->route.spool) : NULL;
	return what->spool || !r->route.spool ? 0 : rules_no_memory(r);
}

static bool runs_commands(const struct rules_reading *r)
{
	const struct rule *rule = r->rule;

	for (size_t i = 0; i < rule->copy_count; i++)
		if (r->rules->routes[rule->copies[i]].what.kind == DNC_ROUTE_EXEC)
			return true;
	return rule->route && r->rules->routes[rule->route - 1].what.kind == DNC_ROUTE_EXEC;
}

static void check(struct rules_reading *r)
{
	const struct rule *rule = r->rule;
	bool spools = r->when_down_given && r->route.when_down == DNC_WHEN_DOWN_SPOOL;
	const struct {
		bool wrong;
		const char *text;
	} faults[] = {
		{!rule->route && !rule->copy_count &&
				(r->when_down_given || r->route.spool || r->route.timeout_ms),
			"when_down, spool and exec.timeout need route or copy"},
		{spools && !r->route.spool, "when_down = spool needs spool = DIRECTORY"},
		{!spools && r->route.spool, "spool needs when_down = spool"},
		{rule->route && r->action_given,
			"action and route exclude each other: use copy to pass the event, too"},
		{rule->route && rule->goes_on,
			"route and continue = yes exclude each other: use copy to go on"},
		{r->route.timeout_ms && (rule->route || rule->copy_count) && !runs_commands(r),
			"exec.timeout is for exec:COMMAND"},
	};

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (faults[i].wrong)
			rules_fault(r, 0, "[rule %s]: %s", rule->name, faults[i].text);
}

void rules_end_routes(struct rules_reading *r)
{
	struct rule *rule = r->rule;

	check(r);
	for (size_t i = 0; i < rule->copy_count; i++)
		apply(r, rule->copies[i]);
	if (rule->route)
		apply(r, rule->route - 1);
	/* The rule does not decide unless it says so. */
	if (rule->copy_count && !rule->route && !r->action_given && !r->continue_given)
		rule->goes_on = true;
}
