#include "web/http/history_page.h"
#include <stdio.h>
#include "base/clock.h"

enum { EVENT_EXTRA = 40 }; /* bytes of a page for an event, besides itself */

/* A slice of a page. */
struct reading {
	struct history_page *page;
	const struct history_query *query;
	struct dnc_viewer *viewer;
	const struct dnc_journal *journal;
	struct dnc_job *job;
	bool continues; /* nothing was found yet, but was in an earlier slice */
	bool sliced;    /* the slice is over, not the page */
};

static void add_event(struct history_page *page, uint64_t seq, struct dnc_str shown)
{
	struct dnc_buf *b = &page->body;

	if (page->array)
		dnc_buf_chr(b, page->count ? ',' : '[');
	dnc_buf_lit(b, "{\"seq\":");
	dnc_buf_u64(b, seq);
	dnc_buf_chr(b, ',');
	dnc_buf_add(b, shown.p + 1, shown.n - 1);
	if (!page->array)
		dnc_buf_chr(b, '\n');
	page->first_seq = page->count++ ? page->first_seq : seq;
	page->last_seq = seq;
}

/* The page ends before number SEQ is looked at, and another one starts with it. */
static bool end_before(const struct reading *r, uint64_t seq)
{
	r->page->next = r->query->newest_first ? seq + 1 : seq - 1;
	return false;
}

/* The number that follows SEQ. */
static uint64_t after(const struct reading *r, uint64_t seq)
{
	return r->query->newest_first ? seq - 1 : seq + 1;
}

/* The page ends where it got to. Of one number only those events are read, so that where that is tells of them: the
 * next page starts after the last one that was shown. Without any it must go on from here. */
static void end_here(const struct reading *r)
{
	if (r->page->count && history_query_number(r->query).p)
		r->page->next = r->page->last_seq;
	else
		end_before(r, r->page->at);
}

/* Events were removed between two slices: the next page reports them. They are the last ones of a page with the newest event
 * first, which reports them itself. */
static bool has_lost(const struct reading *r)
{
	return !r->query->newest_first && r->continues &&
	       dnc_journal_oldest(r->journal) > r->page->at;
}

/* True when SEQ is past the end of what was asked for. */
static bool is_past(const struct history_query *query, uint64_t seq)
{
	return query->newest_first ? seq <= query->since.seq
	                           : query->until.given && seq > query->until.seq;
}

/* Whether the view shows number SEQ takes too much work to know: the page tells of a gap before its events, so those
 * that do not start it start the next one. */
static bool add_unknown(const struct reading *r, uint64_t seq)
{
	struct history_page *page = r->page;

	if (page->first_looked != seq && (!page->unknown || after(r, page->unknown) != seq))
		return end_before(r, seq);
	page->unknown = seq;
	page->at = after(r, seq);
	return true;
}

/* The page has as many events as were asked for. Whether another one follows, which the view may not show, is not told:
 * there is a next page unless the range or the log ends here. */
static void end_full(const struct reading *r)
{
	uint64_t next = r->page->at;

	if (!is_past(r->query, next) &&
		(r->query->newest_first || next <= dnc_journal_last(r->journal)))
		end_before(r, next);
}

static bool look_at(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct reading *r = ctx;
	struct history_page *page = r->page;
	struct dnc_str shown;
	int shows;

	if (has_lost(r))
		return false; /* and still does */
	r->continues = false;
	if (!page->first_looked)
		page->first_looked = seq;
	page->last_looked = seq;
	if (is_past(r->query, seq))
		return false;
	if (page->looks-- == 0) {
		end_here(r);
		return false;
	}
	shows = dnc_viewer_look(r->viewer, line, &shown);
	if (shows == DNC_MATCH_TOO_COSTLY)
		return add_unknown(r, seq);
	if (shows > 0) {
		if (page->body.n + shown.n + EVENT_EXTRA > HISTORY_PAGE_BYTES)
			return end_before(r, seq);
		add_event(page, seq, shown);
	}
	page->at = after(r, seq);
	if (page->count == r->query->limit) {
		end_full(r);
		return false;
	}
	r->sliced = r->job && dnc_job_is_over(r->job);
	return dnc_buf_ok(&page->body) && !r->sliced;
}

/* Makes a time the number before the first event that was logged then, so that both ends exclude and
 * include as numbers do. */
static int resolve(
	struct history_position *p, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	if (!p->is_time)
		return 0;
	if (dnc_journal_find_time(reader, p->ms, &p->seq, err) < 0)
		return -1;
	p->seq--;
	return 0;
}

/* The number that is looked at first. */
static uint64_t start_of(const struct history_query *query)
{
	uint64_t newest = query->before ? query->before - 1 : INT64_MAX;

	if (!query->newest_first)
		return query->since.seq + 1;
	return query->until.given && query->until.seq < newest ? query->until.seq : newest;
}

/* What was asked for and is not in the log any more. The log had its oldest number before the page was read, and events
 * may have been removed since: one that was found was there. Of one number only those that are shown count: the others are
 * not told. */
