#include "web/http/publish.h"
#include <stdlib.h>
#include <string.h>
#include "json/member.h"
#include "web/http/caller.h"
#include "web/http/exchange.h"
#include "web/http/publish_head.h"
#include "web/http/publisher.h"
#include "web/http/reply.h"
#include "web/priv/audit.h"
#include "web/priv/limits.h"
#include "web/priv/shared.h"

enum { GZIP_BYTES = 48 << 10 /* of zlib's, while it decompresses */ };

struct publish {
	struct publisher_commit commit; /* first: its callback converts */
	struct http_exchange exchange;
	struct http_context *context;
	struct http_caller caller;
	struct body body;
	struct submission submission;
	size_t reserved;   /* bytes of the memory for bodies */
	bool form;         /* the client says that the body is a form */
	bool begun, ended; /* the body */
	bool submitted;    /* the log has the batch: the commit will be reported */
};

static struct publish *publish_of(struct http_exchange *e)
{
	return (struct publish *)((char *)e - offsetof(struct publish, exchange));
}

static void free_publish(struct publish *p)
{
	if (p->reserved)
		limits_reserve(p->context->options->shared->limits, &p->reserved, 0);
	body_free(&p->body);
	submission_free(&p->submission);
	free(p->commit.receipt.logged);
	free(p);
}

/* Reserves the memory that the request has now. False when all requests together would have too much. */
static bool reserve(struct publish *p)
{
	return limits_reserve(p->context->options->shared->limits, &p->reserved,
		p->body.text.size + submission_bytes(&p->submission) +
			(p->body.inflating ? GZIP_BYTES : 0));
}

/* The last chunk ends a body before the library knows: nothing can follow on the connection. */
static const struct extra_header *closing_header(const struct publish *p)
{
	static const struct extra_header header = {"connection:", "close", NULL};

	return p->body.chunked ? &header : NULL;
}

/* Answers with the fault, and ends the connection: more of the body may come. */
static int refuse(struct publish *p, enum publish_fault fault)
{
	struct lws *wsi = p->exchange.wsi;
	const struct publish_fault_row *row = &publish_faults[fault];

	http_problem_open(&p->context->page, row->status, row->detail);
	http_problem_send(&p->context->page, wsi, row->status, closing_header(p));
	http_exchange_leave(&p->exchange);
	free_publish(p);
	return HTTP_HANG_UP;
}

static int answer(const struct publish *p)
{
	struct dnc_buf *page = &p->context->page;
	unsigned status = submission_answer(&p->submission, &p->commit.receipt, page);

	if (status != 200)
		return http_problem_send(page, p->exchange.wsi, status, closing_header(p));
	return http_reply(p->exchange.wsi, 200, "application/json", page, closing_header(p));
}

static void audit(const struct publish *p)
{
	struct dnc_buf *b = http_caller_audit(&p->caller, p->context->audit, "published");

	dnc_json_member_number(b, "accepted", p->commit.receipt.accepted);
	dnc_json_member_number(b, "duplicates", p->commit.receipt.duplicates);
	dnc_json_member_number(b, "rejected", p->submission.rejected);
	dnc_json_member_number(b, "last_seq", p->commit.receipt.last_seq);
	audit_end(p->context->audit);
}

/* If the client has disconnected, the events are in the log all the same. */
static void on_committed(struct publisher_commit *c)
{
	struct publish *p = (struct publish *)c;

	if (c->receipt.conflicts)
		submission_reject_conflicts(&p->submission, c->receipt.logged);
	audit(p);
	if (p->exchange.wsi)
		http_exchange_finish(&p->exchange, answer(p));
	free_publish(p);
}

/* The log copies the batch; only the mapping of events to records is needed later. */
static bool submit(struct publish *p)
{
	struct submission *s = &p->submission;

	p->commit.committed = on_committed;
	p->commit.receipt.logged = calloc(s->count, sizeof *p->commit.receipt.logged);
	p->submitted = p->commit.receipt.logged &&
	               publisher_submit(p->context->publisher, p->context->options->writer,
			       &s->batch, &p->commit) == 0;
	if (!p->submitted)
		return false;
	submission_free_batch(s);
	reserve(p);
	return true;
}

/* The request has no event for the log. */
static int answer_now(struct publish *p)
{
	struct lws *wsi = p->exchange.wsi;
	bool hang_up = answer(p) < 0 || p->body.chunked;

	http_exchange_leave(&p->exchange);
	free_publish(p);
	return hang_up || lws_http_transaction_completed(wsi) ? HTTP_HANG_UP : 0;
}

