/* How often an event is parsed on its way from the intake through the log and the ring to the subscribers of several
 * workers: all calls of dnc_json_parse() pass through here (the linker wraps them: see the Makefile). */
#include "unit.h"
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include "daemon/pump.h"
#include "hub/hub.h"

enum { WORKERS = 3, EVENTS = 50, SUBSCRIBERS = 4, RING_BYTES = 256 << 10 };

static atomic_uint parses;

int __real_dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n,
	struct dnc_json *doc, struct dnc_error *err);
int __wrap_dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n,
	struct dnc_json *doc, struct dnc_error *err);

int __wrap_dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n,
	struct dnc_json *doc, struct dnc_error *err)
{
	parses++;
	return __real_dnc_json_parse(p, text, n, doc, err);
}

/* What one subscriber of each worker asks for; filter is NULL: there is none. */
struct wish {
	const char *filter;
	unsigned rendering;
};

struct received {
	struct dnc_subscriber *subscriber;
	unsigned sends;
};

struct world {
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_hub *hubs[WORKERS];
	struct received received[WORKERS][SUBSCRIBERS];
	struct dnc_pump pump;
	sem_t committed;
};

static enum dnc_sent on_send(void *conn, const void *frames, size_t n)
{
	(void)frames;
	(void)n;
	((struct received *)conn)->sends++;
	return DNC_SENT;
}

static enum dnc_sent on_started(void *conn)
{
	(void)conn;
	return DNC_SENT;
}

static void on_soon(void *conn)
{
	(void)conn;
}

static void on_committed(void *ctx)
{
	sem_post(&((struct world *)ctx)->committed);
}

/* All hubs have had their turn when the pump goes on: the ring is never full. */
static void on_full(void *ctx)
{
	(void)ctx;
	fail_msg("the ring is full");
}

static void on_appended(void *ctx)
{
	struct world *w = ctx;

	for (int i = 0; i < WORKERS; i++)
		while (dnc_hub_work(w->hubs[i]))
			;
}

static void join(struct dnc_hub *hub, struct received *r, const struct wish *wish)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES, .rendering = wish->rendering};
	static const struct dnc_rate unlimited;
	struct dnc_error err;
	const struct dnc_filter *f =
		dnc_filter_compile_text(wish->filter, strlen(wish->filter), &err);

	assert_non_null(f);
	r->subscriber = dnc_hub_join(hub, r, &view, &unlimited);
	assert_int_equal(
		dnc_hub_subscribe(r->subscriber, f, &(struct dnc_start){.from = DNC_START_NOW}), 0);
	dnc_filter_unref(f);
}

static void open_world(struct world *w, const struct wish wishes[SUBSCRIBERS])
{
	struct dnc_error err;
	struct dnc_hub_options options = {.max_lag = 1000,
		.transport = {.send = on_send, .started = on_started, .soon = on_soon}};

	*w = (struct world){0};
	sem_init(&w->committed, 0, 0);
	w->journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	w->writer = dnc_writer_new(w->journal, on_committed, w);
	assert_non_null(w->writer);
	assert_int_equal(dnc_writer_start(w->writer), 0);
	w->pump = (struct dnc_pump){.writer = w->writer,
		.ring = dnc_ring_new(RING_BYTES, 0),
		.release = on_full,
		.blocked = on_full,
		.appended = on_appended,
		.ctx = w};
	options.ring = w->pump.ring;
	options.journal = w->journal;
	for (int i = 0; i < WORKERS; i++) {
		w->hubs[i] = dnc_hub_new(&options);
		for (int k = 0; k < SUBSCRIBERS && wishes[k].filter; k++)
			join(w->hubs[i], &w->received[i][k], &wishes[k]);
	}
}

static void close_world(struct world *w)
{
	dnc_writer_free(w->writer);
	for (int i = 0; i < WORKERS; i++) {
		for (int k = 0; k < SUBSCRIBERS; k++)
			dnc_hub_leave(w->received[i][k].subscriber);
		dnc_hub_free(w->hubs[i]);
	}
	dnc_ring_free(w->pump.ring);
	dnc_pump_finish(&w->pump);
	dnc_journal_close(w->journal);
	sem_destroy(&w->committed);
}