static void find_gap_before(const struct reading *r)
{
	struct history_page *page = r->page;
	const struct history_query *query = r->query;
	uint64_t from = query->since.seq + 1, to = dnc_journal_oldest(r->journal) - 1;
	bool one_number = history_query_number(query).p;
	uint64_t first = one_number ? page->first_seq : page->first_looked;

	if (first && (!one_number || first <= to))
		to = first - 1;
	if (query->until.given && to > query->until.seq)
		to = query->until.seq;
	/* How many events there were between a time and the oldest that is left is not known. */
	if (query->since.is_time && from <= page->oldest)
		from = 1;
	if (page->unknown) {
		from = to >= from ? from : page->first_looked;
		to = page->unknown;
	}
	page->gap_from = from;
	page->gap_to = to;
}

/* The same at the end of a page with the newest event first, which alone can reach what is gone. One header tells of one
 * gap: after events of which it is not known whether they are seen, another page tells of those that are gone. */
static void find_gap_after(const struct reading *r)
{
	struct history_page *page = r->page;
	const struct history_query *query = r->query;
	uint64_t from = query->since.seq + 1, to = dnc_journal_oldest(r->journal) - 1;

	bool one_number = history_query_number(query).p;
	uint64_t last = one_number ? page->last_seq : page->last_looked;
	uint64_t start = start_of(query);

	if (last && (!one_number || last <= to))
		to = last - 1;
	if (to > start)
		to = start;
	if (query->since.is_time && from <= page->oldest)
		from = 1;
	if (page->unknown && !page->next && to >= from)
		end_before(r, page->at);
	if (page->unknown) {
		from = page->unknown;
		to = page->first_looked;
	} else if (page->next) {
		to = 0;
	}
	page->gap_from = from;
	page->gap_to = to;
}

static int begin(struct history_page *page, struct history_query *query,
	struct dnc_journal_reader *reader, struct dnc_error *err)
{
	dnc_buf_clear(&page->body);
	page->count = page->next = page->first_seq = page->last_seq = page->first_looked = 0;
	page->last_looked = page->unknown = 0;
	page->looks = HISTORY_LOOKS;
	page->end_ms = dnc_clock_mono_ms() + HISTORY_TIME_MS;
	page->oldest = dnc_journal_oldest(dnc_journal_of(reader));
	if (resolve(&query->since, reader, err) < 0 || resolve(&query->until, reader, err) < 0)
		return -1;
	page->at = start_of(query);
	page->begun = true;
	return 0;
}

static int read_slice(struct reading *r, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	const struct history_query *query = r->query;
	struct dnc_str phone = history_query_number(query);
	int rc = dnc_journal_read(reader, r->page->at, query->newest_first, phone, look_at, r, err);

	if (r->job)
		r->job->work_ns = dnc_viewer_work_ns(r->viewer);
	if (dnc_viewer_end(r->viewer, rc < 0 ? NULL : err) < 0 || rc < 0)
		return -1;
	return dnc_buf_ok(&r->page->body) ? 0 : dnc_error_nomem(err);
}

int history_page_read(struct history_page *page, struct history_query *query,
	struct dnc_viewer *viewer, struct dnc_journal_reader *reader, struct dnc_job *job,
	struct dnc_error *err)
{
	struct reading r = {page, query, viewer, dnc_journal_of(reader), job, page->begun, false};

	if (!page->begun && begin(page, query, reader, err) < 0)
		return -1;
	if (read_slice(&r, reader, err) < 0) {
		page->begun = false;
		return -1;
	}
	if (r.sliced && dnc_clock_mono_ms() < page->end_ms)
		return DNC_JOB_MORE;
	if (r.sliced || has_lost(&r))
		end_here(&r);
	if (query->newest_first)
		find_gap_after(&r);
	else
		find_gap_before(&r);
	if (page->array)
		dnc_buf_str(&page->body, page->count ? DNC_STR("]\n") : DNC_STR("[]\n"));
	page->begun = false;
	return dnc_buf_ok(&page->body) ? 0 : dnc_error_nomem(err);
}

void history_page_link(const struct history_page *page, const struct history_query *query,
	char out[HISTORY_LINK_MAX])
{
	struct dnc_str since = dnc_buf_view(&query->repeated_since);

	snprintf(out, HISTORY_LINK_MAX, "</api/v1/events?%.*s%.*s%s=%llu>; rel=\"next\"",
		DNC_STR_ARG(query->repeated), query->newest_first ? (int)since.n : 0, since.p,
		query->newest_first ? "before" : "since", (unsigned long long)page->next);
}

bool history_page_gap(const struct history_page *page, char out[HISTORY_RANGE_MAX])
{
	snprintf(out, HISTORY_RANGE_MAX, "%llu-%llu", (unsigned long long)page->gap_from,
		(unsigned long long)page->gap_to);
	return page->gap_to >= page->gap_from;
}
