#include "rows.h"
#include <errno.h>
#include <string.h>
#include "compare.h"
#include "reading.h"

/* The list's records are of one format, and say where its numbers come from, or the options do. */
static int check_format(struct ingest *in, const struct dnc_stream *s, const char *format)
{
	const struct dnc_source_options *o = &in->options.source;
	const struct dnc_format *f = dnc_format_find(format);
	const struct dnc_origin *origin = dnc_format_origin(format);
	struct compare *c = in->compare;

	if (c->format)
		return dnc_error_set(&in->err, EINVAL,
			"%s has the format %s, but the files before have %s: together they are no list",
			s->name, format, c->format);
	if (!f || f->flags & DNC_FORMAT_CHANGES)
		return dnc_error_set(&in->err, EINVAL,
			"%s has the format %s, which is no full list: leave out --against", s->name,
			format);
	c->format = format;
	c->list.format = format;
	c->list.provider = o->provider ? o->provider : origin->provider;
	c->list.provider_id = o->provider_id;
	c->list.source = o->source ? o->source : origin->source;
	c->list.reason = o->reason ? o->reason : origin->reason;
	c->list.release_reason = in->options.release_reason ? in->options.release_reason
	                         : origin->release_reason   ? origin->release_reason
	                                                    : "system_cleanup";
	if (!c->list.reason)
		return dnc_error_set(&in->err, EINVAL,
			"--against needs --reason for the format %s: the set keeps numbers, not why each "
			"is suppressed",
			format);
	return 0;
}

/* The number of a record that is an event. 1 if it is one, 0 if it was rejected, -1 with the ingest's error. */
static int number_of_event(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, uint64_t *number)
{
	struct dnc_error err;
	struct dnc_event event;

	if ((r->fact ? dnc_event_from_fact(in->reader, r->fact, &event, &err)
		     : dnc_event_normalize(in->reader, r->event.p, r->event.n, &event, &err)) < 0)
		return reading_reject(in, s, r, &err);
	if (event.type != DNC_NUMBER_SUPPRESSED)
		return dnc_error_set(&in->err, EINVAL,
			"%s, line %llu: %.*s is no record of a full list: leave out --against",
			s->name, (unsigned long long)r->line,
			DNC_STR_ARG(dnc_type_names[event.type]));
	*number = 0;
	for (size_t i = 1; i < event.phone_number.n; i++)
		*number = *number * 10 + (uint64_t)(event.phone_number.p[i] - '0');
	return 1;
}

int rows_take(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, const char *format)
{
	struct compare *c = in->compare;
	uint64_t number = r->number;
	int rc;

	if (format != c->format && check_format(in, s, format) < 0)
		return -1;
	if (!number && (rc = number_of_event(in, s, r, &number)) <= 0)
		return rc;
	in->accepted++;
	c->counts.rows++;
	return dnc_sorter_add(c->sorter, &number, &in->err);
}
