#include "web/http/publish.h"
#include <stdlib.h>
#include "json/member.h"
#include "web/http/access.h"
#include "web/http/caller.h"
#include "web/http/connection.h"
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
	size_t reserved; /* bytes of the memory for bodies */
	struct limits_slot slot;
	bool form;      /* the client says that the body is a form */
	bool submitted; /* the log has the batch: the commit will be reported */
};

static struct publish *publish_of(struct http_exchange *e)
{
	return (struct publish *)((char *)e - offsetof(struct publish, exchange));
}

static void free_publish(struct publish *p)
{
	if (p->reserved)
		limits_reserve(p->context->options->shared->limits, &p->reserved, 0);
	limits_end_body(p->context->options->shared->limits, &p->slot);
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

/* Answers with the fault. What is left of the body is not read: the connection ends. */
static int refuse(struct publish *p, enum publish_fault fault)
{
	const struct publish_fault_row *row = &publish_faults[fault];
	int rc = http_problem(p->exchange.connection, row->status, row->detail);

	http_exchange_leave(&p->exchange);
	free_publish(p);
	return rc;
}

static int answer(const struct publish *p)
{
	struct dnc_buf *page = &p->context->page;
	struct http_connection *c = p->exchange.connection;
	unsigned status = submission_answer(&p->submission, &p->commit.receipt, page);

	return status == 200 ? http_reply(c, 200, "application/json", page, NULL)
	                     : http_problem_send(c, status, NULL);
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
	if (p->exchange.connection)
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
	int rc = answer(p);

	http_exchange_leave(&p->exchange);
	free_publish(p);
	return rc;
}

/* The client may have been admitted long ago: a body is received for up to an hour. */
static int refuse_caller(struct publish *p, enum identity_verdict verdict)
{
	int rc = access_refuse(p->exchange.connection, verdict);

	http_exchange_leave(&p->exchange);
	free_publish(p);
	return rc;
}

/* The body is whole. */
static int finish(struct publish *p)
{
	enum publish_fault fault;
	enum identity_verdict verdict;

	http_exchange_end_body(&p->exchange);
	if (!dnc_buf_reserve(&p->body.text, DNC_JSON_PADDING))
		return refuse(p, PUBLISH_NO_MEMORY);
	fault = submission_read(&p->submission, publisher_tools(p->context->publisher),
		dnc_buf_view(&p->body.text), p->form);
	if (fault != PUBLISH_OK)
		return refuse(p, fault);
	body_free(&p->body);
	if (!reserve(p))
		return refuse(p, PUBLISH_CROWDED);
	verdict = http_caller_recheck(&p->caller, p->context, DNC_MAY_PUBLISH);
	if (verdict != IDENTITY_KNOWN)
		return refuse_caller(p, verdict);
	if (!p->submission.count)
		return answer_now(p);
	/* The log may need any time to commit. */
	lws_set_timeout(p->exchange.connection->wsi, NO_PENDING_TIMEOUT, 0);
	return submit(p) ? HTTP_LATER : refuse(p, PUBLISH_LOG_BUSY);
}

static int on_body(struct http_exchange *e, const void *in, size_t n, size_t *used)
{
	struct publish *p = publish_of(e);
	enum body_verdict verdict = body_add(&p->body, in, n, used);

	if (verdict == BODY_END)
		return finish(p);
	if (verdict != BODY_MORE)
		return refuse(p, publish_fault_of_body(verdict));
	return reserve(p) ? HTTP_LATER : refuse(p, PUBLISH_CROWDED);
}

static int on_body_end(struct http_exchange *e)
{
	struct publish *p = publish_of(e);
	enum body_verdict verdict = body_end(&p->body);

	return verdict == BODY_END ? finish(p) : refuse(p, publish_fault_of_body(verdict));
}

static void abandon(struct http_exchange *e)
{
	struct publish *p = publish_of(e);

	if (!p->submitted)
		free_publish(p);
}

/* Sets the slot of P if it may begin. */
static enum publish_fault admit(struct publish *p, const struct http_request *r)
{
	static const enum publish_fault faults[] = {[LIMITS_OK] = PUBLISH_OK,
		[LIMITS_FULL] = PUBLISH_NO_MEMORY,
		[LIMITS_ADDRESS] = PUBLISH_ADDRESS,
		[LIMITS_SUBJECT] = PUBLISH_SUBJECT};
	enum publish_fault fault =
		r->context->draining ? PUBLISH_DRAINING
				     : publish_head_read(r->head, r->max_body, &p->body, &p->form);

	/* A body whose length is not told would be read as the next request. */
	if (fault == PUBLISH_NO_LENGTH)
		r->connection->last = true;
	if (fault != PUBLISH_OK)
		return fault;
	return faults[limits_begin_body(
		r->context->options->shared->limits, r->address, http_subject(r), &p->slot)];
}

int publish_begin(struct http_request *r)
{
	static const struct http_exchange_type type = {
		.body = on_body, .body_end = on_body_end, .abandon = abandon};
	struct publish *p = calloc(1, sizeof *p);
	enum publish_fault fault;

	if (!p)
		return HTTP_HANG_UP;
	p->context = r->context;
	fault = admit(p, r);
	if (fault != PUBLISH_OK) {
		free_publish(p);
		return http_problem(
			r->connection, publish_faults[fault].status, publish_faults[fault].detail);
	}
	http_caller_copy(&p->caller, r);
	http_exchange_begin(&p->exchange, &type, r);
	return HTTP_LATER;
}
