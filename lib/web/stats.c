#include "priv/stats.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "json/json.h"
#include "base/clock.h"
#include "priv/shared.h"

enum { METRIC_CHANNELS = 32 }; /* of which there are metrics: each is a series of its own */

void stats_init(struct stats *s)
{
	pthread_mutex_init(&s->lock, NULL);
}

void stats_destroy(struct stats *s)
{
	pthread_mutex_destroy(&s->lock);
}

void stats_count_role(struct stats_roles *roles, const char *name, size_t connections)
{
	size_t i = 0;

	while (i < roles->count && strcmp(roles->role[i].name, name) != 0)
		i++;
	if (i == STATS_ROLES)
		return;
	if (i == roles->count) {
		snprintf(roles->role[i].name, sizeof roles->role[i].name, "%s", name);
		roles->role[i].connections = 0;
		roles->count++;
	}
	roles->role[i].connections += connections;
}

void stats_publish(struct stats *s, const struct dnc_hub *hub, const struct stats_roles *roles)
{
	int64_t now = dnc_clock_mono_ms();
	uint64_t last = dnc_hub_last(hub);

	pthread_mutex_lock(&s->lock);
	s->copy.counts = s->counts;
	s->copy.hub = dnc_hub_stats(hub);
	s->copy.channel_count = dnc_hub_channels(hub, s->copy.channel, STATS_CHANNELS);
	minute_note(&s->minute, now, last, &s->copy.hub.delivery);
	minute_delivery(&s->minute, &s->copy.hub.delivery, &s->copy.minute);
	s->copy.events_per_s = minute_rate(&s->minute, now, last);
	dnc_hub_lag_histogram(hub, s->copy.behind);
	s->copy.roles = *roles;
	pthread_mutex_unlock(&s->lock);
}

static void add_counts(struct stats_counts *sum, const struct stats_counts *c)
{
	sum->connections += c->connections;
	sum->refused += c->refused;
	sum->messages += c->messages;
	sum->bad_messages += c->bad_messages;
	sum->http_requests += c->http_requests;
	for (int i = 0; i < DNC_TOKEN_FAULTS; i++)
		sum->refused_tokens[i] += c->refused_tokens[i];
	for (int i = 0; i < CLOSE_REASONS; i++)
		sum->closed[i] += c->closed[i];
	dnc_histogram_add(&sum->turn, &c->turn);
	responses_add(&sum->responses, &c->responses);
}

static void add_hub(struct dnc_hub_stats *sum, const struct dnc_hub_stats *h)
{
	sum->deliveries += h->deliveries;
	sum->delivered_bytes += h->delivered_bytes;
	sum->gaps += h->gaps;
	sum->rate_limited += h->rate_limited;
	sum->work_limited += h->work_limited;
	sum->work_ns += h->work_ns;
	sum->channels += h->channels;
	sum->evaluated += h->evaluated;
	sum->matched += h->matched;
	dnc_histogram_add(&sum->match, &h->match);
	dnc_histogram_add(&sum->delivery, &h->delivery);
}

static void add_member(void *ctx, const struct shared_member *member)
{
	struct stats_copy *sum = ctx;
	struct stats *s = member->stats;

	pthread_mutex_lock(&s->lock);
	add_counts(&sum->counts, &s->copy.counts);
	add_hub(&sum->hub, &s->copy.hub);
	for (size_t i = 0; i < s->copy.channel_count; i++)
		sum->channel_count = dnc_channel_stats_add(
			sum->channel, sum->channel_count, STATS_CHANNELS, &s->copy.channel[i]);
	dnc_histogram_add(&sum->minute, &s->copy.minute);
	sum->events_per_s = s->copy.events_per_s; /* all see the same events */
	for (int i = 0; i < DNC_HUB_LAGS; i++)
		sum->behind[i] += s->copy.behind[i];
	for (size_t i = 0; i < s->copy.roles.count; i++)
		stats_count_role(
			&sum->roles, s->copy.roles.role[i].name, s->copy.roles.role[i].connections);
	pthread_mutex_unlock(&s->lock);
}

void stats_sum(struct dnc_web_shared *shared, struct stats_copy *sum)
{
	*sum = (struct stats_copy){.channel_count = 0};
	shared_each(shared, add_member, sum);
}

uint64_t stats_lag(const struct stats_copy *f, double share)
{
	size_t all = 0, below = 0;
	int i = 0;

	for (int k = 0; k < DNC_HUB_LAGS; k++)
		all += f->behind[k];
	while (i < DNC_HUB_LAGS - 1 && (double)(below + f->behind[i]) < share * (double)all)
		below += f->behind[i++];
	return (UINT64_C(1) << i) - 1;
}

