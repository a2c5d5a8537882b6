#include "web/http/publish.h"
#include <pthread.h>
#include <stdlib.h>
#include "log/writer.h"
#include "web/http/body.h"
#include "web/http/records.h"
#include "web/http/reply.h"
#include "web/priv/audit.h"
#include "web/priv/conn.h"
#include "web/priv/exchange.h"
#include "web/priv/limits.h"
#include "web/priv/member.h"
#include "web/priv/server.h"
#include "web/priv/shared.h"

enum {
	BODY_MAX = 4 << 20,
	GZIP_BYTES = 48 << 10, /* of zlib's, while it unpacks */
	RECORDS_MAX = 10000,   /* of one request: some tens of milliseconds of work */
	REJECTS_TOLD = 100,    /* each by place and reason; all are counted */
};

struct publish {
	struct dnc_receipt receipt; /* first: a receipt is the address of this */
	struct dnc_web *web;
	struct lws *wsi; /* NULL when the client has gone */
	struct dnc_identity identity;
	char role[DNC_ROLE_NAME_MAX], address[ADDRESS_MAX];
	struct body body;
	struct dnc_batch batch; /* the events, until the writer has them */
	size_t held;            /* of the memory for bodies under way */
	size_t *records;        /* of each event: which of the request's records it was */
	size_t count, room, rejected;
	struct dnc_buf rejects; /* JSON, without brackets */
	bool form;              /* the client says that it is a form */
	bool glued;             /* objects follow each other on one line */
	bool begun, too_many, no_memory, ended, handed_over;
	struct publish *next; /* in the queue of those that are safe */
};

static void free_publish(struct publish *p)
{
	if (p->held)
		limits_reserve(p->web->shared->limits, &p->held, 0);
	body_free(&p->body);
	dnc_batch_free(&p->batch);
	dnc_buf_free(&p->rejects);
	free(p->receipt.logged);
	free(p->records);
	free(p);
}

/* Counts what the request has in memory now. False when all of them together have too much. */
static bool hold(struct publish *p)
{
	return limits_reserve(p->web->shared->limits, &p->held,
		p->body.text.size + p->batch.text.size + p->batch.room * sizeof *p->batch.events +
			p->room * sizeof *p->records + (p->body.inflating ? GZIP_BYTES : 0));
}

/* A header's value, without the blanks around it; n is 0 when it is missing, and too long ones are cut off. */
static struct dnc_str header(
	struct lws *wsi, enum lws_token_indexes token, char *space, size_t size)
{
	int n = lws_hdr_copy(wsi, space, (int)size, token);

	if (n < 0 && lws_hdr_total_length(wsi, token) > 0)
		return dnc_str("too long");
	return dnc_str_trim((struct dnc_str){space, n > 0 ? (size_t)n : 0});
}

static bool says(struct dnc_str value, const char *word)
{
	return value.n == strlen(word) && strncasecmp(value.p, word, value.n) == 0;
}

static bool starts(struct dnc_str value, const char *word)
{
	return value.n >= strlen(word) && strncasecmp(value.p, word, strlen(word)) == 0;
}

/* Why a request is refused: its status, and words. */
struct refusal {
	unsigned status;
	const char *title, *detail;
};

static const struct refusal too_large = {
	413, "Content Too Large", "a request has 4 MiB and 10000 events at most"};

/* How the body ends: by its length or by its last chunk, and by one of them alone, because whoever is in between
 * might go by the other (RFC 9112 section 6.3). */
static const struct refusal *read_framing(struct lws *wsi, struct body *body)
{
	static const struct refusal
		no_length = {411, "Length Required",
			"send Content-Length, or Transfer-Encoding: chunked"},
		both = {400, "Bad Request",
			"Content-Length and Transfer-Encoding exclude each other"},
		bad_length = {400, "Bad Request", "Content-Length is no number"},
		coding = {501, "Not Implemented", "the only Transfer-Encoding is chunked"};
	char space[64];
	bool has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
	struct dnc_str value = header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, space, sizeof space);
	size_t length = 0;

	if (value.n) {
		body->chunked = true;
		return has_length ? &both : says(value, "chunked") ? NULL : &coding;
	}
	if (!has_length)
		return &no_length;
	value = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, space, sizeof space);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return &bad_length;
		if (length <= BODY_MAX)
			length = length * 10 + (size_t)(value.p[i] - '0');
	}
	return !value.n ? &bad_length : length > BODY_MAX ? &too_large : NULL;
}

