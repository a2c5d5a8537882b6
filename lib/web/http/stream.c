#include "web/http/stream.h"
#include "base/clock.h"
#include "hub/account.h"
#include "web/http/caller.h"
#include "web/http/connection.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/http/stream_query.h"
#include "web/priv/requests.h"
#include "web/priv/sessions.h"

/* The request as a subscribe message; TEXT holds what OUT borrows. -1 with ERR. */
static int read_request(const struct http_request *r, bool may_compile, struct dnc_buf *text,
	struct request *out, struct dnc_error *err)
{
	struct stream_query q = {0};
	int rc = stream_query_resume(&q, http_head_field(r->head, DNC_STR("last-event-id")), err);

	if (rc == 0)
		rc = query_parse(r->head->query, stream_query_add, &q, err);
	if (rc >= 0)
		rc = stream_query_message(&q, text, err);
	stream_query_free(&q);
	if (rc < 0 || (may_compile ? request_parse : request_parse_unfiltered)(
			      r->context->sessions->request_parser, text->p, text->n, out, err) < 0)
		return -1;
	return requests_may_start(r->context->options->hub, r->principal.role,
		       r->principal.permissions, &out->start, err)
	               ? 0
	               : -1;
}

static int read_charged(const struct http_request *r, struct dnc_account *account,
	struct dnc_buf *text, struct request *out, struct dnc_error *err)
{
	int64_t start = dnc_clock_thread_ns();
	int rc = read_request(r, http_may_compile(r, account), text, out, err);

	if (account)
		dnc_account_compiled(account, start);
	return rc;
}

static int refuse(struct http_request *r, const struct dnc_error *err)
{
	struct http_context *c = r->context;
	unsigned status = request_error_status(err->code);

	c->stats->counts.bad_messages++;
	if (status == 403) {
		audit_refused(c->audit, r->address, r->access->keys ? &r->principal.identity : NULL,
			err->message);
	}
	return http_problem_error(r->connection, status, err);
}

static int begin(struct http_request *r, const struct request *request)
{
	struct http_connection *c = r->connection;
	struct session **slot = &c->session;
	struct session *s = session_new(r->context->sessions, slot,
		&(struct session_source){c->wsi, &wire_sse, 0, r->address, &c->admission});
	enum close_reason full;

	if (!s)
		return HTTP_HANG_UP;
	full = session_enter(s, &r->principal);
	if (full != CLOSE_NONE) {
		s->conn.reason = full;
		session_free(slot);
		return http_problem(r->connection, 429, close_reason_rows[full].text);
	}
	if (http_reply_open(c, "text/event-stream") < 0)
		return HTTP_HANG_UP;
	c->phase = HTTP_PHASE_SESSION;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* the answer has no end */
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
	struct dnc_account *account;
	int rc;

	if (r->context->draining)
		return http_problem(r->connection, 503, http_draining);
	account = http_account(r);
	if (read_charged(r, account, &text, &request, &err) < 0)
		rc = refuse(r, &err);
	else
		rc = r->only_head ? http_reply_open(r->connection, "text/event-stream")
		                  : begin(r, &request);
	dnc_account_unref(account);
	dnc_filter_unref(request.filter);
	dnc_buf_free(&text);
	return rc;
}
