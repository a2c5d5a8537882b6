/* source.h - runs one input format over fuzzed bytes; every record is an event or a reject, and an event that is read again
 * stays as it is. */
#pragma once
#include "base/lines.h"
#include "event/event.h"
#include "fuzz.h"
#include "source/source.h"

static void normalize_again(const struct dnc_event *event)
{
	static struct dnc_event_reader *r;
	char *line = padded((const uint8_t *)event->line.p, event->line.n);
	struct dnc_error err;
	struct dnc_event again;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (dnc_event_normalize(r, line, event->line.n, &again, &err) < 0 ||
		!dnc_str_eq(again.line, event->line))
		abort();
	free(line);
}

static void normalize(struct dnc_event_reader *r, const struct dnc_record *record)
{
	static struct dnc_event_run *run;
	struct dnc_error err;
	struct dnc_event event;

	if (!run)
		run = dnc_event_run_new(NULL, 0);
	dnc_event_reader_position(r, run, record->line, record->item);
	if (dnc_record_event(r, record, &event, &err) == 0)
		normalize_again(&event);
}

static void read_records(struct dnc_source *s, struct dnc_event_reader *r)
{
	enum dnc_source_result result;
	enum dnc_refusal refusal;
	struct dnc_record record;
	struct dnc_error err;

	while ((result = dnc_source_next(s, &record, &err)) != DNC_SOURCE_MORE) {
		if (result == DNC_SOURCE_CHOSEN)
			continue;
		if (result == DNC_SOURCE_RECORD)
			normalize(r, &record);
		else if (result == DNC_SOURCE_DROPPED)
			continue;
		else if (result == DNC_SOURCE_REJECT
				 ? err.code <= DNC_REJECT_NONE || err.code >= DNC_REJECTS ||
					   !err.message[0]
				 : !*dnc_source_refusal(s, &refusal))
			abort();
	}
}

static void read_lines(struct dnc_source *s, struct dnc_lines *lines, struct dnc_event_reader *r)
{
	struct dnc_line line;

	while (dnc_lines_next(lines, &line)) {
		dnc_source_feed(s, &line);
		read_records(s, r);
	}
}

static inline void fuzz_source(const char *format, const uint8_t *data, size_t size)
{
	static struct dnc_event_reader *r;
	struct dnc_source_options options = {.format = format,
		.region = "US",
		.max_record = 4096,
		.reason = "complaint",
		.reject_lines = size % 2 == 0};
	struct dnc_source *s;
	struct dnc_lines lines;
	struct dnc_error err;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	s = dnc_source_new(&options, &err);
	if (!s || dnc_lines_init(&lines, options.max_record, 256) < 0)
		abort();
	lines.lone_cr = size % 3;
	while (size) {
		size_t room;
		char *space = dnc_lines_space(&lines, &room);

		room = room < size ? room : size;
		memcpy(space, data, room);
		data += room;
		size -= room;
		dnc_lines_filled(&lines, room);
		read_lines(s, &lines, r);
		if (room % 7 == 0) { /* the input pauses */
			dnc_source_settle(s);
			read_records(s, r);
		}
	}
	dnc_lines_end(&lines);
	read_lines(s, &lines, r);
	dnc_source_end(s);
	read_records(s, r);
	dnc_source_free(s);
	dnc_lines_finish(&lines);
}
