#include "web/http/publish.h"
#include <stdio.h>
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

enum {
	/* How long a body is read at once, in nanoseconds of the thread's time: when it has come, as many may come in one
	 * turn of the loop, and in a turn of its own. */
	FIRST_SLICE_NS = 200 * 1000,
	SLICE_NS = 2 * 1000 * 1000,
	FIRST_BYTES = 64 << 10, /* longer ones have turns of their own from the start */
	/* The events of a publication that goes on although others have waited longer, some hundreds: together with the
	 * bodies that wait, and the largest batch, they have room in the memory for bodies. */
	WAITING_BYTES = 256 << 10,
};

struct publish {
	struct publisher_commit commit; /* first: its callback converts */
	struct http_exchange exchange;
	struct publisher_job job; /* waits while the rest of a large body is to be read */
	struct http_context *context;
	struct http_caller caller;
	struct body body;
	struct submission submission;
	char sender[sizeof "http:" + DNC_SUBJECT_MAX]; /* of its rejects */
	size_t reserved;                               /* bytes of the memory for bodies */
	struct limits_slot slot;
	bool form;      /* the client says that the body is a form */
	bool decoded;   /* the body is, and is being read */
	bool deferred;  /* the body was too large to be answered from the library's callback */
	bool submitted; /* the log has the batch: the commit will be reported */
};

static struct publish *publish_of(struct http_exchange *e)
{
	return (struct publish *)((char *)e - offsetof(struct publish, exchange));
}

static void free_publish(struct publish *p)
{
	publisher_drop(p->context->publisher, &p->job);
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
		body_bytes(&p->body) + submission_bytes(&p->submission));
}

/* The client was answered: RC is what http_reply() returned. */
static int end(struct publish *p, int rc)
{
	if (p->deferred)
		http_exchange_finish(&p->exchange, rc);
	else
		http_exchange_leave(&p->exchange);
	free_publish(p);
	return rc;
}

/* Answers with the fault. What is left of the body is not read: the connection ends. */
static int refuse(struct publish *p, enum publish_fault fault)
{
	const struct publish_fault_row *row = &publish_faults[fault];

	return end(p, http_problem(p->exchange.connection, row->status, row->detail));
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

/* The client may have been admitted long ago: a body is received for minutes. */
static int refuse_caller(struct publish *p, enum identity_verdict verdict)
{
	return end(p, access_refuse(p->exchange.connection, verdict));
}

/* The body was read: the log is given its events. The batch is copied there, whatever memory it has now. */
static int conclude(struct publish *p)
{
	enum identity_verdict verdict;

	publisher_drop(p->context->publisher, &p->job);
	if (p->submission.fault != PUBLISH_OK)
		return refuse(p, p->submission.fault);
	body_free(&p->body);
	reserve(p);
	verdict = http_caller_recheck(&p->caller, p->context, DNC_MAY_PUBLISH);
	if (verdict != IDENTITY_KNOWN)
		return refuse_caller(p, verdict);
	if (!p->submission.count)
		return end(p, answer(p));
	/* The log may need any time to commit. */
	lws_set_timeout(p->exchange.connection->wsi, NO_PENDING_TIMEOUT, 0);
	return submit(p) ? HTTP_LATER : refuse(p, PUBLISH_LOG_BUSY);
}

/* With many events, or without memory, a publication waits for those before it to end; the oldest one always goes on. */
static bool may_go_on(struct publish *p)
{
	bool fits = reserve(p) && submission_bytes(&p->submission) < WAITING_BYTES;

	return fits || publisher_is_oldest(p->context->publisher, &p->job);
}

static enum publish_fault begin_reading(struct publish *p, enum body_verdict verdict)
{
	if (verdict != BODY_END)
		return publish_fault_of_body(verdict);
	if (!dnc_buf_reserve(&p->body.text, DNC_JSON_PADDING))
		return PUBLISH_NO_MEMORY;
	submission_begin(&p->submission, publisher_tools(p->context->publisher),
		dnc_buf_view(&p->body.text), p->form);
	return p->submission.fault;
}

/* Decodes the body, then reads it. Returns true when there is more to do. */
static bool read_slice(struct publish *p, int64_t ns)
{
	if (!p->decoded) {
		enum body_verdict verdict = body_end(&p->body);

		if (verdict == BODY_MORE)
			return true;
		p->decoded = true;
		p->submission.fault = begin_reading(p, verdict);
	}
	return p->submission.fault == PUBLISH_OK && submission_read(&p->submission, ns);
}

static void on_turn(struct publisher_job *job)
{
	struct publish *p = (struct publish *)((char *)job - offsetof(struct publish, job));

	if (p->context->draining)
		refuse(p, PUBLISH_DRAINING);
	else if (may_go_on(p) && !read_slice(p, SLICE_NS))
		conclude(p);
}

/* Reads the rest of the body in turns of the loop to come: other connections are served between. */
static int defer(struct publish *p)
{
	p->job.work = on_turn;
	if (!publisher_queue(p->context->publisher, &p->job))
		return refuse(p, PUBLISH_DRAINING);
	p->deferred = true;
	/* How long it waits is not up to the client. */
	lws_set_timeout(p->exchange.connection->wsi, NO_PENDING_TIMEOUT, 0);
	return HTTP_LATER;
}

/* The body is whole. */
static int finish(struct publish *p)
{
	bool large = body_bytes(&p->body) > FIRST_BYTES;

	http_exchange_end_body(&p->exchange);
	return large || read_slice(p, FIRST_SLICE_NS) ? defer(p) : conclude(p);
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
	return finish(publish_of(e));
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

/* Who sent what is rejected: the subject, or the address of one that needs no token. */
static void name_sender(struct publish *p)
{
	const struct http_caller *caller = &p->caller;

	snprintf(p->sender, sizeof p->sender, "http:%s",
		caller->identity.subject[0] ? caller->identity.subject : caller->address);
	p->submission.sender = p->sender;
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
	name_sender(p);
	http_exchange_begin(&p->exchange, &type, r);
	return HTTP_LATER;
}
