/* source.h - runs one input format over fuzzed bytes; every record is given or rejected. */
#pragma once
#include "base/lines.h"
#include "event/event.h"
#include "fuzz.h"
#include "source/source.h"

static int on_record(void *ctx, const struct dnc_record *record)
{
	static struct dnc_event_run *run;
	struct dnc_error err;
	struct dnc_event event;

	if (!run)
		run = dnc_event_run_new(NULL, 0);
	dnc_event_reader_place(ctx, run, record->line, record->item);
	dnc_event_normalize(ctx, record->event.p, record->event.n, &event, &err);
	return 0;
}

static int on_reject(void *ctx, const struct dnc_record *record, const struct dnc_error *err)
{
	(void)ctx;
	(void)record;
	if (err->code <= DNC_REJECT_NONE || err->code >= DNC_REJECTS || !err->message[0])
		abort();
	return 0;
}

static int on_refuse(void *ctx, enum dnc_refusal kind, const char *why)
{
	(void)ctx;
	(void)kind;
	if (!*why)
		abort();
	return 0;
}

static inline void fuzz_source(const char *format, const uint8_t *data, size_t size)
{
	static struct dnc_event_reader *r;
	struct dnc_source_options options = {
		.format = format, .region = "US", .max_record = 4096, .reason = "complaint"};
	struct dnc_source_events events = {on_record, on_reject, size % 2 ? on_refuse : NULL, NULL};
	struct dnc_source *s;
	struct dnc_lines lines;
	struct dnc_line line;
	struct dnc_error err;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	events.ctx = r;
	s = dnc_source_new(&options, &events, &err);
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
		while (dnc_lines_next(&lines, &line))
			dnc_source_line(s, &line);
	}
	dnc_lines_end(&lines);
	while (dnc_lines_next(&lines, &line))
		dnc_source_line(s, &line);
	dnc_source_end(s);
	dnc_source_free(s);
	dnc_lines_finish(&lines);
}