static void write_connections(const struct stats_copy *f, struct dnc_buf *out)
{
	struct dnc_metric metrics[STATS_ROLES];
	char labels[STATS_ROLES][DNC_ROLE_NAME_MAX * 2 + 16];

	for (size_t i = 0; i < f->roles.count; i++) {
		struct dnc_buf label = {.p = labels[i], .size = sizeof labels[i]};

		dnc_buf_lit(&label, "role=");
		dnc_json_write_str(&label, dnc_str(f->roles.role[i].name));
		dnc_buf_chr(&label, '\0');
		metrics[i] = (struct dnc_metric){"dnc_connections", "gauge",
			i ? NULL : "Client connections, WebSocket and server-sent events",
			labels[i], (double)f->roles.role[i].connections};
	}
	dnc_metrics_text(out, metrics, f->roles.count);
}

static void write_tokens(const struct stats_copy *f, struct dnc_buf *out)
{
	struct dnc_metric metrics[DNC_TOKEN_FAULTS];
	char labels[DNC_TOKEN_FAULTS][48];

	for (int i = 1; i < DNC_TOKEN_FAULTS; i++) {
		snprintf(labels[i], sizeof labels[i], "reason=\"%s\"", dnc_token_fault_name(i));
		metrics[i] = (struct dnc_metric){"dnc_tokens_refused_total", "counter",
			i == 1 ? "Tokens that were rejected" : NULL, labels[i],
			(double)f->counts.refused_tokens[i]};
	}
	dnc_metrics_text(out, metrics + 1, DNC_TOKEN_FAULTS - 1);
}

/* Lags are known to a power of two: the upper end is written. */
static void write_lag(const struct stats_copy *f, struct dnc_buf *out)
{
	static const struct {
		double share;
		const char *labels;
	} quantiles[] = {{0.5, "quantile=\"0.5\""}, {0.9, "quantile=\"0.9\""},
		{0.99, "quantile=\"0.99\""}, {1, "quantile=\"1\""}};
	enum { QUANTILES = sizeof quantiles / sizeof quantiles[0] };
	struct dnc_metric metrics[QUANTILES];
	size_t all = 0;

	for (int i = 0; i < DNC_HUB_LAGS; i++)
		all += f->behind[i];
	for (int q = 0; q < QUANTILES; q++) {
		metrics[q] = (struct dnc_metric){"dnc_client_lag_events", "summary",
			q ? NULL : "Events between clients and the newest event, to a power of two",
			quantiles[q].labels, (double)stats_lag(f, quantiles[q].share)};
	}
	dnc_metrics_text(out, metrics, QUANTILES);
	dnc_buf_printf(out, "dnc_client_lag_events_count %zu\n", all);
}

static void write_totals(const struct stats_copy *sum, const struct dnc_web_shared *shared,
	const struct dnc_hub *hub, const struct dnc_ring *ring, struct dnc_buf *out)
{
	const struct dnc_metric metrics[] = {
		{"dnc_connections_max", "gauge", "Client connections allowed", NULL,
			limits_max(shared->limits)},
		{"dnc_connections_opened_total", "counter", "Client connections since the start",
			NULL, (double)sum->counts.connections},
		{"dnc_connections_refused_total", "counter",
			"Connections that were refused because of a limit", NULL,
			(double)sum->counts.refused},
		{"dnc_client_messages_total", "counter", "Messages from clients", NULL,
			(double)sum->counts.messages},
		{"dnc_client_errors_total", "counter", "Messages that were answered with an error",
			NULL, (double)sum->counts.bad_messages},
		{"dnc_http_requests_total", "counter", "HTTP requests", NULL,
			(double)sum->counts.http_requests},
		{"dnc_audiences", "gauge", "Channels: distinct views and filters of clients", NULL,
			(double)sum->hub.channels},
		{"dnc_filter_evaluated_total", "counter",
			"Events that channels were asked about, to match them with their filters",
			NULL, (double)sum->hub.evaluated},
		{"dnc_filter_matched_total", "counter", "Those of them that matched", NULL,
			(double)sum->hub.matched},
		{"dnc_deliveries_total", "counter", "Events written to client connections", NULL,
			(double)sum->hub.deliveries},
		{"dnc_delivered_bytes_total", "counter", "Bytes of these events", NULL,
			(double)sum->hub.delivered_bytes},
		{"dnc_gaps_total", "counter", "Gap messages sent", NULL, (double)sum->hub.gaps},
		{"dnc_rate_limited_total", "counter", "Times that a rate limit delayed a client",
			NULL, (double)sum->hub.rate_limited},
		{"dnc_filter_limit_hits_total", "counter",
			"Matches that were stopped because a pattern took too much work", NULL,
			(double)dnc_filter_limit_hits()},
		{"dnc_filter_costly_seconds_total", "counter",
			"Time that costly patterns have taken in the event loops", NULL,
			(double)sum->hub.work_ns / 1e9},
		{"dnc_filter_delays_total", "counter",
			"Times that a client waited because its patterns took too much work", NULL,
			(double)sum->hub.work_limited},
		{"dnc_page_bytes", "gauge",
			"Memory for pages of the log that are being read or sent", NULL,
			(double)pages_bytes(shared->pages)},
		{"dnc_last_seq", "gauge", "Sequence number of the newest event", NULL,
			(double)dnc_ring_last(ring)},
		{"dnc_oldest_seq", "gauge", "Sequence number of the oldest event that can be read",
			NULL, (double)dnc_hub_oldest(hub)},
		{"dnc_ring_bytes", "gauge", "Size of the memory for events in bytes", NULL,
			(double)dnc_ring_size(ring)},
		{"dnc_ring_used_bytes", "gauge", "Part of this memory that is in use", NULL,
			(double)dnc_ring_used(ring)},
		{"dnc_ring_events", "gauge", "Events in memory", NULL,
			(double)(dnc_ring_last(ring) + 1 - dnc_ring_oldest(ring))},
	};

	dnc_metrics_text(out, metrics, sizeof metrics / sizeof metrics[0]);
}

