#include "figures.h"
#include "base/clock.h"

/* At most one event in so long is parsed for its latency. */
enum { LATENCY_MS = 50 };

void figures_ask(struct stream *s)
{
	if (s->asked_ns) /* one question was not answered */
		status_forget(&s->status);
	s->asked_ns = dnc_clock_mono_ns();
	dnc_buf_lit(connection_begin(&s->connection), "{\"type\":\"get_stats\"}");
	connection_send(&s->connection);
}

void figures_answer(struct stream *s, uint64_t position, uint64_t lag)
{
	int64_t trip_ns = dnc_clock_mono_ns() - s->asked_ns;

	status_answer(&s->status, s->asked_ns ? trip_ns / 1000 : -1, lag);
	s->asked_ns = 0;
	s->status.looked = position >= s->status.first ? position + 1 - s->status.first : 0;
}

void figures_latency(struct stream *s, struct dnc_str text)
{
	int64_t now = dnc_clock_mono_ms(), taken_in;
	struct dnc_json doc;
	uint32_t metadata;

	if (now - s->looked_ms < LATENCY_MS ||
		dnc_json_parse(s->parser, text.p, text.n, &doc, NULL) < 0)
		return;
	s->looked_ms = now;
	metadata = dnc_json_get(&doc, 0, DNC_STR("metadata"));
	if (metadata && dnc_clock_parse(message_text(&doc, metadata, "ingested_at"), &taken_in))
		status_latency(&s->status, dnc_clock_now_ms() - taken_in);
}
