#include "emission.h"
#include <stdarg.h>
#include <stdio.h>
#include "cli/cli.h"

enum dnc_exit emission_fail(struct emission *e, enum dnc_exit rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->why, sizeof e->why, fmt, ap);
	va_end(ap);
	e->rc = rc;
	return rc;
}

void emission_reject(
	struct emission *e, struct item *item, enum dnc_reject code, const char *message)
{
	struct dnc_error err, why;

	item->fate = FATE_REJECTED;
	if (!e->options.lines) {
		dnc_err("%s", message);
		return;
	}
	if (!code) {
		dnc_err("line %llu: %s", (unsigned long long)item->line, message);
		return;
	}
	dnc_error_set(&err, (int)code, "%s", message);
	if (dnc_rejects_add(&e->rejects, "stdin", item->line, item->part,
		    batch_event(&e->batch, item), &err, &why) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", why.message);
}
