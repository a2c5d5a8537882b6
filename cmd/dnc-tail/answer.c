#include "answer.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "json/json.h"
#include "messages.h"

/* The body comes with the head or at once after it. A longer one is no problem of a hub. */
enum { BODY_WAIT_MS = 250, BODY_MAX = 4096 };
/* What a server may ask for: more is taken as so much. */
enum { RETRY_AFTER_MAX_S = 300 };

/* Stores what the server says as one line of A->said. */
static void answer_said(struct attempt *a, struct dnc_str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n + 1 < sizeof a->said; i++) {
		unsigned char c = (unsigned char)text.p[i];

		a->said[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
	a->said[n] = '\0';
}

void answer_body(struct attempt *a, const char *in, size_t n)
{
	char text[BODY_MAX + DNC_JSON_PADDING] = {0};
	struct dnc_json_parser *parser;
	struct dnc_json doc;
	struct dnc_error err;

	if (n > BODY_MAX || !(parser = dnc_json_parser_new()))
		return;
	memcpy(text, in, n);
	if (dnc_json_parse(parser, text, n, &doc, &err) == 0 && doc.node[0].type == DNC_JSON_OBJECT)
		answer_said(a, message_text(&doc, 0, "detail"));
	dnc_json_parser_free(parser);
}

/* Seconds; a date (RFC 9110 section 10.2.3) counts as none. */
static int64_t retry_after_ms(struct lws *wsi)
{
	char text[16];
	long s;
	int n = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_RETRY_AFTER);

	if (n <= 0 || strspn(text, "0123456789") != (size_t)n)
		return 0;
	s = strtol(text, NULL, 10);
	return 1000 * (s < 1 ? 1 : s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s);
}

static void read_body(struct lws *wsi, struct attempt *a)
{
	int64_t end = dnc_clock_mono_ms() + BODY_WAIT_MS, left;

	/* The first call serves what the library has read behind the head. */
	while (!a->said[0] && (left = end - dnc_clock_mono_ms()) > 0) {
		struct pollfd p = {.fd = lws_get_socket_fd(wsi), .events = POLLIN};
		char *buf = NULL;
		int n = 0;

		/* Nonzero: the body came, or the connection has ended. */
		if (lws_http_client_read(wsi, &buf, &n) != 0 || poll(&p, 1, (int)left) <= 0)
			return;
	}
}

void answer_read(struct lws *wsi, struct attempt *a)
{
	static const char problem[] = "application/problem+json";
	char text[sizeof a->said];

	a->status = lws_http_client_http_response(wsi);
	if (a->status == 101)
		return;
	a->wait_ms = retry_after_ms(wsi);
	if (a->status / 100 == 3 &&
		lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_LOCATION) > 0)
		answer_said(a, dnc_str(text));
	else if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_TYPE) > 0 &&
		 strncasecmp(text, problem, sizeof problem - 1) == 0)
		read_body(wsi, a);
}

void answer_close_frame(struct attempt *a, const unsigned char *in, size_t n)
{
	static const char retry_after[] = "retry_after_ms=";

	if (n < 2)
		return;
	a->code = (unsigned)in[0] << 8 | in[1];
	answer_said(a, (struct dnc_str){(const char *)in + 2, n - 2});
	if (a->code != LWS_CLOSE_STATUS_GOINGAWAY ||
		strncmp(a->said, retry_after, sizeof retry_after - 1) != 0)
		return;
	a->wait_ms = strtol(a->said + sizeof retry_after - 1, NULL, 10);
	if (a->wait_ms < 0 || a->wait_ms > RETRY_AFTER_MAX_S * 1000)
		a->wait_ms = RETRY_AFTER_MAX_S * 1000;
	answer_said(a, DNC_STR("it is shutting down"));
}
