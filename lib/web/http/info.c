#include "web/http/info.h"
#include <inttypes.h>
#include "base/clock.h"
#include "metrics/metrics.h"
#include "web/http/reply.h"
#include "web/priv/limits.h"
#include "web/priv/server.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

int info_healthz(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	dnc_buf_lit(&w->page, "{\"status\":\"ok\"}");
	return http_reply(wsi, 200, "application/json", &w->page, NULL);
}

int info_readyz(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	const char *failing = w->draining ? "draining" : w->options->not_ready(w->options->ctx);

	if (failing) {
		dnc_buf_printf(
			&w->page, "{\"status\":\"not ready\",\"failing\":[\"%s\"]}", failing);
		return http_reply(wsi, 503, "application/json", &w->page, NULL);
	}
	dnc_buf_lit(&w->page, "{\"status\":\"ready\"}");
	return http_reply(wsi, 200, "application/json", &w->page, NULL);
}

int info_show(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	dnc_buf_printf(&w->page,
		"{\"version\":\"%s\",\"uptime_s\":%" PRId64
		",\"epoch\":\"%s\",\"oldest_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
		",\"active_connections\":%zu,\"limits\":{"
		"\"max_connections\":%u,\"max_message_bytes\":%u,\"messages_per_s\":%d,"
		"\"messages_burst\":%d,\"max_event_bytes\":%u,\"max_filter_values\":%d}}",
		DNC_VERSION, (dnc_clock_mono_ms() - w->started_ms) / 1000, dnc_hub_epoch(w->hub),
		dnc_hub_oldest(w->hub), dnc_hub_last(w->hub), limits_count(w->shared->limits),
		limits_max(w->shared->limits), DNC_WEB_MAX_MESSAGE, MESSAGES_PER_S, MESSAGES_BURST,
		DNC_EVENT_MAX_BYTES, DNC_FILTER_MAX_VALUES);
	return http_reply(wsi, 200, "application/json", &w->page, NULL);
}

int info_metrics(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	sessions_publish_stats(w->sessions);
	stats_write(&w->page, w->shared, w->hub, w->options->ring);
	w->options->metrics(w->options->ctx, &w->page);
	return http_reply(wsi, 200, "text/plain; version=0.0.4; charset=utf-8", &w->page, NULL);
}
