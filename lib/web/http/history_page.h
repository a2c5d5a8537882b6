/* history_page.h - reads a page of the log: events that match a query and a view. No sockets in here; in the
 * log reader's thread. */
#pragma once
#include "hub/viewer.h"
#include "log/reader.h"
#include "web/http/history_query.h"

enum {
	HISTORY_PAGE_BYTES = 1 << 20, /* of a page at most, whatever its limit */
	HISTORY_LOOKS = 200000,       /* events examined for one page */
	HISTORY_TIME_MS =
		5000, /* after which a page ends, from its first slice on: patterns may be costly */
};

/* All zero is an empty page of NDJSON, which was not begun; `body` is to be freed. */
struct history_page {
	bool array; /* a JSON array instead of one event a line */
	struct dnc_buf body;
	uint64_t count, first_seq, last_seq; /* of the events in it; 0: none */
	uint64_t
		next; /* the following page is since, or before, this number; 0: this is the last one */
	uint64_t gap_from,
		gap_to; /* not in the log any more, or not known to be seen; none when to is less */
	/* While it is read. */
	bool begun;
	uint64_t at;           /* the number that is looked at next */
	uint64_t looks;        /* left */
	uint64_t first_looked; /* the first number found; 0: none */
	uint64_t last_looked;  /* the last one */
	uint64_t
		unknown; /* the last of the first numbers found: whether they are seen is not known; 0: none */
	uint64_t oldest; /* of the log, at the start */
	int64_t end_ms;
};

/* Begins to read the page or goes on with it, until it is complete or the slice of JOB is over (NULL: as long as it takes);
 * times in QUERY get their numbers. 0 when it is complete, DNC_JOB_MORE when not, and -1 with ERR when the log can't be
 * read: the next call begins anew. */
int history_page_read(struct history_page *page, struct history_query *query,
	struct dnc_viewer *viewer, struct dnc_journal_reader *reader, struct dnc_job *job,
	struct dnc_error *err);

enum { HISTORY_LINK_MAX = 3 * HISTORY_QUERY_MAX, HISTORY_RANGE_MAX = 48 };

/* Writes the value of the Link header (RFC 8288) to the next page, which there must be. */
void history_page_link(const struct history_page *page, const struct history_query *query,
	char out[HISTORY_LINK_MAX]);

/* Writes the gap, "1-99". Returns false when there is none. */
bool history_page_gap(const struct history_page *page, char out[HISTORY_RANGE_MAX]);
