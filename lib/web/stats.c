#include "priv/stats.h"
#include <stdlib.h>
#include "priv/limits.h"
#include "priv/serve.h"

static void count_role(struct web_stats *f, const char *name, size_t connections)
{
	size_t i = 0;

	while (i < f->role_count && strcmp(f->roles[i].name, name) != 0)
		i++;
	if (i == FIGURES_ROLES)
		return;
	if (i == f->role_count) {
		snprintf(f->roles[i].name, sizeof f->roles[i].name, "%s", name);
		f->roles[f->role_count++].connections = 0;
	}
	f->roles[i].connections += connections;
}

void stats_refresh(struct dnc_web *w)
{
	struct web_stats *f = &w->stats;

	pthread_mutex_lock(&w->stats_lock);
	f->counts = w->counts;
	f->hub = dnc_hub_stats(w->hub);
	dnc_hub_lag_histogram(w->hub, f->behind);
	f->role_count = 0;
	for (const struct client *c = w->clients; c; c = c->next)
		count_role(f, c->role ? c->role->name : "", 1);
	pthread_mutex_unlock(&w->stats_lock);
}

static void add(void *ctx, struct dnc_web *w)
{
	struct web_stats *sum = ctx;
	const struct web_stats *f = &w->stats;

	pthread_mutex_lock(&w->stats_lock);
	sum->counts.connections += f->counts.connections;
	sum->counts.refused += f->counts.refused;
	sum->counts.messages += f->counts.messages;
	sum->counts.bad_messages += f->counts.bad_messages;
	sum->counts.http_requests += f->counts.http_requests;
	for (int i = 0; i < DNC_TOKEN_FAULTS; i++)
		sum->counts.refused_tokens[i] += f->counts.refused_tokens[i];
	dnc_histogram_add(&sum->counts.turn, &f->counts.turn);
	sum->hub.deliveries += f->hub.deliveries;
	sum->hub.delivered_bytes += f->hub.delivered_bytes;
	sum->hub.gaps += f->hub.gaps;
	sum->hub.paced += f->hub.paced;
	sum->hub.channels += f->hub.channels;
	dnc_histogram_add(&sum->hub.match, &f->hub.match);
	dnc_histogram_add(&sum->hub.delivery, &f->hub.delivery);
	for (int i = 0; i < DNC_HUB_LAGS; i++)
		sum->behind[i] += f->behind[i];
	for (size_t i = 0; i < f->role_count; i++)
		count_role(sum, f->roles[i].name, f->roles[i].connections);
	pthread_mutex_unlock(&w->stats_lock);
}

static void connections_text(const struct web_stats *f, struct dnc_buf *out)
{
	struct dnc_metric metrics[FIGURES_ROLES];
	char labels[FIGURES_ROLES][DNC_ROLE_NAME_MAX * 2 + 16];

	for (size_t i = 0; i < f->role_count; i++) {
		struct dnc_buf label = {.p = labels[i], .size = sizeof labels[i]};

		dnc_buf_lit(&label, "role=");
		dnc_json_write_str(&label, dnc_str(f->roles[i].name));
		dnc_buf_chr(&label, '\0');
		metrics[i] = (struct dnc_metric){"dnc_connections", "gauge",
			i ? NULL : "Client connections, WebSocket and server-sent events",
			labels[i], (double)f->roles[i].connections};
	}
	dnc_metrics_text(out, metrics, f->role_count);
}

static void tokens_text(const struct web_stats *f, struct dnc_buf *out)
{
	struct dnc_metric metrics[DNC_TOKEN_FAULTS];
	char labels[DNC_TOKEN_FAULTS][48];

	for (int i = 1; i < DNC_TOKEN_FAULTS; i++) {
		snprintf(labels[i], sizeof labels[i], "reason=\"%s\"", dnc_token_fault_name(i));
		metrics[i] = (struct dnc_metric){"dnc_tokens_refused_total", "counter",
			i == 1 ? "Tokens that were not taken" : NULL, labels[i],
			(double)f->counts.refused_tokens[i]};
	}
	dnc_metrics_text(out, metrics + 1, DNC_TOKEN_FAULTS - 1);
}

