#include "outcome.h"
#include <stdarg.h>
#include <stdio.h>
#include "base/utf8.h"

int outcome_refuse(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!in->refusals++ &&
		vsnprintf(in->refusal, sizeof in->refusal, fmt, ap) >= (int)sizeof in->refusal)
		in->refusal[dnc_utf8_whole(in->refusal, sizeof in->refusal - 1)] = '\0';
	va_end(ap);
	if (in->refused != DNC_EXIT_IO)
		in->refused = code;
	return (int)code;
}

struct dnc_outcome outcome_events(const struct ingest *in)
{
	const struct dnc_outcome now = dnc_outlet_outcome(in->stage.out),
				 *before = &in->outcome_before;

	return (struct dnc_outcome){.duplicates = now.duplicates - before->duplicates,
		.rejected = now.rejected - before->rejected,
		.dropped = now.dropped - before->dropped,
		.unclear = now.unclear - before->unclear,
		.releases = now.releases - before->releases,
		.others = now.others - before->others};
}
