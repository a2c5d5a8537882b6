#include "web/http/history.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "hub/account.h"
#include "json/json.h"
#include "json/member.h"
#include "phone/phone.h"
#include "web/http/accept.h"
#include "web/http/history_page.h"
#include "web/http/log_read.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/priv/audit.h"
#include "web/priv/request.h"
#include "web/web.h"

struct history {
	struct log_read read; /* first */
	struct dnc_viewer *viewer;
	struct history_query query;
	struct history_page page;
};

static void free_history(struct log_read *read)
{
	struct history *h = (struct history *)read;

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
	struct dnc_buf *b = http_caller_audit(&h->read.caller, h->read.context->audit, "read");
	bool back = h->query.newest_first;

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
	dnc_json_member_number(b, "first_seq", back ? h->page.last_seq : h->page.first_seq);
	dnc_json_member_number(b, "last_seq", back ? h->page.first_seq : h->page.last_seq);
	audit_end(h->read.context->audit);
}

/* What was sent is audited, and nothing else. */
static int answer(struct log_read *read)
{
	struct history *h = (struct history *)read;
	char link[HISTORY_LINK_MAX], range[HISTORY_RANGE_MAX];
	const struct extra_header gap = {"x-dnc-gap:", range, NULL},
				  *more = history_page_gap(&h->page, range) ? &gap : NULL,
				  next = {"link:", link, more};
	struct http_connection *c = h->read.exchange.connection;
	int rc;

	read->answer_bytes = h->page.body.n;
	if (dnc_filter_over_budget(h->query.filter))
		return http_problem(c, 400,
			"a pattern of the filter takes too much work on some numbers: use a "
			"simpler one");
	if (h->read.job.failed)
		return http_problem(
			c, 503, "the event log can't be read now: try again after Retry-After");
	history_page_link(&h->page, &h->query, link);
	rc = http_reply(c, 200, h->page.array ? "application/json" : "application/x-ndjson",
		&h->page.body, h->page.next ? &next : more);
	if (rc != HTTP_HANG_UP)
		audit(h);
	return rc;
}

static struct history *new_history(struct http_request *r, const struct dnc_view *view)
{
	static const struct log_read_type type = {answer, free_history, run, DNC_MAY_REPLAY};
	struct history *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	log_read_init(&h->read, &type, r);
	h->page.array = accept_prefers(
		r->head, DNC_STR("application/json"), DNC_STR("application/x-ndjson"));
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

	if (rc >= 0 && h->query.filters.filters.n && !http_may_compile(r, h->read.account))
		rc = request_refuse_filters(err);
	if (rc >= 0)
		rc = history_query_end(&h->query, err);
	if (h->read.account)
		dnc_account_compiled(h->read.account, start);
	return rc;
}

int history_begin(struct http_request *r)
{
	struct dnc_reader *reader = r->context->options->reader;
	struct dnc_view view = identity_view(r->principal.role, r->principal.permissions, 0);
	struct history *h;
	struct dnc_error err = {.place = ""};
	const char *refused;
	unsigned status = 429;

	if (!reader || !dnc_journal_keeps_events(dnc_reader_journal(reader)))
		return http_problem(r->connection, 503,
			"the hub keeps no event log: start it with --data to have one");
	h = new_history(r, &view);
	if (!h)
		return HTTP_HANG_UP;
	refused = log_read_enter(&h->read, r, &status);
	if (refused) {
		log_read_free(&h->read);
		return http_problem(r->connection, status, refused);
	}
	if (read_query(r, h, &err) < 0) {
		log_read_free(&h->read);
		return refuse(r, &err);
	}
	h->viewer = dnc_viewer_new(&view, h->query.filter, dnc_reader_journal(reader));
	if (!h->viewer || !h->read.account) {
		log_read_free(&h->read);
		return http_problem(
			r->connection, 503, "the hub is out of memory: try again later");
	}
	return log_read_submit(&h->read, r);
}