/* One series for each of the channels with the most clients, as long as it is one of them. */
static void write_channels(const struct stats_copy *f, struct dnc_buf *out)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} rows[] = {
		{"dnc_channel_clients", "gauge", "Clients of the largest channels",
			offsetof(struct dnc_channel_stats, clients)},
		{"dnc_channel_evaluated_total", "counter",
			"Events that these channels were asked about",
			offsetof(struct dnc_channel_stats, evaluated)},
		{"dnc_channel_matched_total", "counter", "Those of them that matched",
			offsetof(struct dnc_channel_stats, matched)},
	};
	size_t count = f->channel_count < METRIC_CHANNELS ? f->channel_count : METRIC_CHANNELS;

	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		for (size_t i = 0; i < count; i++) {
			const struct dnc_channel_stats *c = &f->channel[i];
			char label[48];
			uint64_t value;

			snprintf(
				label, sizeof label, "channel=\"%llu\"", (unsigned long long)c->id);
			memcpy(&value, (const char *)c + rows[r].offset, sizeof value);
			dnc_metrics_text(out,
				&(struct dnc_metric){rows[r].name, rows[r].type,
					i ? NULL : rows[r].help, label, (double)value},
				1);
		}
}

static void write_closed(const struct stats_copy *f, struct dnc_buf *out)
{
	struct dnc_metric metrics[CLOSE_REASONS];
	char labels[CLOSE_REASONS][64];

	for (int i = CLOSE_NONE + 1; i < CLOSE_REASONS; i++) {
		snprintf(labels[i], sizeof labels[i], "reason=\"%s\",error=\"%s\"",
			close_reason_rows[i].label, close_reason_rows[i].error ? "true" : "false");
		metrics[i] = (struct dnc_metric){"dnc_closed_total", "counter",
			i == CLOSE_NONE + 1 ? "Client connections that ended" : NULL, labels[i],
			(double)f->counts.closed[i]};
	}
	dnc_metrics_text(out, metrics + CLOSE_NONE + 1, CLOSE_REASONS - CLOSE_NONE - 1);
}

static void write_histograms(const struct stats_copy *sum, struct dnc_buf *out)
{
	dnc_metrics_histogram(out, "dnc_match_seconds",
		"Matching one event with all channels that could match", &sum->hub.match);
	dnc_metrics_histogram(out, "dnc_delivery_seconds",
		"From an event's arrival at the hub until it is written to all clients that get it",
		&sum->hub.delivery);
	dnc_metrics_histogram(out, "dnc_loop_turn_seconds",
		"One turn of the event loop, without waiting", &sum->counts.turn);
}

void stats_write(struct dnc_buf *out, struct dnc_web_shared *shared, const struct dnc_hub *hub,
	const struct dnc_ring *ring)
{
	struct stats_copy sum;

	stats_sum(shared, &sum);
	write_connections(&sum, out);
	write_totals(&sum, shared, hub, ring, out);
	responses_write(&sum.counts.responses, out);
	write_channels(&sum, out);
	write_lag(&sum, out);
	write_tokens(&sum, out);
	write_closed(&sum, out);
	write_histograms(&sum, out);
	dnc_metrics_process(out);
}
