#include "web/http/stats.h"
#include "base/clock.h"
#include "json/member.h"
#include "web/http/reply.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

/* What an answer is made of. */
struct stats_page {
	const struct http_request *request;
	const struct dnc_web_options *options;
	struct stats_copy sum; /* of all servers */
	struct dnc_web_stats rest;
	struct dnc_buf *page;
	/* What the client may not know: numbers of all events if its role sees some only; what the filters of others match if
	 * that would tell what is hidden in its events, and sums of bytes that would tell how long that is. */
	bool hides_events, hides_matches, hides_bytes;
};

enum { SIZE_STEP = 64 << 10 }; /* of sizes of files, so that they tell nothing of one event */

static void open_object(struct dnc_buf *b, const char *key)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_chr(b, '{');
}

static void add_decimal(struct dnc_buf *b, const char *key, double value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_printf(b, "%.3f", value);
}

/* In milliseconds; null if H is empty: nothing is known then. */
static void add_quantile(
	struct dnc_buf *b, const char *key, const struct dnc_histogram *h, double share)
{
	if (dnc_histogram_count(h))
		add_decimal(b, key, dnc_histogram_quantile(h, share) * 1e3);
	else
		dnc_json_member_json(b, key, DNC_STR("null"));
}

static void add_unless(struct dnc_buf *b, bool hidden, const char *key, uint64_t number)
{
	if (hidden)
		dnc_json_member_json(b, key, DNC_STR("null"));
	else
		dnc_json_member_number(b, key, number);
}

static void add_size(struct dnc_buf *b, const char *key, uint64_t bytes)
{
	dnc_json_member_number(b, key, (bytes + SIZE_STEP - 1) / SIZE_STEP * SIZE_STEP);
}

/* Of an event for each client, so that it counts them. */
static void add_latency(struct stats_page *f)
{
	const struct dnc_histogram *h = &f->sum.minute;
	struct dnc_buf *b = f->page;

	open_object(b, "latency_ms");
	add_quantile(b, "p50", h, 0.5);
	add_quantile(b, "p99", h, 0.99);
	add_quantile(b, "max", h, 1);
	add_unless(b, f->hides_events, "count", dnc_histogram_count(h));
	dnc_buf_chr(b, '}');
}

static void add_hub(struct stats_page *f)
{
	const struct dnc_web_options *o = f->options;
	const struct http_context *context = f->request->context;
	const char *failing = context->draining ? "draining" : o->not_ready(o->ctx);
	struct dnc_buf *b = f->page;

	dnc_json_member_text(b, "version", DNC_VERSION);
	dnc_json_member_number(
		b, "uptime_s", (uint64_t)(dnc_clock_mono_ms() - context->started_ms) / 1000);
	dnc_json_member_time(b, "now", dnc_clock_now_ms());
	dnc_json_member_text(b, "epoch", dnc_hub_epoch(o->hub));
	dnc_json_member_number(b, "oldest_seq", dnc_hub_oldest(o->hub));
	dnc_json_member_number(b, "last_seq", dnc_hub_last(o->hub));
	dnc_json_member_bool(b, "ready", !failing);
	if (!failing)
		return;
	dnc_json_write_key(b, DNC_STR("failing"));
	dnc_buf_printf(b, "[\"%s\"]", failing);
}

static void add_connections(struct stats_page *f)
{
	const struct stats_copy *s = &f->sum;
	struct dnc_buf *b = f->page;

	open_object(b, "connections");
	dnc_json_member_number(b, "active", dnc_shared_count(f->options->shared));
	dnc_json_member_number(b, "max", limits_max(f->options->shared->limits));
	dnc_json_member_number(b, "opened", s->counts.connections);
	dnc_json_member_number(b, "refused", s->counts.refused);
	if (f->request->principal.permissions & DNC_MAY_LIST_CLIENTS) {
		open_object(b, "by_role");
		for (size_t i = 0; i < s->roles.count; i++)
			if (s->roles.role[i].connections)
				dnc_json_member_number(
					b, s->roles.role[i].name, s->roles.role[i].connections);
		dnc_buf_chr(b, '}');
	}
	dnc_buf_chr(b, '}');
}

