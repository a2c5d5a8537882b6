/* sse.c - server-sent events (HTML standard, section 9.2): the stream for networks that block
 * WebSockets. The id of each event is EPOCH:SEQ. */
#include <string.h>
#include "serve.h"

static const char id_header[] = "last-event-id:";

int sse_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	unsigned char head[LWS_PRE + 1024], *p = head + LWS_PRE, *end = head + sizeof head;
	struct session *session = lws_wsi_user(wsi);

	if (lws_add_http_common_headers(
		    wsi, 200, "text/event-stream", LWS_ILLEGAL_HTTP_CONTENT_LEN, &p, end) ||
		http_add_headers(wsi, NULL, &p, end) < 0 ||
		lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
		return -1;
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the answer has no end */
	return client_open(w, &session->client, wsi, true, who) < 0 ? -1 : 1;
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

struct dnc_str sse_text(struct dnc_web *w, const char *frames, size_t n)
{
	const unsigned char *p = (const unsigned char *)frames, *end = p + n;
	struct dnc_buf *b = &w->sse;

	dnc_buf_clear(b);
	while (p < end) {
		size_t head = p[1] == 126 ? 4 : 2;
		size_t payload = p[1] == 126 ? (size_t)p[2] << 8 | p[3] : p[1];
		struct dnc_str seq = seq_of((const char *)p + head, payload);

		if (seq.n) {
			dnc_buf_lit(b, "id: ");
			dnc_buf_add(b, dnc_hub_epoch(w->hub), DNC_EPOCH_LEN);
			dnc_buf_chr(b, ':');
			dnc_buf_str(b, seq);
			dnc_buf_chr(b, '\n');
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

int sse_last_event(struct lws *wsi, struct request_query *query)
{
	char text[64];
	struct dnc_error err;
	const char *colon;
	int n = lws_hdr_custom_copy(wsi, text, sizeof text, id_header, (int)sizeof id_header - 1);

	colon = n > 0 ? strchr(text, ':') : NULL;
	if (!colon)
		return 0;
	if (request_query_add(query, DNC_STR("since"), dnc_str(colon + 1), &err) < 0)
		return 0; /* none of ours */
	request_query_add(
		query, DNC_STR("epoch"), (struct dnc_str){text, (size_t)(colon - text)}, &err);
	return 1;
}
