#include "web/http/stream.h"
#include <stdio.h>
#include <string.h>
#include "log/journal.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/priv/exchange.h"
#include "web/priv/requests.h"
#include "web/priv/server.h"
#include "web/priv/sessions.h"

static const char id_header[] = "last-event-id:";

enum { SEQ_DIGITS_MAX = 19 };

/* The query string while it is read. */
struct stream_query {
	struct request_query query;
	bool resumes; /* Last-Event-ID says where to start, not the address */
};

static int add_arg(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct stream_query *q = ctx;

	/* EventSource reconnects to the same address, where `last` or `since` still is. */
	if (dnc_str_eq(name, DNC_STR("ticket")) || (q->resumes && request_query_is_start(name)))
		return 0;
	return request_query_add(&q->query, name, value, err);
}

static bool is_epoch(struct dnc_str s)
{
	if (s.n != DNC_EPOCH_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdef", s.p[i], 16))
			return false;
	return true;
}

static bool is_seq(struct dnc_str s)
{
	if (!s.n || s.n > SEQ_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Adds what Last-Event-ID says to the query. -1 with ERR when it is no id of a hub. */
static int add_last_event(struct lws *wsi, struct stream_query *q, struct dnc_error *err)
{
	char text[64];
	int total = lws_hdr_custom_length(wsi, id_header, (int)sizeof id_header - 1);
	int n = lws_hdr_custom_copy(wsi, text, sizeof text, id_header, (int)sizeof id_header - 1);
	struct dnc_str id = dnc_str_trim((struct dnc_str){text, n > 0 ? (size_t)n : 0}), epoch, seq;
	const char *colon = id.n ? memchr(id.p, ':', id.n) : NULL;

	if (total <= 0 || (n >= 0 && !id.n))
		return 0;
	epoch = (struct dnc_str){id.p, colon ? (size_t)(colon - id.p) : 0};
	seq = colon ? (struct dnc_str){colon + 1, id.n - epoch.n - 1} : (struct dnc_str){0};
	if (!is_epoch(epoch) || !is_seq(seq)) {
		dnc_error_set(err, REQUEST_EFIELD,
			"is no id of this stream (EPOCH:SEQ); open it without one");
		dnc_error_place(err, "Last-Event-ID");
		return -1;
	}
	q->resumes = true;
	if (request_query_add(&q->query, DNC_STR("since"), seq, err) < 0)
		return -1;
	return request_query_add(&q->query, DNC_STR("epoch"), epoch, err);
}

/* The request as a subscribe message; TEXT holds what OUT borrows. -1 with ERR. */
static int read_request(struct dnc_web *w, struct lws *wsi, const struct who *who,
	struct dnc_buf *text, struct request *out, struct dnc_error *err)
{
	struct stream_query q = {0};
	int rc = add_last_event(wsi, &q, err);

	if (rc == 0)
		rc = query_read(wsi, add_arg, &q, err);
	if (rc >= 0)
		request_query_end(&q.query, text);
	request_query_finish(&q.query);
	if (rc < 0)
		return -1;
	if (!dnc_buf_reserve(text, DNC_JSON_PADDING) || !dnc_buf_ok(text))
		return dnc_error_set(err, REQUEST_ENOMEM, "the hub is out of memory");
	if (request_parse(w->sessions->request_parser, text->p, text->n, out, err) < 0)
		return -1;
	return requests_may_start(w->hub, who->role, who->permissions, &out->start, err) ? 0 : -1;
}

static int refuse(
	struct dnc_web *w, struct lws *wsi, const struct who *who, const struct dnc_error *err)
{
	char detail[sizeof err->place + sizeof err->message + 4], address[ADDRESS_MAX];

	snprintf(detail, sizeof detail, "%s%s%s", err->place, err->place[0] ? ": " : "",
		err->message);
	w->stats->counts.bad_messages++;
	if (err->code == REQUEST_ENOMEM)
		return http_problem(w, wsi, 503, "Service Unavailable", detail);
	if (err->code != REQUEST_EFORBIDDEN)
		return http_problem(w, wsi, 400, "Bad Request", detail);
	identity_address(w->identity, wsi, address);
	audit_refused(
		w->audit, address, identity_required(w->identity) ? &who->identity : NULL, detail);
	return http_problem(w, wsi, 403, "Forbidden", detail);
}

static int send_head(struct lws *wsi)
{
	unsigned char head[LWS_PRE + 1024], *p = head + LWS_PRE, *end = head + sizeof head;

	if (lws_add_http_common_headers(
		    wsi, 200, "text/event-stream", LWS_ILLEGAL_HTTP_CONTENT_LEN, &p, end) ||
		http_add_headers(wsi, NULL, &p, end) < 0 ||
		lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
		return -1;
	return 0;
}

/* Returns as the route's handler. */
static int begin(
	struct dnc_web *w, struct lws *wsi, const struct who *who, const struct request *request)
{
	struct exchange *exchange = lws_wsi_user(wsi);
	struct session *s = session_new(w->sessions, &exchange->session, wsi, &wire_sse);
	enum close_reason full;

	if (!s)
		return -1;
	full = session_enter(s, who);
	if (full != CLOSE_NONE) {
		s->conn.reason = full;
		session_free(&exchange->session);
		return http_problem(w, wsi, 429, "Too Many Requests", close_reason_rows[full].text);
	}
	if (send_head(wsi) < 0) {
		session_free(&exchange->session);
		return -1;
	}
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the answer has no end */
	if (session_start(s, who) < 0)
		return -1;
	requests_handle(s, request);
	return 1;
}

int stream_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	struct dnc_buf text = {0};
	struct request request = {0};
	struct dnc_error err = {.offset = DNC_NO_OFFSET};
	int rc;

	if (w->draining)
		return http_problem(w, wsi, 503, "Service Unavailable", "the hub is shutting down");
	if (read_request(w, wsi, who, &text, &request, &err) < 0) {
		rc = refuse(w, wsi, who, &err);
	} else if (http_is_head(wsi)) {
		rc = send_head(wsi) < 0 ? -1 : 0;
	} else {
		rc = begin(w, wsi, who, &request);
	}
	dnc_filter_unref(request.filter);
	dnc_buf_free(&text);
	return rc;
}