static void add_events(struct stats_page *f)
{
	struct dnc_buf *b = f->page;

	open_object(b, "events");
	add_unless(b, f->hides_events, "total", f->rest.events);
	add_unless(b, f->hides_events, "duplicates", f->rest.duplicates);
	add_unless(b, f->hides_events, "conflicts", f->rest.conflicts);
	if (f->rest.newest_ms && !f->hides_events)
		dnc_json_member_time(b, "last_at", f->rest.newest_ms);
	else
		dnc_json_member_json(b, "last_at", DNC_STR("null"));
	if (f->hides_events)
		dnc_json_member_json(b, "per_s", DNC_STR("null"));
	else
		add_decimal(b, "per_s", f->sum.events_per_s);
	dnc_buf_chr(b, '}');
}

static void add_queues(struct stats_page *f)
{
	const struct dnc_ring *ring = f->options->ring;
	struct dnc_buf *b = f->page;

	open_object(b, "queues");
	add_unless(b, f->hides_events, "log_events", f->rest.waiting_events);
	add_unless(b, f->hides_bytes, "log_bytes", f->rest.waiting_bytes);
	add_unless(
		b, f->hides_events, "ring_events", dnc_ring_last(ring) + 1 - dnc_ring_oldest(ring));
	add_unless(b, f->hides_bytes, "ring_bytes", dnc_ring_used(ring));
	dnc_json_member_number(b, "ring_size_bytes", dnc_ring_size(ring));
	dnc_json_member_number(b, "page_bytes", pages_bytes(f->options->shared->pages));
	dnc_buf_chr(b, '}');
	open_object(b, "lag");
	dnc_json_member_number(b, "p50", stats_lag(&f->sum, 0.5));
	dnc_json_member_number(b, "p90", stats_lag(&f->sum, 0.9));
	dnc_json_member_number(b, "p99", stats_lag(&f->sum, 0.99));
	dnc_json_member_number(b, "max", stats_lag(&f->sum, 1));
	dnc_buf_chr(b, '}');
}

static void add_evaluated(struct stats_page *f, uint64_t evaluated, uint64_t matched)
{
	struct dnc_buf *b = f->page;

	add_unless(b, f->hides_matches, "evaluated", evaluated);
	add_unless(b, f->hides_matches, "matched", matched);
	if (evaluated && !f->hides_matches)
		add_decimal(b, "efficiency", (double)matched / (double)evaluated);
	else
		dnc_json_member_json(b, "efficiency", DNC_STR("null"));
}

static void add_filters(struct stats_page *f)
{
	const struct stats_copy *s = &f->sum;
	struct dnc_buf *b = f->page;

	open_object(b, "filters");
	add_evaluated(f, s->hub.evaluated, s->hub.matched);
	if (f->request->principal.permissions & DNC_MAY_LIST_CLIENTS) {
		dnc_json_write_key(b, DNC_STR("channels"));
		dnc_buf_chr(b, '[');
		for (size_t i = 0; i < s->channel_count; i++) {
			const struct dnc_channel_stats *c = &s->channel[i];

			dnc_buf_str(b, i ? DNC_STR(",{") : DNC_STR("{"));
			dnc_json_member_number(b, "id", c->id);
			dnc_json_member_number(b, "clients", c->clients);
			add_evaluated(f, c->evaluated, c->matched);
			dnc_buf_chr(b, '}');
		}
		dnc_buf_chr(b, ']');
	}
	dnc_buf_chr(b, '}');
}

