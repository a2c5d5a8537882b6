#include "claims.h"
#include <errno.h>
#include "base/target.h"
#include "rules/expect.h"

struct claim {
	const struct dnc_route *route;
	struct dnc_error *err;
};

/* NAME (NULL: none) is WHAT. */
static int check(const struct claim *c, const char *name, const char *what)
{
	if (!name || !dnc_target_meets(name, c->route->address))
		return 0;
	return dnc_error_set(c->err, EINVAL, "the route %s is also %s (%s): use another one",
		c->route->name, what, name);
}

static int check_options(const struct claim *c, const struct options *o)
{
	const struct dnc_stage_options *s = &o->stage;

	for (size_t i = 0; i < s->input_count; i++)
		if (check(c, s->inputs[i], "an input") < 0)
			return -1;
	for (size_t i = 0; i < s->file_count; i++)
		if (check(c, s->files[i], "an input") < 0)
			return -1;
	if (!s->input_count && !s->file_count && check(c, "-", "an input") < 0)
		return -1;
	/* What two write to a pipe are whole lines, but of a file one would cut off what the other wrote. */
	if (c->route->kind != DNC_ROUTE_FD &&
		check(c, s->output ? s->output : "fd:1", "the output") < 0)
		return -1;
	if (check(c, s->rejects, "the file of rejects") < 0)
		return -1;
	return check(c, o->metrics, "the file of metrics");
}

static int check_rules(const struct claim *c, const struct dnc_rules *r)
{
	const char *file;

	for (size_t i = 0; (file = dnc_rules_file(r, i)); i++)
		if (check(c, file, "a file of the rules") < 0)
			return -1;
	return check(c, dnc_expect_path(r), "the state of the rules");
}

int claims_check(const struct options *o, const struct dnc_rules *r, struct dnc_error *err)
{
	for (size_t i = 0; r && i < dnc_rules_routes(r); i++) {
		struct claim c = {.route = dnc_rules_route(r, i), .err = err};

		if (c.route->kind == DNC_ROUTE_EXEC)
			continue;
		if (check_options(&c, o) < 0 || check_rules(&c, r) < 0)
			return -1;
	}
	return 0;
}
