/* log_read.h - a request that is answered by a job in the log reader's thread: the pages of the log, and lists that take
 * longer to make than a loop may wait.
 *
 * How many there may be is limited as pages.h says; each client has its turns; and who asked is checked again before
 * the answer is sent. */
#pragma once
#include "log/reader.h"
#include "web/http/caller.h"
#include "web/http/exchange.h"
#include "web/priv/pages.h"

struct log_read;

struct log_read_type {
	/* Answers on the connection of the exchange, and sets `answer_bytes`. Returns as handlers do. In the server's
	 * thread, as FREE. */
	int (*answer)(struct log_read *read);
	void (*free)(struct log_read *read);
	/* See struct dnc_job. */
	int (*run)(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err);
	unsigned permission; /* which the client must still have */
};

/* Embedded, as the first member, in what a handler allocates. */
struct log_read {
	struct dnc_job job; /* first: a job is the address of this */
	const struct log_read_type *type;
	struct http_exchange exchange;
	struct http_context *context;
	struct http_caller caller;
	const struct dnc_auth_snapshot *access; /* held: views borrow from it */
	struct dnc_account *account;            /* referenced; NULL: there was no memory for it */
	struct pages_slot slot;
	size_t answer_bytes;
};

/* READ may be freed with log_read_free() from now on. */
void log_read_init(struct log_read *read, const struct log_read_type *type, struct http_request *r);

/* Admits READ. Returns NULL, or why the request is refused, with *STATUS. */
const char *log_read_enter(struct log_read *read, struct http_request *r, unsigned *status);

/* Has the job run, and returns HTTP_LATER: READ is freed when it was answered or the client is gone. R's server must
 * have a log reader, and READ an account. */
int log_read_submit(struct log_read *read, struct http_request *r);

/* Releases what READ holds, and frees it. */
void log_read_free(struct log_read *read);
