#include "web/http/info.h"
#include <inttypes.h>
#include "base/clock.h"
#include "event/event.h"
#include "json/member.h"
#include "web/http/caller.h"
#include "web/http/reply.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

static int reply_json(struct http_request *r, unsigned status)
{
	return http_reply(r->connection, status, "application/json", &r->context->page, NULL);
}

int info_healthz(struct http_request *r)
{
	dnc_buf_lit(&r->context->page, "{\"status\":\"ok\"}");
	return reply_json(r, 200);
}

int info_readyz(struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	const char *failing = r->context->draining ? "draining" : options->not_ready(options->ctx);

	if (failing)
		dnc_buf_printf(&r->context->page, "{\"status\":\"not ready\",\"failing\":[\"%s\"]}",
			failing);
	else
		dnc_buf_lit(&r->context->page, "{\"status\":\"ready\"}");
	return reply_json(r, failing ? 503 : 200);
}

/* Who asks, what it may do and how it sees events: so that a page can leave out what would be refused. */
static void add_you(struct dnc_buf *b, const struct http_request *r)
{
	const struct principal *p = &r->principal;
	const char *subject = http_subject(r);

	dnc_json_member_bool(b, "authentication", subject != NULL);
	dnc_json_write_key(b, DNC_STR("you"));
	dnc_buf_chr(b, '{');
	if (subject)
		dnc_json_member_visible(b, "subject", subject);
	dnc_json_member_visible(b, "role", p->role->name);
	dnc_json_write_key(b, DNC_STR("permissions"));
	dnc_permissions_write(b, p->permissions);
	if (subject)
		dnc_json_member_time(b, "expires_at", p->identity.expires_ms);
	dnc_json_member_bool(
		b, "masked", identity_view(p->role, p->permissions, 0).rendering & DNC_MASKED);
	dnc_json_member_bool(b, "sees_all", !p->role->sees && !p->role->sees_nothing);
	dnc_buf_chr(b, '}');
}

int info_show(struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	const struct dnc_hub *hub = options->hub;

	dnc_buf_printf(&r->context->page,
		"{\"version\":\"%s\",\"uptime_s\":%" PRId64
		",\"epoch\":\"%s\",\"oldest_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
		",\"active_connections\":%zu,\"limits\":{"
		"\"max_connections\":%u,\"max_message_bytes\":%u,\"messages_per_s\":%d,"
		"\"messages_burst\":%d,\"max_event_bytes\":%u,\"max_filter_values\":%d}",
		DNC_VERSION, (dnc_clock_mono_ms() - r->context->started_ms) / 1000,
		dnc_hub_epoch(hub), dnc_hub_oldest(hub), dnc_hub_last(hub),
		dnc_shared_count(options->shared), limits_max(options->shared->limits),
		DNC_WEB_MAX_MESSAGE, MESSAGES_PER_S, MESSAGES_BURST, DNC_EVENT_MAX_BYTES,
		DNC_FILTER_MAX_VALUES);
	add_you(&r->context->page, r);
	dnc_buf_chr(&r->context->page, '}');
	return reply_json(r, 200);
}

int info_metrics(struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;

	sessions_publish_stats(r->context->sessions);
	stats_write(&r->context->page, options->shared, options->hub, options->ring);
	options->metrics(options->ctx, &r->context->page);
	return http_reply(r->connection, 200, "text/plain; version=0.0.4; charset=utf-8",
		&r->context->page, NULL);
}
