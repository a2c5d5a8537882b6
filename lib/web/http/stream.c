#include "web/http/stream.h"
#include "web/http/exchange.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/http/stream_query.h"
#include "web/priv/requests.h"
#include "web/priv/sessions.h"

/* The value of Last-Event-ID in SPACE, trimmed. One that does not fit is no id: all of SPACE is returned. */
static struct dnc_str last_event_id(struct lws *wsi, char *space, int size)
{
	static const char name[] = "last-event-id:";
	int total = lws_hdr_custom_length(wsi, name, (int)sizeof name - 1);
	int n = lws_hdr_custom_copy(wsi, space, size, name, (int)sizeof name - 1);

	if (total > 0 && n < 0)
		return DNC_STR("too long");
	return dnc_str_trim((struct dnc_str){space, total > 0 && n > 0 ? (size_t)n : 0});
}

/* The request as a subscribe message; TEXT holds what OUT borrows. -1 with ERR. */
static int read_request(const struct http_request *r, struct dnc_buf *text, struct request *out,
	struct dnc_error *err)
{
	struct stream_query q = {0};
	char id[64];
	int rc = stream_query_resume(&q, last_event_id(r->wsi, id, sizeof id), err);

	if (rc == 0)
		rc = query_read(r->wsi, stream_query_add, &q, err);
	if (rc >= 0)
		rc = stream_query_message(&q, text, err);
	stream_query_free(&q);
	if (rc < 0 ||
		request_parse(r->context->sessions->request_parser, text->p, text->n, out, err) < 0)
		return -1;
	return requests_may_start(r->context->options->hub, r->principal.role,
		       r->principal.permissions, &out->start, err)
	               ? 0
	               : -1;
}

static int refuse(struct http_request *r, const struct dnc_error *err)
{
	char address[ADDRESS_MAX];
	struct http_context *c = r->context;
	unsigned status = err->code == REQUEST_ENOMEM       ? 503
	                  : err->code == REQUEST_EFORBIDDEN ? 403
	                                                    : 400;

	c->stats->counts.bad_messages++;
	if (status == 403) {
		identity_address(c->identity, r->wsi, address);
		audit_refused(c->audit, address, r->access->keys ? &r->principal.identity : NULL,
			err->message);
	}
	return http_problem_error(&r->context->page, r->wsi, status, err);
}

static int send_head(struct lws *wsi)
{
	unsigned char head[LWS_PRE + 1024], *p = head + LWS_PRE, *end = head + sizeof head;

	if (lws_add_http_common_headers(
		    wsi, 200, "text/event-stream", LWS_ILLEGAL_HTTP_CONTENT_LEN, &p, end) ||
		http_add_headers(wsi, NULL, &p, end) < 0 ||
		lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
		return HTTP_HANG_UP;
	http_count(wsi, 200);
	return HTTP_ANSWERED;
}

static int begin(struct http_request *r, const struct request *request)
{
	struct session **slot = &r->connection->session;
	struct session *s = session_new(r->context->sessions, slot, r->wsi, &wire_sse);
	enum close_reason full;

	if (!s)
		return HTTP_HANG_UP;
	full = session_enter(s, &r->principal);
	if (full != CLOSE_NONE) {
		s->conn.reason = full;
		session_free(slot);
		return http_problem(&r->context->page, r->wsi, 429, close_reason_rows[full].text);
	}
	if (send_head(r->wsi) < 0) {
		session_free(slot);
		return HTTP_HANG_UP;
	}
	lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0); /* the answer has no end */
	if (session_start(s, &r->principal) < 0)
		return HTTP_HANG_UP;
	requests_handle(s, request);
	return HTTP_LATER;
}

int stream_begin(struct http_request *r)
{
	struct dnc_buf text = {0};
	struct request request = {0};
	struct dnc_error err = {.offset = DNC_NO_OFFSET};
	int rc;

	if (r->context->draining)
		return http_problem(&r->context->page, r->wsi, 503, http_draining);
	if (read_request(r, &text, &request, &err) < 0)
		rc = refuse(r, &err);
	else
		rc = r->head ? send_head(r->wsi) : begin(r, &request);
	dnc_filter_unref(request.filter);
	dnc_buf_free(&text);
	return rc;
}
