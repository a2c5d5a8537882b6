/* http.c - events to the hub by POST /api/v1/events. Whoever answers may be hostile: how much is read, and for how long, is
 * limited. */
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "answer.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "emission.h"
#include "failure.h"
#include "url.h"

enum {
	/* Less than proxies take by default (nginx: 1 MiB). */
	REQUEST_MAX_BYTES = 512 << 10,
	/* The hub's longest answer has 100 rejects of some 400 bytes. */
	ANSWER_MAX_BYTES = 256 << 10,
	HEAD_MAX_BYTES = 64 << 10,
	FIRST_PAUSE_MS = 50,
	LONGEST_PAUSE_MS = 1000,
};

struct http {
	struct emission *emission;
	struct url url;
	CURL *curl;
	struct curl_slist *headers;
	struct dnc_json_parser *parser;
	struct dnc_buf body; /* of the answer */
	size_t head_bytes;
	bool too_long;
	char error[CURL_ERROR_SIZE];
	struct answer answer;
};

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;

	(void)size; /* 1 */
	h->too_long = h->too_long || h->body.n + n > ANSWER_MAX_BYTES;
	if (h->too_long)
		return 0;
	dnc_buf_add(&h->body, p, n);
	return dnc_buf_ok(&h->body) ? n : 0;
}

static size_t on_head(char *p, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;

	(void)p, (void)size; /* 1 */
	h->head_bytes += n;
	h->too_long = h->too_long || h->head_bytes > HEAD_MAX_BYTES;
	return h->too_long ? 0 : n;
}

static void add_header(struct http *h, const char *line)
{
	struct curl_slist *longer = curl_slist_append(h->headers, line);

	if (!longer)
		dnc_cli_die_nomem();
	h->headers = longer;
}

static void add_token(struct http *h, const char *path)
{
	static const char scheme[] = "Authorization: Bearer ";
	char line[sizeof scheme + DNC_CLI_TOKEN_MAX_BYTES];
	struct dnc_error err;

	memcpy(line, scheme, sizeof scheme - 1);
	if (dnc_cli_read_token(path, line + sizeof scheme - 1, &err) < 0)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s", err.message);
	add_header(h, line);
	explicit_bzero(line, sizeof line);
}

/* What never changes between requests. No redirects, no proxy of the environment, no other protocols: the token goes to
 * the host that was named, or nowhere. */
static void set_options(struct http *h, const struct options *o)
{
	CURL *c = h->curl;
	bool ok;

	ok = curl_easy_setopt(c, CURLOPT_URL, h->url.text) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, h->url.tls ? "https" : "http") ==
	             CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_USERAGENT, "dnc-emit/" DNC_VERSION) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_WRITEDATA, h) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HEADERDATA, h) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
	if (ok && h->url.socket)
		ok = curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, h->url.socket) == CURLE_OK;
	if (ok && o->ca_file)
		ok = curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
	if (!ok)
		dnc_cli_die_nomem();
}

static void open_http(struct http *h, struct emission *e)
{
	const struct options *o = &e->options;

	*h = (struct http){.emission = e};
	dnc_cli_check_authorities(o->ca_file);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		dnc_cli_die_nomem();
	url_read(&h->url, o);
	h->parser = dnc_json_parser_new();
	h->curl = curl_easy_init();
	if (!h->parser || !h->curl)
		dnc_cli_die_nomem();
	add_header(h, "Content-Type: application/x-ndjson");
	add_header(h, "Accept: application/json");
	add_header(h, "Expect:");
	if (o->token_file)
		add_token(h, o->token_file);
	set_options(h, o);
}

static void close_http(struct http *h)
{
	curl_easy_cleanup(h->curl);
	for (struct curl_slist *line = h->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(h->headers);
	dnc_json_parser_free(h->parser);
	dnc_buf_free(&h->body);
	url_free(&h->url);
	curl_global_cleanup();
}

static void reject(struct http *h, struct item *item, const struct answer_reject *r)
{
	char message[ANSWER_TEXT_BYTES + 64];

	if (h->emission->options.lines)
		snprintf(message, sizeof message, "%s", r->message);
	else
		snprintf(message, sizeof message, "rejected: %s: %s", dnc_reject_name(r->code),
			r->message);
	emission_reject(h->emission, item, r->code, message);
}

static void take_answer(struct http *h, size_t first, size_t count)
{
	struct item *items = &h->emission->batch.items[first];

	for (size_t i = 0; i < count; i++)
		items[i].fate = FATE_LOGGED;
	/* In the order of the events, whatever the order of the answer. */
	for (size_t i = 0; i < h->answer.reject_count; i++)
		items[h->answer.rejects[i].index].fate = FATE_NONE;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; items[i].fate == FATE_NONE && j < h->answer.reject_count; j++)
			if (h->answer.rejects[j].index == i)
				reject(h, &items[i], &h->answer.rejects[j]);
	h->emission->duplicates += h->answer.duplicates;
}

