/* sse.c - server-sent events (HTML standard, section 9.2): the stream for networks that block
 * WebSockets, and for browsers' EventSource. The id of each event is EPOCH:SEQ. */
#include <string.h>
#include "log/journal.h"
#include "http/query.h"
#include "http/reply.h"
#include "priv/serve.h"

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

	/* EventSource comes back to the same address, where `last` or `since` still is. */
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
	if (request_parse(w->request_parser, text->p, text->n, out, err) < 0)
		return -1;
	return client_may_start(w, who->role, who->permissions, &out->start, err);
}

static int refuse(
	struct dnc_web *w, struct lws *wsi, const struct who *who, const struct dnc_error *err)
{
	char detail[sizeof err->place + sizeof err->message + 4], address[ADDRESS_MAX];

	snprintf(detail, sizeof detail, "%s%s%s", err->place, err->place[0] ? ": " : "",
		err->message);
	w->stats.counts.bad_messages++;
	if (err->code == REQUEST_ENOMEM)
		return http_problem(w, wsi, 503, "Service Unavailable", detail);
	if (err->code != REQUEST_EFORBIDDEN)
		return http_problem(w, wsi, 400, "Bad Request", detail);
	identity_address(w, wsi, address);
	audit_refused(&w->audit, address, w->access->keys ? &who->identity : NULL, detail);
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

static int begin(
	struct dnc_web *w, struct lws *wsi, const struct who *who, const struct request *request)
{
	struct session *session = lws_wsi_user(wsi);
	struct client *c = client_new(w, &session->client, wsi, true);
	enum close_reason full = c && c->address ? client_enter(c, who) : CLOSE_NONE;

	if (!c || !c->address || full != CLOSE_NONE || send_head(wsi) < 0) {
		client_free(&session->client);
		return full != CLOSE_NONE ? http_problem(w, wsi, 429, "Too Many Requests",
						    close_reason_rows[full].text)
		                          : -1;
	}
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the answer has no end */
	if (client_start(c, who) < 0)
		return -1;
	client_handle(c, request);
	return 1;
}

int sse_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
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

/* The number behind `{"seq":`; no digits when the message is no event. */
static struct dnc_str seq_of(const char *payload, size_t n)
{
	static const char mark[] = "{\"seq\":";
	size_t digits = 0;

	if (n < sizeof mark || memcmp(payload, mark, sizeof mark - 1) != 0)
		return (struct dnc_str){0};
	payload += sizeof mark - 1;
	while (digits < 20 && payload[digits] >= '0' && payload[digits] <= '9')
		digits++;
	return (struct dnc_str){payload, digits};
}

static void add_id(struct dnc_buf *b, const struct client *c)
{
	dnc_buf_lit(b, "id: ");
	dnc_buf_add(b, dnc_hub_epoch(c->web->hub), DNC_EPOCH_LEN);
	dnc_buf_chr(b, ':');
}

struct dnc_str sse_text(const struct client *c, const char *frames, size_t n)
{
	const unsigned char *p = (const unsigned char *)frames, *end = p + n;
	struct dnc_buf *b = &c->web->sse;

	dnc_buf_clear(b);
	while (p < end) {
		size_t head = p[1] == 126 ? 4 : 2;
		size_t payload = p[1] == 126 ? (size_t)p[2] << 8 | p[3] : p[1];
		struct dnc_str seq = seq_of((const char *)p + head, payload);

		if (seq.n) {
			add_id(b, c);
			dnc_buf_str(b, seq);
			dnc_buf_chr(b, '\n');
		} else if (c->subscriber && dnc_subscriber_active(c->subscriber) &&
			   !dnc_subscriber_owed_gap(c->subscriber)) {
			/* The place: whoever comes back before the first event, or behind a gap,
			 * goes on there. While the gap has yet to be told there is no id: whoever comes
			 * back before it was is told then. */
			add_id(b, c);
			dnc_buf_u64(b, dnc_subscriber_next(c->subscriber) - 1);
			dnc_buf_lit(b, "\nevent: connection\n");
		} else {
			dnc_buf_lit(b, "event: connection\n");
		}
		dnc_buf_lit(b, "data: ");
		dnc_buf_add(b, p + head, payload);
		dnc_buf_lit(b, "\n\n");
		p += head + payload;
	}
	return dnc_buf_ok(b) ? dnc_buf_view(b) : (struct dnc_str){0};
}