/* What the body holds. */
static const struct refusal *read_content(struct lws *wsi, struct publish *p)
{
	static const struct refusal
		coding = {415, "Unsupported Media Type", "the only Content-Encoding is gzip"},
		parts = {415, "Unsupported Media Type",
			"a form is no body of events: use curl --data-binary, not -F"};
	char space[128];
	struct dnc_str value = header(wsi, WSI_TOKEN_HTTP_CONTENT_ENCODING, space, sizeof space);

	p->body.gzip = says(value, "gzip") || says(value, "x-gzip");
	if (value.n && !p->body.gzip && !says(value, "identity"))
		return &coding;
	value = header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, space, sizeof space);
	p->form = starts(value, "application/x-www-form-urlencoded");
	return starts(value, "multipart/") ? &parts : NULL;
}

int publish_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	static const struct refusal draining = {
		503, "Service Unavailable", "the hub is shutting down"};
	struct exchange *exchange = lws_wsi_user(wsi);
	struct publish *p = calloc(1, sizeof *p);
	const struct refusal *refusal = w->draining ? &draining : NULL;

	if (!p)
		return -1;
	p->body.max_bytes = BODY_MAX;
	if (!refusal)
		refusal = read_framing(wsi, &p->body);
	if (!refusal)
		refusal = read_content(wsi, p);
	if (refusal) {
		free_publish(p);
		return http_problem(w, wsi, refusal->status, refusal->title, refusal->detail);
	}
	p->web = w;
	p->wsi = wsi;
	p->identity = who->identity;
	snprintf(p->role, sizeof p->role, "%s", who->role->name);
	identity_address(w->identity, wsi, p->address);
	exchange->publish = p;
	return 1;
}

static void reject(struct publish *p, size_t index, const struct dnc_error *err)
{
	struct dnc_buf *b = &p->rejects;

	if (p->rejected++ >= REJECTS_TOLD)
		return;
	dnc_buf_printf(b, "%s{\"index\":%zu,\"code\":\"%s\",\"message\":", b->n ? "," : "", index,
		dnc_reject_name((enum dnc_reject)err->code));
	dnc_json_write_str(b, dnc_str(err->message));
	if (err->place[0]) {
		dnc_buf_lit(b, ",\"path\":");
		dnc_json_write_str(b, dnc_str(err->place));
	}
	dnc_buf_chr(b, '}');
}

static bool add_event(struct publish *p, const struct dnc_event *event, size_t record)
{
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		size_t *more = realloc(p->records, room * sizeof *more);

		if (!more)
			return false;
		p->records = more;
		p->room = room;
	}
	p->records[p->count++] = record;
	return dnc_batch_add(&p->batch, event);
}

/* The record number INDEX; DNC_JSON_PADDING readable bytes follow it. False ends the request: it is too much. */
static bool take_record(void *ctx, size_t index, struct dnc_str record)
{
	struct publish *p = ctx;
	struct dnc_error err = {.place = ""};
	struct dnc_event event;

	if (index >= RECORDS_MAX) {
		p->too_many = true;
		return false;
	}
	if (record.n > DNC_EVENT_MAX_BYTES) {
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the event is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
		reject(p, index, &err);
		return true;
	}
	if (dnc_event_normalize(p->web->normalizer, record.p, record.n, &event, &err) < 0) {
		reject(p, index, &err);
		return true;
	}
	p->no_memory = !add_event(p, &event, index);
	return !p->no_memory;
}

static void note_access(const struct publish *p)
{
	struct dnc_buf *b = audit_begin(p->web->audit, "published", &p->identity, NULL, p->address);

	member_text(b, "role", p->role);
	member_number(b, "accepted", p->receipt.accepted);
	member_number(b, "duplicates", p->receipt.duplicates);
	member_number(b, "rejected", p->rejected);
	member_number(b, "last_seq", p->receipt.last_seq);
	audit_end(p->web->audit);
}

