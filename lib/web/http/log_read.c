#include "web/http/log_read.h"
#include "hub/account.h"
#include "web/http/access.h"
#include "web/http/connection.h"
#include "web/http/reply.h"
#include "web/web.h"

enum { ANSWER_LIMIT_S = 60 };

void log_read_free(struct log_read *read)
{
	pages_leave(read->context->pages, &read->slot);
	dnc_account_unref(read->account);
	dnc_auth_snapshot_unref(read->access);
	read->type->free(read);
}

/* The answer was made as the client's role saw it when it asked. */
static int refuse_now(const struct log_read *read, enum identity_verdict verdict)
{
	if (verdict != IDENTITY_KNOWN)
		return access_refuse(read->exchange.connection, verdict);
	return http_problem(read->exchange.connection, 503,
		"keys and roles were reloaded while the answer was made: send the request again");
}

/* The answer counts until the connection has sent it. */
static void pass_slot(struct log_read *read)
{
	struct http_connection *c = read->exchange.connection;

	pages_shrink(read->context->pages, &read->slot, read->answer_bytes);
	c->page = read->slot;
	read->slot = (struct pages_slot){0};
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, PAGES_UNREAD_S);
}

/* In the server's thread. */
static void done(struct dnc_job *job)
{
	struct log_read *read = (struct log_read *)job;

	if (read->exchange.connection) {
		enum identity_verdict verdict =
			http_caller_recheck(&read->caller, read->context, read->type->permission);
		int rc;

		if (verdict == IDENTITY_KNOWN &&
			!dnc_auth_is_old(read->context->options->auth, read->access)) {
			rc = read->type->answer(read);
			pass_slot(read);
		} else {
			rc = refuse_now(read, verdict);
		}
		http_exchange_finish(&read->exchange, rc);
	}
	log_read_free(read);
}

/* It is freed when the job is done. */
static void abandon(struct http_exchange *e)
{
	struct log_read *read = DNC_LIST_ELEMENT(e, struct log_read, exchange);

	dnc_reader_cancel(read->context->options->reader, &read->job);
}

void log_read_init(struct log_read *read, const struct log_read_type *type, struct http_request *r)
{
	*read = (struct log_read){
		.job = {.run = type->run, .done = done},
		.type = type,
		.context = r->context,
		.access = dnc_auth_snapshot_ref(r->access),
		.account = http_account(r),
	};
	http_caller_copy(&read->caller, r);
}

const char *log_read_enter(struct log_read *read, struct http_request *r, unsigned *status)
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
		pages_enter(r->context->pages, r->address, http_subject(r), &read->slot);

	*status = rows[verdict].status;
	return rows[verdict].detail;
}

int log_read_submit(struct log_read *read, struct http_request *r)
{
	static const struct http_exchange_type type = {.abandon = abandon};

	read->job.client = dnc_account_reader(read->account);
	http_exchange_begin(&read->exchange, &type, r);
	lws_set_timeout(r->connection->wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_LIMIT_S);
	dnc_reader_submit(r->context->options->reader, &read->job);
	return HTTP_LATER;
}
