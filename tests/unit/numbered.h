/* numbered.h - events that are told apart by a number: it is in the id and in the phone number. */
#pragma once
#include "unit.h"
#include <stdio.h>
#include "log/batch.h"

enum { NUMBERED_BYTES = 1024 };

/* The canonical line of event NUMBER; TYPE is the violation's. Returns its length. */
static inline size_t numbered_line(char line[NUMBERED_BYTES], int number, const char *type)
{
	int n = snprintf(line, NUMBERED_BYTES - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
		"\"phone_number\":\"+1303555%04d\",\"severity\":\"critical\","
		"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"violation_type\":\"%s\"},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
		"\"source_format\":\"ndjson\"}}",
		number, number % 10000, type);

	assert_in_range(n, 1, NUMBERED_BYTES - DNC_JSON_PADDING - 1);
	return (size_t)n;
}

static inline void numbered_add(
	struct dnc_event_reader *reader, struct dnc_batch *b, int number, const char *type)
{
	char line[NUMBERED_BYTES];
	struct dnc_event event;
	size_t n = numbered_line(line, number, type);

	assert_int_equal(dnc_event_parse(reader, line, n, &event), 0);
	assert_true(dnc_batch_add(b, &event));
}

/* The number in an event's line. */
static inline int numbered_read(struct dnc_str line)
{
	return atoi(line.p + sizeof "{\"id\":\"0198f0a0-0000-7000-8000-" - 1);
}