/* Hands in event INDEX, which is canonical, and waits until the hubs have had it. */
static void deliver(
	struct world *w, struct dnc_event_reader *intake, int index, const char *summary)
{
	char line[600];
	struct dnc_event event;
	struct dnc_error err;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.number.suppressed\","
		"\"phone_number\":\"+13035550143\",\"provider\":\"partner\",\"severity\":\"info\","
		"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"%s\","
		"\"event_data\":{\"reason\":\"complaint\",\"source\":\"consumer\"},"
		"\"metadata\":{\"reason\":\"complaint\",\"source\":\"consumer\",\"is_temporary\":false,"
		"\"tcpa_relevant\":true,\"gdpr_relevant\":false,\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
		"\"source_format\":\"ndjson\"}}",
		index, summary);

	assert_int_equal(dnc_event_normalize(intake, line, (size_t)n, &event, &err), 0);
	assert_int_equal(dnc_writer_add(w->writer, &event, 0, 0), 0);
	while (dnc_ring_last(w->pump.ring) < (uint64_t)index)
		if (!dnc_pump_run(&w->pump))
			sem_wait(&w->committed);
}

static const struct {
	const char *what, *summary;
	struct wish wishes[SUBSCRIBERS];
	unsigned parses, /* of one event */
		silent;  /* a bit for each wish whose filter matches nothing */
} cases[] = {
	{"nobody", "s", {{0}}, 1, 0},
	{"everything", "s", {{"{}", 0}}, 1, 0},
	{"filters on the event's own members", "s",
		{{"{\"providers\":[\"partner\"]}", 0},
			{"{\"min_severity\":\"info\",\"severities\":[\"info\",\"low\"]}", 0},
			{"{\"event_types\":[\"dnc.number.*\"]}", 0},
			{"{\"phone_patterns\":[\"0143$\",\"^\\\\+1303\"]}", 0}},
		1, 0},
	{"flags", "s",
		{{"{\"errors_only\":true}", 0}, {"{\"high_risk_only\":true}", 0},
			{"{\"compliance_only\":true}", 0}},
		1, 7},
	{"compressed and CloudEvents", "s",
		{{"{}", DNC_DEFLATED}, {"{}", DNC_CLOUDEVENT},
			{"{\"providers\":[\"partner\"]}", DNC_CLOUDEVENT | DNC_DEFLATED}},
		1, 0},
	{"masked", "s",
		{{"{}", DNC_MASKED}, {"{\"providers\":[\"partner\"]}", DNC_MASKED},
			{"{\"phone_patterns\":[\"0143$\"]}", DNC_MASKED | DNC_CLOUDEVENT},
			{"{}", 0}},
		1, 0},
	{"masked, with escapes", "say \\\"s\\\"", {{"{}", DNC_MASKED}}, 1 + WORKERS, 0},
	/* A worker parses what its filters ask for, once for all of them. */
	{"members of event_data", "s",
		{{"{\"suppress_reasons\":[\"complaint\"]}", 0},
			{"{\"custom_filters\":{\"metadata.reason\":\"complaint\"}}", 0},
			{"{\"custom_filters\":{\"event_data.source\":\"consumer\"}}", 0},
			{"{}", DNC_MASKED}},
		1 + WORKERS, 0},
};

static void an_event_is_parsed_once_whatever_the_number_of_workers(void **state)
{
	struct dnc_event_reader *intake = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		struct world w;

		open_world(&w, cases[c].wishes);
		parses = 0;
		for (int i = 1; i <= EVENTS; i++)
			deliver(&w, intake, i, cases[c].summary);
		if (parses != cases[c].parses * EVENTS)
			fail_msg("%s: %u parses of %d events", cases[c].what, parses, EVENTS);
		for (int i = 0; i < WORKERS; i++)
			for (int k = 0; k < SUBSCRIBERS && cases[c].wishes[k].filter; k++)
				if (w.received[i][k].sends !=
					(cases[c].silent & 1u << k ? 0 : EVENTS))
					fail_msg("%s: %u sends to subscriber %d", cases[c].what,
						w.received[i][k].sends, k);
		close_world(&w);
	}
	dnc_event_reader_free(intake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_parsed_once_whatever_the_number_of_workers),
	};

	return cmocka_run_group_tests_name("parses", tests, NULL, NULL);
}