/* Says what the answer of STATUS means. */
static struct failure explain_status(struct http *h, long status)
{
	struct failure f = failure_of_status(status, h->emission->options.token_file);
	char detail[ANSWER_TEXT_BYTES], *location = NULL;

	answer_detail(h->parser, dnc_buf_view(&h->body), detail);
	if (status >= 300 && status < 400)
		curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &location);
	emission_fail(h->emission, f.rc, "HTTP status %ld of %.160s%s%s%s%.160s%s%s", status,
		h->url.socket ? h->url.socket : h->url.text, *detail ? ": " : "", detail,
		location ? ": redirected to " : "", location ? location : "", *f.advice ? "; " : "",
		f.advice);
	return f;
}

static struct failure explain_error(struct http *h, CURLcode code)
{
	long sent = 0;
	struct failure f;

	curl_easy_getinfo(h->curl, CURLINFO_REQUEST_SIZE, &sent);
	f = failure_of_curl(code, sent > 0, h->url.tls);
	emission_fail(h->emission, f.rc, "%.160s: %.256s%s%s",
		h->url.socket ? h->url.socket : h->url.text,
		h->too_long   ? "the answer is too long"
		: h->error[0] ? h->error
			      : curl_easy_strerror(code),
		*f.advice ? "; " : "", f.advice);
	return f;
}

/* One request. Returns a failure with DNC_EXIT_OK if it was answered. *PAUSE_MS: how long the hub wants a sender to wait,
 * or 0. */
static struct failure try_once(
	struct http *h, size_t first, size_t count, int64_t left_ms, int64_t *pause_ms)
{
	struct dnc_str body = batch_lines(&h->emission->batch, first, count);
	curl_off_t retry_after = 0;
	CURLcode code;
	long status = 0;

	dnc_buf_clear(&h->body);
	h->head_bytes = 0;
	h->too_long = false;
	h->error[0] = '\0';
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)left_ms);
	code = curl_easy_perform(h->curl);
	*pause_ms = 0;
	if (code != CURLE_OK)
		return explain_error(h, code);
	if (!dnc_buf_reserve(&h->body, DNC_JSON_PADDING))
		dnc_cli_die_nomem();
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &retry_after);
	*pause_ms = retry_after > 0 && retry_after < 1000000 ? (int64_t)retry_after * 1000 : 0;
	if (retry_after >= 1000000)
		*pause_ms = INT64_C(1000000) * 1000;
	if ((status == 200 || status == 422) &&
		answer_read(h->parser, dnc_buf_view(&h->body), count, &h->answer)) {
		take_answer(h, first, count);
		return (struct failure){DNC_EXIT_OK, .advice = ""};
	}
	return explain_status(h, status);
}

/* Sends COUNT events, again as long as that may help and the time lasts: their ids log them once. */
static enum dnc_exit publish(struct http *h, size_t first, size_t count)
{
	int64_t end_ms = dnc_clock_mono_ms() + h->emission->options.timeout_ms;
	int64_t pause_ms = FIRST_PAUSE_MS, asked_ms, left_ms = h->emission->options.timeout_ms;
	struct failure f;

	for (;;) {
		f = try_once(h, first, count, left_ms > 0 ? left_ms : 1, &asked_ms);
		if (f.rc == DNC_EXIT_OK || !f.again)
			break;
		left_ms = end_ms - dnc_clock_mono_ms();
		if ((asked_ms ? asked_ms : pause_ms) >= left_ms)
			break;
		poll(NULL, 0, (int)(asked_ms ? asked_ms : pause_ms));
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
		left_ms = end_ms - dnc_clock_mono_ms();
	}
	h->emission->refused = f.refused;
	h->emission->sender = f.sender;
	return f.rc;
}

/* How many events from FIRST on fit in one request; at least one. */
static size_t count_next(const struct batch *b, size_t first)
{
	size_t count = 1;

	while (first + count < b->count && count < ANSWER_REJECTS_MAX &&
		batch_lines(b, first, count + 1).n <= REQUEST_MAX_BYTES)
		count++;
	return count;
}

enum dnc_exit send_by_http(struct emission *e)
{
	struct http *h = malloc(sizeof *h);
	enum dnc_exit rc = DNC_EXIT_OK;
	size_t at = 0;

	if (!h)
		dnc_cli_die_nomem();
	open_http(h, e);
	while (at < e->batch.count && rc == DNC_EXIT_OK) {
		size_t count = count_next(&e->batch, at);

		rc = publish(h, at, count);
		at += count;
	}
	close_http(h);
	free(h);
	return rc;
}
