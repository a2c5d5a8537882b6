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

/* The page ends before number SEQ, and another one follows. */
static bool end_before(struct history_page *page, uint64_t seq)
{
	page->next = seq - 1;
	return false;
}

/* Events were removed between two slices: the next page reports them. */
static bool has_lost(const struct reading *r)
{
	return r->continues && dnc_journal_oldest(r->journal) > r->page->at;
}

/* Whether the view shows number SEQ takes too much work to know: the page tells of a gap before its events, so those
 * that do not start it start the next one. */
static bool add_unknown(struct history_page *page, uint64_t seq)
{
	if (page->first_looked != seq && (!page->unknown || page->unknown + 1 != seq))
		return end_before(page, seq);
	page->unknown = seq;
	page->at = seq + 1;
	return true;
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
	if (r->query->until.given && seq > r->query->until.seq)
		return false;
	if (page->count == r->query->limit || page->looks-- == 0)
		return end_before(page, seq);
	shows = dnc_viewer_look(r->viewer, line, &shown);
	if (shows == DNC_MATCH_TOO_COSTLY)
		return add_unknown(page, seq);
	if (shows > 0) {
		if (page->body.n + shown.n + EVENT_EXTRA > HISTORY_PAGE_BYTES)
			return end_before(page, seq);
		add_event(page, seq, shown);
	}
	page->at = seq + 1;
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

/* What was asked for and is not in the log any more. The log had its oldest number before the page was read, and events
 * may have been removed since: one that was found was there. */
static void find_gap(const struct reading *r)
{
	struct history_page *page = r->page;
	const struct history_query *query = r->query;
	uint64_t from = query->since.seq + 1, to = dnc_journal_oldest(r->journal) - 1;

	if (page->first_looked && (!history_query_number(query).p || page->first_looked <= to))
		to = page->first_looked - 1;
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

static int begin(struct history_page *page, struct history_query *query,
	struct dnc_journal_reader *reader, struct dnc_error *err)
{
	dnc_buf_clear(&page->body);
	page->count = page->next = page->first_seq = page->last_seq = page->first_looked = 0;
	page->unknown = 0;
	page->looks = HISTORY_LOOKS;
	page->end_ms = dnc_clock_mono_ms() + HISTORY_TIME_MS;
	page->oldest = dnc_journal_oldest(dnc_journal_of(reader));
	if (resolve(&query->since, reader, err) < 0 || resolve(&query->until, reader, err) < 0)
		return -1;
	page->at = query->since.seq + 1;
	page->begun = true;
	return 0;
}

static int read_slice(struct reading *r, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	const struct history_query *query = r->query;
	struct dnc_str phone = history_query_number(query);
	int rc = dnc_journal_read(reader, r->page->at, false, phone, look_at, r, err);

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
		end_before(page, page->at);
	find_gap(&r);
	if (page->array)
		dnc_buf_str(&page->body, page->count ? DNC_STR("]\n") : DNC_STR("[]\n"));
	page->begun = false;
	return dnc_buf_ok(&page->body) ? 0 : dnc_error_nomem(err);
}

void history_page_link(const struct history_page *page, const struct history_query *query,
	char out[HISTORY_LINK_MAX])
{
	snprintf(out, HISTORY_LINK_MAX, "</api/v1/events?%.*ssince=%llu>; rel=\"next\"",
		DNC_STR_ARG(query->repeated), (unsigned long long)page->next);
}

bool history_page_gap(const struct history_page *page, char out[HISTORY_RANGE_MAX])
{
	snprintf(out, HISTORY_RANGE_MAX, "%llu-%llu", (unsigned long long)page->gap_from,
		(unsigned long long)page->gap_to);
	return page->gap_to >= page->gap_from;
}
