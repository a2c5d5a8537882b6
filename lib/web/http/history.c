#include "web/http/history.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "hub/account.h"
#include "json/json.h"
#include "json/member.h"
#include "log/reader.h"
#include "phone/phone.h"
#include "web/http/accept.h"
#include "web/http/access.h"
#include "web/http/caller.h"
#include "web/http/connection.h"
#include "web/http/exchange.h"
#include "web/http/history_page.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/priv/audit.h"
#include "web/priv/pages.h"
#include "web/priv/request.h"
#include "web/web.h"

enum { ANSWER_LIMIT_S = 60 };

struct history {
	struct dnc_job job; /* first: a job is the address of this */
	struct http_exchange exchange;
	struct http_context *context;
	struct http_caller caller;
	const struct dnc_auth_snapshot *access; /* held: the viewer borrows from it */
	struct dnc_viewer *viewer;
	struct dnc_account *account; /* referenced */
	struct history_query query;
	struct history_page page;
	struct pages_slot slot;
};

static void free_history(struct history *h)
{
	pages_leave(h->context->pages, &h->slot);
	dnc_account_unref(h->account);
	dnc_auth_snapshot_unref(h->access);
	dnc_viewer_free(h->viewer);
	history_query_free(&h->query);
	dnc_buf_free(&h->page.body);
	free(h);
}

/* In the log reader's thread. */
static int run(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct history *h = (struct history *)job;

	return history_page_read(&h->page, &h->query, h->viewer, reader, job, err);
}

static void audit(const struct history *h)
{
	struct dnc_buf *b = http_caller_audit(&h->caller, h->context->audit, "read");

	if (h->query.phone_bytes) {
		struct dnc_str number = {h->query.phone, h->query.phone_bytes};

		dnc_json_write_key(b, DNC_STR("phone_number"));
		dnc_buf_chr(b, '"'); /* a "+", digits and stars */
		if (h->query.masked)
			dnc_buf_str(b, number);
		else
			dnc_phone_mask(b, number);
		dnc_buf_chr(b, '"');
	}
	dnc_json_member_number(b, "events", h->page.count);
	dnc_json_member_number(b, "first_seq", h->page.first_seq);
	dnc_json_member_number(b, "last_seq", h->page.last_seq);
	audit_end(h->context->audit);
}

/* The page was made as the client's role saw it when it asked. */
static int answer_refused(const struct history *h, enum identity_verdict verdict)
{
	if (verdict != IDENTITY_KNOWN)
		return access_refuse(h->exchange.connection, verdict);
	return http_problem(h->exchange.connection, 503,
		"keys and roles were reloaded while the answer was made: send the request again");
}

/* What was sent is audited, and nothing else. */
static int answer(const struct history *h)
{
	char link[HISTORY_LINK_MAX], range[HISTORY_RANGE_MAX];
	const struct extra_header gap = {"x-dnc-gap:", range, NULL},
				  *more = history_page_gap(&h->page, range) ? &gap : NULL,
				  next = {"link:", link, more};
	struct http_connection *c = h->exchange.connection;
	int rc;

	if (dnc_filter_over_budget(h->query.filter))
		return http_problem(c, 400,
			"a pattern of the filter takes too much work on some numbers: use a "
			"simpler one");
	if (h->job.failed)
		return http_problem(
			c, 503, "the event log can't be read now: try again after Retry-After");
	history_page_link(&h->page, &h->query, link);
	rc = http_reply(c, 200, h->page.array ? "application/json" : "application/x-ndjson",
		&h->page.body, h->page.next ? &next : more);
	if (rc != HTTP_HANG_UP)
		audit(h);
	return rc;
}

/* The page counts until the connection has sent it. */
static void pass_slot(struct history *h)
{
	struct http_connection *c = h->exchange.connection;

	pages_shrink(h->context->pages, &h->slot, h->page.body.n);
	c->page = h->slot;
	h->slot = (struct pages_slot){0};
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, PAGES_UNREAD_S);
}

