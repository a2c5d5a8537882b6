#include "rows.h"
#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "compare.h"
#include "list_fields.h"
#include "reading.h"

/* The list's records are of one format, and say where its numbers come from, or the options do. */
static int check_format(struct ingest *in, const struct dnc_stream *s, const char *format)
{
	const struct dnc_format *f = dnc_format_find(format);
	const struct dnc_origin origin = dnc_source_origin(reading_source(s));
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
	c->list.provider = origin.provider;
	c->list.provider_id = in->options.source.provider_id;
	c->list.source = origin.source;
	c->list.reason = origin.reason;
	c->list.release_reason = in->options.release_reason ? in->options.release_reason
	                         : origin.release_reason    ? origin.release_reason
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
	struct compare *c = in->compare;
	struct dnc_error err;
	struct dnc_event event;
	struct dnc_str expiry;

	if (dnc_record_event(in->reader, r, &event, &err) < 0)
		return reading_reject(in, s, r, &err);
	if (event.type != DNC_NUMBER_SUPPRESSED)
		return dnc_error_set(&in->err, EINVAL,
			"%s, line %llu: %.*s is no record of a full list: leave out --against",
			s->name, (unsigned long long)r->line,
			DNC_STR_ARG(dnc_type_names[event.type]));
	if (c->noted != s->id && !r->fact)
		list_fields_note(s, reading_source(s), &event, &c->list);
	c->noted = s->id;
	if (list_fields_expired(&event, dnc_clock_now_ms(), &expiry)) {
		dnc_error_set(&err, DNC_REJECT_INVALID_FIELD,
			"expires_at: the suppression has expired on %.*s, and a full list has no such "
			"rows; --column event_data.NAME=HEADER takes them nevertheless",
			expiry.n > 40 ? 40 : (int)expiry.n, expiry.p);
		dnc_error_place(&err, "event_data.expires_at");
		return reading_reject(in, s, r, &err);
	}
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

	if ((!c->format || (format != c->format && strcmp(format, c->format) != 0)) &&
		check_format(in, s, format) < 0)
		return -1;
	if (!number && (rc = number_of_event(in, s, r, &number)) <= 0)
		return rc;
	in->accepted++;
	c->counts.rows++;
	return dnc_sorter_add(c->sorter, &number, &in->err);
}
