#include "web/http/history_page.h"
#include <stdio.h>

enum {
	PAGE_BYTES = 4 << 20, /* after which a page ends, whatever its limit */
	LOOKS = 200000, /* events examined for one page: a bounded share of the reader's time */
};

/* A page while it is read. */
struct reading {
	struct history_page *page;
	const struct history_query *query;
	struct dnc_viewer *viewer;
	uint64_t looks;        /* left */
	uint64_t first_looked; /* the first number found; 0: none */
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

static bool look_at(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct reading *r = ctx;
	struct history_page *page = r->page;
	struct dnc_str shown;

	if (!r->first_looked)
		r->first_looked = seq;
	if (r->query->until.given && seq > r->query->until.seq)
		return false;
	if (page->count == r->query->limit || r->looks-- == 0 || page->body.n > PAGE_BYTES) {
		page->next = seq - 1;
		return false;
	}
	if (dnc_viewer_look(r->viewer, line, &shown))
		add_event(page, seq, shown);
	return dnc_buf_ok(&page->body);
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

/* What was asked for and is not in the log any more. OLDEST was the oldest number before the page was read, and events
 * may have been removed since: one that was found was there. */
static void find_gap(const struct reading *r, const struct dnc_journal *journal, uint64_t oldest)
{
	const struct history_query *query = r->query;
	uint64_t from = query->since.seq + 1, to = dnc_journal_oldest(journal) - 1;

	if (r->first_looked && (!history_query_number(query).p || r->first_looked <= to))
		to = r->first_looked - 1;
	if (query->until.given && to > query->until.seq)
		to = query->until.seq;
	/* How many events there were between a time and the oldest that is left is not known. */
	if (query->since.is_time && from <= oldest)
		from = 1;
	r->page->gap_from = from;
	r->page->gap_to = to;
}

int history_page_read(struct history_page *page, struct history_query *query,
	struct dnc_viewer *viewer, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct reading r = {page, query, viewer, .looks = LOOKS};
	struct dnc_str phone = history_query_number(query);
	const struct dnc_journal *journal = dnc_journal_of(reader);
	uint64_t oldest = dnc_journal_oldest(journal);

	dnc_buf_clear(&page->body);
	page->count = page->next = page->first_seq = page->last_seq = 0;
	if (resolve(&query->since, reader, err) < 0 || resolve(&query->until, reader, err) < 0 ||
		dnc_journal_read(reader, query->since.seq + 1, false, phone, look_at, &r, err) <
			0 ||
		dnc_viewer_end(viewer, err) < 0)
		return -1;
	find_gap(&r, journal, oldest);
	if (page->array)
		dnc_buf_str(&page->body, page->count ? DNC_STR("]\n") : DNC_STR("[]\n"));
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