/* In the server's thread. */
static void done(struct dnc_job *job)
{
	struct history *h = (struct history *)job;

	if (h->exchange.connection) {
		enum identity_verdict verdict =
			http_caller_recheck(&h->caller, h->context, DNC_MAY_REPLAY);
		int rc;

		if (verdict == IDENTITY_KNOWN &&
			!dnc_auth_is_old(h->context->options->auth, h->access)) {
			rc = answer(h);
			pass_slot(h);
		} else {
			rc = answer_refused(h, verdict);
		}
		http_exchange_finish(&h->exchange, rc);
	}
	free_history(h);
}

/* It is freed when the job is done. */
static void abandon(struct http_exchange *e)
{
	struct history *h = DNC_LIST_ELEMENT(e, struct history, exchange);

	dnc_reader_cancel(h->context->options->reader, &h->job);
}

/* Why the request can't be admitted; NULL if it was, with SLOT set. */
static const char *refusal(const struct http_request *r, struct pages_slot *slot, unsigned *status)
{
	static const struct {
		unsigned status;
		const char *detail;
	} rows[] = {
		[PAGES_SUBJECT] = {429, "your other requests for events are still being answered: "
					"read their answers first"},
		[PAGES_ADDRESS] = {429, "too many requests for events from your address are still "
					"being answered: try again after Retry-After"},
		[PAGES_FULL] = {503, "too many requests for events are being answered: try again "
				     "after Retry-After"},
	};
	enum pages_verdict verdict =
		pages_enter(r->context->pages, r->address, http_subject(r), slot);

	*status = rows[verdict].status;
	return rows[verdict].detail;
}

static struct history *new_history(struct http_request *r, const struct dnc_view *view)
{
	struct history *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->job = (struct dnc_job){.run = run, .done = done};
	h->context = r->context;
	h->page.array = accept_prefers(
		r->head, DNC_STR("application/json"), DNC_STR("application/x-ndjson"));
	h->access = dnc_auth_snapshot_ref(r->access);
	h->account = http_account(r);
	http_caller_copy(&h->caller, r);
	history_query_init(&h->query);
	h->query.masked = view->rendering & DNC_MASKED;
	return h;
}

static int refuse(struct http_request *r, const struct dnc_error *err)
{
	unsigned status = request_error_status(err->code);

	if (status == 403)
		audit_refused(r->context->audit, r->address,
			r->access->keys ? &r->principal.identity : NULL, err->message);
	return http_problem_error(r->connection, status, err);
}

static int read_query(const struct http_request *r, struct history *h, struct dnc_error *err)
{
	int64_t start = dnc_clock_thread_ns();
	int rc = query_parse(r->head->query, history_query_add, &h->query, err);

	if (rc >= 0 && h->query.filters.filters.n && !http_may_compile(r, h->account))
		rc = request_refuse_filters(err);
	if (rc >= 0)
		rc = history_query_end(&h->query, err);
	if (h->account)
		dnc_account_compiled(h->account, start);
	return rc;
}

int history_begin(struct http_request *r)
{
	static const struct http_exchange_type type = {.abandon = abandon};
	struct dnc_view view = identity_view(r->principal.role, r->principal.permissions, 0);
	struct history *h;
	struct dnc_error err = {.place = ""};
	const char *refused;
	unsigned status = 429;

	if (!r->context->options->reader)
		return http_problem(r->connection, 503,
			"the hub keeps no event log: start it with --data to have one");
	h = new_history(r, &view);
	if (!h)
		return HTTP_HANG_UP;
	refused = refusal(r, &h->slot, &status);
	if (refused) {
		free_history(h);
		return http_problem(r->connection, status, refused);
	}
	if (read_query(r, h, &err) < 0) {
		free_history(h);
		return refuse(r, &err);
	}
	h->viewer = dnc_viewer_new(
		&view, h->query.filter, dnc_reader_journal(r->context->options->reader));
	h->job.client = dnc_account_reader(h->account);
	if (!h->viewer || !h->account) {
		free_history(h);
		return http_problem(
			r->connection, 503, "the hub is out of memory: try again later");
	}
	http_exchange_begin(&h->exchange, &type, r);
	lws_set_timeout(r->connection->wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_LIMIT_S);
	dnc_reader_submit(r->context->options->reader, &h->job);
	return HTTP_LATER;
}
