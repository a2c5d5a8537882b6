/* events.h - records of every type and shape, and what two equal events have in common. */
#pragma once
#include "event/event.h"

#define RECORD_START(type) "{\"type\":\"dnc." type "\","
#define RECORD(type, rest) RECORD_START(type) rest "}"
#define NUMBER             "\"phone_number\":\"+13035550143\","

/* Not canonical yet. */
static const char *const records[] = {
	RECORD("number.suppressed", NUMBER "\"reason\":\"complaint\",\"source\":\"federal\""),
	RECORD("number.suppressed",
		NUMBER "\"reason\":\"testing\",\"provider\":\"a\\\"b\",\"provider_id\":\"\\\\\""),
	RECORD("number.suppressed",
		NUMBER "\"reason\":\"testing\",\"summary\":\"call 303 555 0143\\n\""),
	RECORD("number.suppressed", NUMBER "\"reason\":\"x\",\"summary\":\"\\u0030 123456789\""),
	RECORD("number.released", "\"id\":\"own 1234567\"," NUMBER
				  "\"reason\":\"admin_override\",\"a\":{\"b\":[1,{}]}"),
	RECORD("check.performed", NUMBER "\"result\":\"blocked\",\"by\":{\"3035550143\":1}"),
	RECORD("check.performed",
		NUMBER "\"result\":\"blocked\",\"by\":{\"3035550143\":1,\"2025550143\":2}"),
	RECORD("check.performed",
		NUMBER "\"result\":\"allowed\",\"n\":13035550143,\"latency\":1500000"),
	RECORD("check.performed", NUMBER "\"result\":\"error\",\"e\":\"\\t3035550143\""),
	RECORD("check.performed",
		NUMBER "\"result\":\"unknown\",\"metadata\":{\"event_data\":{},\"x\":null}"),
	RECORD("list.synced",
		"\"provider\":\"ftc\",\"sync_status\":\"failed\",\"severity\":\"LOW\""),
	RECORD("list.synced",
		"\"provider\":\"\xc3\xa9\",\"sync_status\":\"success\",\"records_added\":7"),
	RECORD("compliance.violation",
		NUMBER "\"violation_type\":\"x\",\"timestamp\":\"9999-12-31T23:59:59Z\""),
	RECORD("compliance.violation", NUMBER
		"\"violation_type\":\"x\",\"timestamp\":\"2026-08-29T08:00:00Z\","
		"\"metadata\":{\"ingested_at\":\"2026-08-29T09:00:00Z\",\"source_format\":\"\\u0022\"}"),
	RECORD("provider.status_change", "\"provider\":\"p\",\"new_status\":\"online\""),
};

enum { RECORDS = sizeof records / sizeof records[0] };

/* Why A and B are not the same event; NULL when they are. */
static inline const char *events_differ(const struct dnc_event *a, const struct dnc_event *b)
{
	const struct {
		const char *name;
		struct dnc_str a, b;
	} texts[] = {
		{"line", a->line, b->line},
		{"id", a->id, b->id},
		{"phone_number", a->phone_number, b->phone_number},
		{"provider", a->provider, b->provider},
		{"provider_id", a->provider_id, b->provider_id},
		{"summary", a->summary, b->summary},
		{"severity_text", a->severity_text, b->severity_text},
		{"timestamp", a->timestamp, b->timestamp},
		{"ingested_at", a->ingested_at, b->ingested_at},
		{"event_data", a->event_data, b->event_data},
		{"metadata", a->metadata, b->metadata},
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (!texts[i].a.p != !texts[i].b.p || !dnc_str_eq(texts[i].a, texts[i].b))
			return texts[i].name;
	if (a->seq != b->seq)
		return "seq";
	if (a->type != b->type)
		return "type";
	if (a->severity != b->severity)
		return "severity";
	return a->timestamp_ms != b->timestamp_ms ? "timestamp_ms" : NULL;
}
