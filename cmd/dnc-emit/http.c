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
#include "hubs.h"

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
	struct hubs hubs;
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

/* Called at least once a second. */
static int on_progress(
	void *ctx, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
	(void)ctx, (void)down, (void)downloaded, (void)up, (void)uploaded;
	return dnc_cli_stopped_by() != 0;
}

/* These return -1 with ERR, a reason for emission_fail_sender(). */
static int add_header(struct http *h, const char *line, struct dnc_error *err)
{
	struct curl_slist *longer = curl_slist_append(h->headers, line);

	if (!longer)
		return dnc_error_nomem(err);
	h->headers = longer;
	return 0;
}

static int add_token(struct http *h, const char *path, struct dnc_error *err)
{
	static const char scheme[] = "Authorization: Bearer ";
	char line[sizeof scheme + DNC_CLI_TOKEN_MAX_BYTES];
	int rc = -1;

	memcpy(line, scheme, sizeof scheme - 1);
	if (dnc_cli_read_token(path, line + sizeof scheme - 1, err) >= 0)
		rc = add_header(h, line, err);
	explicit_bzero(line, sizeof line);
	return rc;
}

/* What never changes between requests. No redirects, no proxy of the environment, no other protocols: the token goes to
 * the hosts that were named, or nowhere. */
static int set_options(struct http *h, const struct options *o, struct dnc_error *err)
{
	CURL *c = h->curl;
	bool ok;

	ok = curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_USERAGENT, "dnc-emit/" DNC_VERSION) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_WRITEDATA, h) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_HEADERDATA, h) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	     /* A name server that does not answer holds up nothing after a signal. */
	     curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error) == CURLE_OK &&
	     curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
	if (ok && o->ca_file)
		ok = curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
	return ok ? 0 : dnc_error_nomem(err);
}

/* The next request goes to the hub in use. */
static bool set_hub(struct http *h)
{
	const struct url *u = &hubs_now(&h->hubs)->url;

	return curl_easy_setopt(h->curl, CURLOPT_URL, u->text) == CURLE_OK &&
	       curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, u->tls ? "https" : "http") ==
	               CURLE_OK &&
	       curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, u->socket) == CURLE_OK;
}

static int open_http(struct http *h, const struct options *o, struct dnc_error *err)
{
	if (o->ca_file && dnc_cli_try_authorities(o->ca_file, err) < 0)
		return -1;
	if (hubs_read(&h->hubs, o, err) < 0)
		return -1;
	h->parser = dnc_json_parser_new();
	h->curl = curl_easy_init();
	if (!h->parser || !h->curl)
		return dnc_error_nomem(err);
	if (add_header(h, "Content-Type: application/x-ndjson", err) < 0 ||
		add_header(h, "Accept: application/json", err) < 0 ||
		add_header(h, "Expect:", err) < 0)
		return -1;
	if (o->token_file && add_token(h, o->token_file, err) < 0)
		return -1;
	return set_options(h, o, err);
}

static void close_http(struct http *h)
{
	curl_easy_cleanup(h->curl);
	for (struct curl_slist *line = h->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(h->headers);
	dnc_json_parser_free(h->parser);
	dnc_buf_free(&h->body);
	hubs_free(&h->hubs);
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
		url_name(&hubs_now(&h->hubs)->url), *detail ? ": " : "", detail,
		location ? ": redirected to " : "", location ? location : "", *f.advice ? "; " : "",
		f.advice);
	return f;
}

static struct failure explain_error(struct http *h, CURLcode code)
{
	long sent = 0;
	struct failure f;

	curl_easy_getinfo(h->curl, CURLINFO_REQUEST_SIZE, &sent);
	f = failure_of_curl(code, sent > 0, hubs_now(&h->hubs)->url.tls);
	emission_fail(h->emission, f.rc, "%.160s: %.256s%s%s", url_name(&hubs_now(&h->hubs)->url),
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
		return explain_error(h, CURLE_OUT_OF_MEMORY);
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

/* Until MS have passed, or a signal asks to stop. */
static void wait_for(int64_t ms)
{
	int64_t until_ms = dnc_clock_mono_ms() + ms;

	for (; ms > 0 && !dnc_cli_stopped_by(); ms = until_ms - dnc_clock_mono_ms())
		poll(NULL, 0, (int)(ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS));
}

/* The hub in use has failed as F says, and wants to be left alone for ASKED_MS (0: it does not). Goes on with another one: true,
 * or sets *PAUSE_MS to how long to wait for the hub in use then, if that is not as long as usual. */
static bool change_hub(struct http *h, const struct failure *f, int64_t asked_ms, int64_t *pause_ms)
{
	int64_t now = dnc_clock_mono_ms();
	struct hub *failed = hubs_now(&h->hubs);
	int64_t left;
	bool other;

	failed->after_ms = asked_ms ? now + asked_ms : 0;
	other = f->other && hubs_next(&h->hubs, now);
	if (other && !failed->told)
		dnc_warn("%s; trying %s", h->emission->why, url_name(&hubs_now(&h->hubs)->url));
	failed->told |= other;
	left = other ? 0 : f->other ? hubs_round(&h->hubs, now) : asked_ms;
	if (left)
		*pause_ms = left;
	return other;
}

/* Each hub has its share of the time that is left. */
static struct failure try_hub(
	struct http *h, size_t first, size_t count, int64_t end_ms, int64_t *asked_ms)
{
	int64_t now = dnc_clock_mono_ms(), left_ms = end_ms > now ? end_ms - now : 0;
	int64_t share_ms = left_ms / (int64_t)hubs_left(&h->hubs, now);

	if (set_hub(h))
		return try_once(h, first, count, share_ms > 0 ? share_ms : 1, asked_ms);
	*asked_ms = 0;
	return explain_error(h, CURLE_OUT_OF_MEMORY);
}

/* Sends COUNT events, again and to each hub as long as that may help and the time lasts: their ids log them once. */
static enum dnc_exit publish(struct http *h, size_t first, size_t count)
{
	int64_t end_ms = dnc_clock_mono_ms() + h->emission->options.timeout_ms;
	int64_t pause_ms = FIRST_PAUSE_MS, wait_ms, asked_ms;
	bool again = false; /* one of the hubs of this round is worth it */
	struct failure f;

	for (;;) {
		f = try_hub(h, first, count, end_ms, &asked_ms);
		if (f.rc == DNC_EXIT_OK || f.refused || (f.sender && !f.other) ||
			(!f.again && !f.other && !dnc_cli_stopped_by()))
			break;
		if (emission_stopped(h->emission))
			return h->emission->rc;
		again |= f.again;
		wait_ms = pause_ms;
		if (change_hub(h, &f, asked_ms, &wait_ms))
			continue;
		if (!again || wait_ms >= end_ms - dnc_clock_mono_ms())
			break;
		wait_for(wait_ms);
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
		again = false;
	}
	if (f.rc == DNC_EXIT_OK)
		hubs_confirmed(&h->hubs);
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
	struct http *h = calloc(1, sizeof *h);
	enum dnc_exit rc = DNC_EXIT_OK;
	struct dnc_error err;
	size_t at = 0;

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		dnc_error_nomem(&err);
		return emission_fail_sender(e, &err);
	}
	h->emission = e;
	if (open_http(h, &e->options, &err) < 0)
		rc = emission_fail_sender(e, &err);
	while (at < e->batch.count && rc == DNC_EXIT_OK) {
		size_t count = count_next(&e->batch, at);

		rc = dnc_cli_stopped_by() ? emission_stopped(e) : publish(h, at, count);
		at += count;
	}
	close_http(h);
	free(h);
	return rc;
}