/* Events whose id is taken, by another event. */
static void reject_conflicts(struct publish *p)
{
	struct dnc_error err = {.place = ""};

	if (!p->receipt.conflicts || !p->receipt.logged)
		return;
	dnc_error_set(&err, DNC_REJECT_ID_CONFLICT,
		"the log has another event with this id: the event is not in the log");
	dnc_error_place(&err, "id");
	for (size_t i = 0; i < p->count; i++)
		if (p->receipt.logged[i] == DNC_LOGGED_CONFLICT)
			reject(p, p->records[i], &err);
}

static const char *why_nothing(const struct publish *p)
{
	if (!p->rejected)
		return "the body holds no events";
	return p->glued
	               ? "no event was accepted: the body has several events on one line; curl -d takes the "
	                 "ends of lines away: use --data-binary"
	               : "no event was accepted: each was rejected";
}

/* A chunked body is at its end before the library knows: nothing can follow on the connection. */
static const struct extra_header *ends_connection(const struct publish *p)
{
	static const struct extra_header closes = {"connection:", "close", NULL};

	return p->body.chunked ? &closes : NULL;
}

static int answer(struct publish *p)
{
	struct dnc_buf *b = &p->web->page;
	bool taken = p->receipt.accepted || p->receipt.duplicates;

	reject_conflicts(p);
	dnc_buf_clear(b);
	if (taken)
		dnc_buf_chr(b, '{');
	else
		http_problem_begin(b, 422, "Unprocessable Content", why_nothing(p));
	member_number(b, "accepted", p->receipt.accepted);
	member_number(b, "duplicates", p->receipt.duplicates);
	dnc_json_write_key(b, DNC_STR("rejected"));
	dnc_buf_printf(b, "[%.*s]", DNC_STR_ARG(dnc_buf_view(&p->rejects)));
	member_number(b, "rejected_count", p->rejected);
	member_number(b, "last_seq", p->receipt.last_seq);
	if (!taken)
		return http_problem_end(p->web, p->wsi, 422, ends_connection(p));
	dnc_buf_chr(b, '}');
	return http_reply(p->wsi, 200, "application/json", b, ends_connection(p));
}

/* In the writer's thread. */
static void on_safe(struct dnc_receipt *receipt)
{
	struct publish *p = (struct publish *)receipt;
	struct dnc_web *w = p->web;

	pthread_mutex_lock(&w->published_lock);
	p->next = w->published;
	w->published = p;
	pthread_mutex_unlock(&w->published_lock);
	uv_async_send(&w->published_async);
}

/* In the loop's thread: answers for those that are safe. */
void publish_answer(struct dnc_web *w)
{
	struct publish *p, *next;

	pthread_mutex_lock(&w->published_lock);
	p = w->published;
	w->published = NULL;
	pthread_mutex_unlock(&w->published_lock);
	for (; p; p = next) {
		next = p->next;
		note_access(p);
		if (p->wsi) {
			struct exchange *exchange = lws_wsi_user(p->wsi);

			exchange->publish = NULL;
			exchange->closing = p->body.chunked;
			if (answer(p) < 0)
				conn_hang_up(p->wsi);
			else if (exchange->closing)
				lws_callback_on_writable(p->wsi);
			else if (lws_http_transaction_completed(p->wsi))
				conn_hang_up(p->wsi);
		}
		free_publish(p);
	}
}

static bool offer(struct publish *p)
{
	p->receipt.logged = calloc(p->count, sizeof *p->receipt.logged);
	p->receipt.safe = on_safe;
	p->handed_over = p->receipt.logged &&
	                 dnc_writer_submit(p->web->options->writer, &p->batch, &p->receipt) == 0;
	dnc_batch_free(&p->batch);
	return p->handed_over;
}

/* Ends the request with the answer. -1 hangs up. */
static int refuse(struct publish *p, const struct refusal *r)
{
	struct lws *wsi = p->wsi;

	http_problem_begin(&p->web->page, r->status, r->title, r->detail);
	http_problem_end(p->web, wsi, r->status, ends_connection(p));
	((struct exchange *)lws_wsi_user(wsi))->publish = NULL;
	free_publish(p);
	return -1;
}

