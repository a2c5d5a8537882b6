#include "outcome.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/words.h"
#include "set/set.h"

int outcome_refuse(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!in->refusals++)
		dnc_error_format(in->refusal, sizeof in->refusal, fmt, ap);
	va_end(ap);
	if (in->refused != DNC_EXIT_IO)
		in->refused = code;
	return (int)code;
}

int outcome_refuse_aloud(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
{
	char text[REFUSAL_BYTES];
	va_list ap;

	va_start(ap, fmt);
	dnc_error_format(text, sizeof text, fmt, ap);
	va_end(ap);
	dnc_err("%s", text);
	return outcome_refuse(in, code, "%s", text);
}

enum dnc_exit outcome_set_code(const struct dnc_error *err)
{
	return err->code == DNC_SET_DAMAGED || err->code == ENOENT ? DNC_EXIT_IO
	                                                           : dnc_cli_exit_code(err->code);
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

enum dnc_exit outcome_exit(const struct dnc_error *err)
{
	switch (err->code) {
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case DNC_ERROR_NO_MEMORY:
		return DNC_EXIT_TEMPFAIL;
	default:
		return DNC_EXIT_IO;
	}
}

const char *outcome_rest(const struct ingest *in, char text[OUTCOME_REST_BYTES])
{
	unsigned long long withheld = in->tally.withheld;

	text[0] = '\0';
	if (withheld)
		snprintf(text, OUTCOME_REST_BYTES, "; %llu %s not published", withheld,
			dnc_plural(
				withheld, "change that was read is", "changes that were read are"));
	else if (in->partial && in->published)
		snprintf(text, OUTCOME_REST_BYTES, "; the %llu %s published",
			(unsigned long long)in->published,
			dnc_plural(
				in->published, "event before that is", "events before that are"));
	return text;
}