/* Lags are known to a power of two: what is told is the upper end. */
static void lag_text(const struct web_stats *f, struct dnc_buf *out)
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
		size_t below = 0;
		int i = 0;

		while (i < DNC_HUB_LAGS - 1 &&
			(double)(below + f->behind[i]) < quantiles[q].share * (double)all)
			below += f->behind[i++];
		metrics[q] = (struct dnc_metric){"dnc_client_lag_events", "summary",
			q ? NULL : "Events that clients are behind the present, to a power of two",
			quantiles[q].labels, (double)((UINT64_C(1) << i) - 1)};
	}
	dnc_metrics_text(out, metrics, QUANTILES);
	dnc_buf_printf(out, "dnc_client_lag_events_count %zu\n", all);
}

void stats_text(struct dnc_web *w, struct dnc_buf *out)
{
	struct dnc_ring *ring = w->options->ring;
	struct web_stats sum = {0};

	stats_refresh(w);
	limits_each_web(w->options->door, add, &sum);
	connections_text(&sum, out);
	dnc_metrics_text(out,
		(const struct dnc_metric[]){
			{"dnc_connections_max", "gauge", "Client connections allowed", NULL,
				limits_limit(w->options->door)},
			{"dnc_connections_opened_total", "counter", "Client connections ever", NULL,
				(double)sum.counts.connections},
			{"dnc_connections_refused_total", "counter", "Connections over a limit",
				NULL, (double)sum.counts.refused},
			{"dnc_client_messages_total", "counter", "Messages from clients", NULL,
				(double)sum.counts.messages},
			{"dnc_client_errors_total", "counter",
				"Messages that were answered with an error", NULL,
				(double)sum.counts.bad_messages},
			{"dnc_http_requests_total", "counter", "HTTP requests", NULL,
				(double)sum.counts.http_requests},
			{"dnc_audiences", "gauge", "Distinct views and filters in use", NULL,
				(double)sum.hub.channels},
			{"dnc_deliveries_total", "counter", "Events handed to client connections",
				NULL, (double)sum.hub.deliveries},
			{"dnc_delivered_bytes_total", "counter", "Bytes of these", NULL,
				(double)sum.hub.delivered_bytes},
			{"dnc_gaps_total", "counter", "Gap messages sent", NULL,
				(double)sum.hub.gaps},
			{"dnc_rate_limited_total", "counter",
				"Times that a rate limit held a client back", NULL,
				(double)sum.hub.paced},
			{"dnc_filter_limit_hits_total", "counter",
				"Matches given up for too much work", NULL,
				(double)dnc_filter_limit_hits()},
			{"dnc_last_seq", "gauge", "Sequence number of the newest event", NULL,
				(double)dnc_ring_last(ring)},
			{"dnc_oldest_seq", "gauge",
				"Sequence number of the oldest event that can be read", NULL,
				(double)dnc_hub_oldest(w->hub)},
			{"dnc_ring_bytes", "gauge", "Memory for events", NULL,
				(double)dnc_ring_size(ring)},
			{"dnc_ring_used_bytes", "gauge", "Memory that holds events", NULL,
				(double)dnc_ring_used(ring)},
			{"dnc_ring_events", "gauge", "Events in memory", NULL,
				(double)(dnc_ring_last(ring) + 1 - dnc_ring_oldest(ring))},
		},
		17);
	lag_text(&sum, out);
	tokens_text(&sum, out);
	dnc_metrics_histogram(out, "dnc_match_seconds",
		"Matching one event with all audiences that could match", &sum.hub.match);
	dnc_metrics_histogram(out, "dnc_delivery_seconds",
		"From an event's arrival at the hub until it is written to all clients that take it",
		&sum.hub.delivery);
	dnc_metrics_histogram(out, "dnc_loop_turn_seconds",
		"One turn of the event loop, without waiting", &sum.counts.turn);
	dnc_metrics_process(out);
}