static void add_health(struct stats_page *f)
{
	const struct stats_counts *c = &f->sum.counts;
	uint64_t errors = 0;
	struct dnc_buf *b = f->page;

	open_object(b, "health");
	open_object(b, "closed");
	for (int i = CLOSE_NONE + 1; i < CLOSE_REASONS; i++) {
		dnc_json_member_number(b, close_reason_rows[i].label, c->closed[i]);
		errors += close_reason_rows[i].error ? c->closed[i] : 0;
	}
	dnc_buf_chr(b, '}');
	dnc_json_member_number(b, "closed_with_error", errors);
	dnc_json_member_number(b, "messages", c->messages);
	dnc_json_member_number(b, "bad_messages", c->bad_messages);
	dnc_buf_chr(b, '}');
	open_object(b, "limits");
	dnc_json_member_number(b, "rate_limited", f->sum.hub.rate_limited);
	dnc_json_member_number(b, "filter_delays", f->sum.hub.work_limited);
	dnc_json_member_number(b, "filter_limit_hits", dnc_filter_limit_hits());
	dnc_json_member_number(b, "messages_refused", c->closed[CLOSE_RATE]);
	dnc_json_member_number(b, "connections_refused", c->refused);
	dnc_buf_chr(b, '}');
}

static void add_log(struct stats_page *f)
{
	struct dnc_buf *b = f->page;

	open_object(b, "log");
	add_size(b, "bytes", f->rest.log_bytes);
	add_size(b, "free_bytes", f->rest.log_free_bytes);
	add_size(b, "wal_bytes", f->rest.log_wal_bytes);
	open_object(b, "commit_ms");
	add_quantile(b, "p50", &f->rest.commit, 0.5);
	add_quantile(b, "p99", &f->rest.commit, 0.99);
	dnc_buf_chr(b, '}');
	dnc_json_member_number(b, "failures", f->rest.log_failures);
	if (f->rest.disk_free_bytes)
		dnc_json_member_number(b, "disk_free_bytes", f->rest.disk_free_bytes);
	dnc_buf_chr(b, '}');
	open_object(b, "input");
	add_unless(b, f->hides_events, "accepted", f->rest.accepted);
	add_unless(b, f->hides_events, "rejected", f->rest.rejected);
	dnc_buf_chr(b, '}');
}

/* Addresses and names are those of others: what is hidden in them is escaped. */
static void add_recent(struct dnc_buf *b, const char *key, struct dnc_recent *recent,
	const char *where, const char *what)
{
	struct dnc_recent_entry entries[DNC_RECENT];
	size_t count = dnc_recent_copy(recent, entries);

	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_chr(b, '[');
	for (size_t i = 0; i < count; i++) {
		dnc_buf_str(b, i ? DNC_STR(",{") : DNC_STR("{"));
		dnc_json_member_time(b, "at", entries[i].at_ms);
		dnc_json_member_visible(b, where, entries[i].where);
		if (entries[i].line)
			dnc_json_member_number(b, "line", entries[i].line);
		dnc_json_member_visible(b, what, entries[i].what);
		dnc_buf_chr(b, '}');
	}
	dnc_buf_chr(b, ']');
}

int stats_show(struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	struct dnc_view view = identity_view(r->principal.role, r->principal.permissions, 0);
	struct stats_page f = {.request = r,
		.options = options,
		.page = &r->context->page,
		.hides_events = view.sees,
		.hides_matches = view.sees || view.rendering & DNC_MASKED,
		.hides_bytes = !(r->principal.permissions & DNC_MAY_READ_METRICS)};

	/* As they were published within the last second: many may look, which must cost little. */
	stats_sum(options->shared, &f.sum);
	options->stats(options->ctx, &f.rest);
	dnc_buf_chr(f.page, '{');
	add_hub(&f);
	add_connections(&f);
	add_events(&f);
	add_latency(&f);
	add_queues(&f);
	add_filters(&f);
	add_health(&f);
	add_log(&f);
	if (r->principal.permissions & DNC_MAY_READ_METRICS) {
		open_object(f.page, "recent");
		add_recent(f.page, "refusals", options->shared->refusals, "address", "reason");
		add_recent(f.page, "rejects", options->shared->rejects, "source", "code");
		dnc_buf_chr(f.page, '}');
	}
	dnc_buf_chr(f.page, '}');
	return http_reply(r->connection, 200, "application/json", f.page, NULL);
}