/* What is wrong with the body by itself, indexed by enum body_verdict. */
static const struct refusal body_refusals[] = {
	[BODY_BAD_CHUNK] = {400, "Bad Request", "the chunks of the body are malformed"},
	[BODY_BAD_GZIP] = {400, "Bad Request", "the body is no gzip, or it is cut off"},
	[BODY_TOO_LARGE] = {413, "Content Too Large",
		"a request has 4 MiB (decompressed, too) and 10000 events at most"},
	[BODY_NO_MEMORY] = {503, "Service Unavailable", "the hub is out of memory"},
};

static const struct refusal crowded = {503, "Service Unavailable",
	"too many requests with bodies are under way: try again, with fewer at once"};

static const struct refusal form_refusal = {415, "Unsupported Media Type",
	"a form is no body of events: use curl -H 'Content-Type: application/x-ndjson' --data-binary @FILE"};

/* RFC 1952 section 2.3.1. */
static const struct refusal packed_refusal = {415, "Unsupported Media Type",
	"the body is a gzip file: send it with -H 'Content-Encoding: gzip'"};

static bool is_glued(struct dnc_str text)
{
	return text.n && text.p[0] == '{' && !memchr(text.p, '\n', text.n) &&
	       memmem(text.p, text.n, "}{", 2);
}

/* The body is whole. */
static int finish(struct publish *p)
{
	static const struct refusal busy = {
		503, "Service Unavailable", "the log can't take them now"};
	struct lws *wsi = p->wsi;
	struct dnc_str text = dnc_str_trim(dnc_buf_view(&p->body.text));
	struct dnc_error err;
	int rc;

	p->ended = true;
	p->glued = is_glued(text);
	if (dnc_str_starts(text, DNC_STR("\x1F\x8B")))
		return refuse(p, &packed_refusal);
	if (p->form && text.n && text.p[0] != '{' && text.p[0] != '[')
		return refuse(p, &form_refusal);
	if (!dnc_buf_reserve(&p->body.text, DNC_JSON_PADDING))
		return refuse(p, &body_refusals[BODY_NO_MEMORY]);
	if (records_each(p->web->parser, dnc_buf_view(&p->body.text), take_record, p, &err) < 0) {
		err.code = DNC_REJECT_INVALID_JSON;
		reject(p, 0, &err);
	}
	if (p->too_many)
		return refuse(p, &too_large);
	if (p->no_memory)
		return refuse(p, &body_refusals[BODY_NO_MEMORY]);
	body_free(&p->body); /* the batch is what is needed from here on */
	if (!hold(p))
		return refuse(p, &crowded);
	if (p->count) {
		lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the log takes as long as it takes */
		return offer(p) ? 0 : refuse(p, &busy);
	}
	rc = answer(p) < 0 || p->body.chunked ? -1 : 0;
	((struct exchange *)lws_wsi_user(wsi))->publish = NULL;
	free_publish(p);
	return rc < 0 || lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* When a request with a body came before the one before it was answered, the library gives its head as its body.
 * Nothing that is taken starts like that. */
static bool is_head(const void *in, size_t n)
{
	static const char start[] = "POST /";

	return n && memcmp(in, start, n < sizeof start - 1 ? n : sizeof start - 1) == 0;
}

int publish_body(struct publish *p, const void *in, size_t n)
{
	static const struct refusal pipelined = {400, "Bad Request",
		"send a request with a body after the answer to the one before"};
	enum body_verdict verdict;

	if (p->ended)
		return 0; /* behind the last chunk: the connection ends with the answer */
	if (!p->begun && is_head(in, n))
		return refuse(p, &pipelined);
	p->begun = true;
	verdict = body_add(&p->body, in, n);
	if (verdict == BODY_END)
		return finish(p);
	if (verdict != BODY_MORE)
		return refuse(p, &body_refusals[verdict]);
	return hold(p) ? 0 : refuse(p, &crowded);
}

int publish_end(struct publish *p)
{
	enum body_verdict verdict;

	if (p->ended)
		return 0;
	verdict = body_end(&p->body);
	return verdict == BODY_END ? finish(p) : refuse(p, &body_refusals[verdict]);
}

void publish_abandon(struct publish *p)
{
	if (!p)
		return;
	p->wsi = NULL;
	if (!p->handed_over)
		free_publish(p);
}