/* The body is whole. */
static int finish(struct publish *p)
{
	enum publish_fault fault;

	p->ended = true;
	if (!dnc_buf_reserve(&p->body.text, DNC_JSON_PADDING))
		return refuse(p, PUBLISH_NO_MEMORY);
	fault = submission_read(&p->submission, publisher_tools(p->context->publisher),
		dnc_buf_view(&p->body.text), p->form);
	if (fault != PUBLISH_OK)
		return refuse(p, fault);
	body_free(&p->body);
	if (!reserve(p))
		return refuse(p, PUBLISH_CROWDED);
	if (!p->submission.count)
		return answer_now(p);
	/* The log may need any time to commit. */
	lws_set_timeout(p->exchange.wsi, NO_PENDING_TIMEOUT, 0);
	return submit(p) ? 0 : refuse(p, PUBLISH_LOG_BUSY);
}

/* When a request with a body came before the previous one was answered, the library passes its head as its body. No
 * body that is accepted starts like that. */
static bool is_head(const void *in, size_t n)
{
	static const char start[] = "POST /";

	return n && memcmp(in, start, n < sizeof start - 1 ? n : sizeof start - 1) == 0;
}

static int on_body(struct http_exchange *e, const void *in, size_t n)
{
	struct publish *p = publish_of(e);
	enum body_verdict verdict;
	size_t used;

	if (p->ended)
		return 0; /* after the last chunk: the connection ends with the answer */
	if (!p->begun && is_head(in, n))
		return refuse(p, PUBLISH_PIPELINED);
	p->begun = true;
	verdict = body_add(&p->body, in, n, &used);
	if (verdict == BODY_END)
		return finish(p);
	if (verdict != BODY_MORE)
		return refuse(p, publish_fault_of_body(verdict));
	return reserve(p) ? 0 : refuse(p, PUBLISH_CROWDED);
}

static int on_body_end(struct http_exchange *e)
{
	struct publish *p = publish_of(e);
	enum body_verdict verdict;

	if (p->ended)
		return 0;
	verdict = body_end(&p->body);
	return verdict == BODY_END ? finish(p) : refuse(p, publish_fault_of_body(verdict));
}

static void abandon(struct http_exchange *e)
{
	struct publish *p = publish_of(e);

	if (!p->submitted)
		free_publish(p);
}

/* A header's value, without the blanks around it. */
static struct dnc_str header(
	struct lws *wsi, enum lws_token_indexes token, char *space, size_t size)
{
	int n = lws_hdr_copy(wsi, space, (int)size, token);

	if (lws_hdr_total_length(wsi, token) <= 0)
		return (struct dnc_str){0};
	/* No value that is known is so long. */
	return n < 0 ? DNC_STR("too long") : dnc_str_trim((struct dnc_str){space, (size_t)n});
}

static enum publish_fault read_head(struct lws *wsi, size_t max, struct body *body, bool *form)
{
	char length[64], transfer[64], encoding[128], type[128];
	const struct publish_head head = {
		.content_length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length),
		.transfer_encoding =
			header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, transfer, sizeof transfer),
		.content_encoding =
			header(wsi, WSI_TOKEN_HTTP_CONTENT_ENCODING, encoding, sizeof encoding),
		.content_type = header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof type),
	};

	return publish_head_read(&head, max, body, form);
}

int publish_begin(struct http_request *r)
{
	static const struct http_exchange_type type = {
		.body = on_body, .body_end = on_body_end, .abandon = abandon};
	struct body body = {.max_bytes = 0};
	bool form = false;
	enum publish_fault fault = r->context->draining
	                                   ? PUBLISH_DRAINING
	                                   : read_head(r->wsi, r->max_body, &body, &form);
	struct publish *p;

	if (fault != PUBLISH_OK)
		return http_problem(&r->context->page, r->wsi, publish_faults[fault].status,
			publish_faults[fault].detail);
	p = calloc(1, sizeof *p);
	if (!p)
		return HTTP_HANG_UP;
	p->context = r->context;
	p->body = body;
	p->form = form;
	http_caller_copy(&p->caller, r);
	http_exchange_begin(&p->exchange, &type, r);
	p->exchange.closes = body.chunked;
	return HTTP_LATER;
}
