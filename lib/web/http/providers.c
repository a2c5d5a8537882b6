#include "web/http/providers.h"
#include <stdlib.h>
#include "base/clock.h"
#include "web/http/log_read.h"
#include "web/http/provider_list.h"
#include "web/http/reply.h"
#include "web/web.h"

static const char no_memory[] = "the hub is out of memory: try again later";

struct request {
	struct log_read read; /* first */
	struct provider_list *list;
	bool no_memory;
};

/* In the log reader's thread: the lines of a thousand providers are too many for a loop. */
static int run(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct request *q = (struct request *)job;
	int rc = 1;

	(void)reader;
	(void)err;
	while (rc > 0 && !dnc_job_is_over(job))
		rc = provider_list_add(q->list);
	q->no_memory = rc < 0;
	return rc > 0 ? DNC_JOB_MORE : 0;
}

static int answer(struct log_read *read)
{
	struct request *q = (struct request *)read;
	const struct dnc_buf *text = provider_list_text(q->list);

	if (read->job.failed || q->no_memory)
		return http_problem(read->exchange.connection, 503, no_memory);
	read->answer_bytes = text->n;
	return http_reply(read->exchange.connection, 200, "application/json", text, NULL);
}

static void free_request(struct log_read *read)
{
	struct request *q = (struct request *)read;

	provider_list_free(q->list);
	free(q);
}

int providers_begin(struct http_request *r)
{
	static const struct log_read_type type = {answer, free_request, run, DNC_MAY_READ};
	struct dnc_view view = identity_view(r->principal.role, r->principal.permissions, 0);
	struct request *q = calloc(1, sizeof *q);
	const char *refused;
	unsigned status;

	if (!q)
		return HTTP_HANG_UP;
	log_read_init(&q->read, &type, r);
	refused = log_read_enter(&q->read, r, &status);
	if (refused) {
		log_read_free(&q->read);
		return http_problem(r->connection, status, refused);
	}
	q->list = provider_list_new(
		&view, dnc_hub_journal(r->context->options->hub), dnc_clock_now_ms());
	if (!q->list || !q->read.account) {
		log_read_free(&q->read);
		return http_problem(r->connection, 503, no_memory);
	}
	return log_read_submit(&q->read, r);
}
