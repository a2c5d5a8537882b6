#include "priv/replay.h"
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/front.h"

enum {
	CHUNK_BYTES = 256 << 10,
	CHUNKS_KEPT = 16,
	/* How many events "the last N that match" looks at before the ring. */
	SEARCH_LOOKS = 500000,
};

struct replay {
	struct dnc_reader *reader;
	void (*arrived)(void *ctx, const struct chunk *chunk);
	void *ctx;
	struct chunk *kept, *asked;
	size_t kept_count;
	uint64_t uses;
};

static void free_chunk(struct chunk *c)
{
	dnc_buf_free(&c->bytes);
	free(c->slots);
	free(c);
}

struct replay *replay_new(
	struct dnc_reader *reader, void (*arrived)(void *ctx, const struct chunk *chunk), void *ctx)
{
	struct replay *p = calloc(1, sizeof *p);

	if (p) {
		p->reader = reader;
		p->arrived = arrived;
		p->ctx = ctx;
	}
	return p;
}

void replay_free(struct replay *p)
{
	if (!p)
		return;
	for (struct chunk *c = p->kept, *next; c; c = next) {
		next = c->next;
		free_chunk(c);
	}
	free(p);
}

const struct chunk *replay_find(struct replay *p, uint64_t seq)
{
	for (struct chunk *c = p->kept; c; c = c->next)
		if (seq >= c->first && seq <= c->last) {
			c->used = ++p->uses;
			return c;
		}
	return NULL;
}

struct dnc_frame chunk_frame(const struct chunk *c, uint64_t seq)
{
	const struct chunk_slot *slot = &c->slots[seq - c->first];

	return (struct dnc_frame){c->bytes.p + slot->at, slot->bytes, slot->header};
}

uint64_t chunk_run(const struct chunk *c, uint64_t from, uint64_t last, size_t max, size_t *bytes)
{
	const struct chunk_slot *first = &c->slots[from - c->first], *slot = first;

	while (from < last && slot[1].at + slot[1].bytes - first->at <= max)
		from++, slot++;
	*bytes = slot->at + slot->bytes - first->at;
	return from;
}

/* In the reader's thread. */
static bool add_frame(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct chunk *c = ctx;
	struct front front = front_of(seq, line.n);
	uint64_t index = c->first ? seq - c->first : 0;

	if (c->first && seq != c->last + 1)
		return false; /* a hole: the next chunk starts with it */
	c->no_memory = true;
	if (!dnc_array_grow(&c->slots, &c->room, index + 1))
		return false;
	/* The whole size at once: growing by doubling would waste half. */
	if (!dnc_buf_reserve(&c->bytes, c->first ? front.n + line.n + DNC_JSON_PADDING
						 : CHUNK_BYTES + DNC_EVENT_MAX_BYTES))
		return false;
	c->slots[index] = (struct chunk_slot){
		(uint32_t)c->bytes.n, (uint32_t)(front.n + line.n - 1), front.header};
	dnc_buf_add(&c->bytes, front.bytes, front.n);
	dnc_buf_add(&c->bytes, line.p + 1, line.n - 1);
	if (!c->first)
		c->first = seq;
	c->last = seq;
	c->no_memory = false;
	return c->bytes.n < CHUNK_BYTES;
}

static bool note_any(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)seq;
	(void)line;
	*(bool *)ctx = true;
	return false;
}

/* What was read before a failure is as good as any. */
static int read_chunk(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct chunk *c = (struct chunk *)job;
	bool before = false;
	int rc = dnc_journal_read(reader, c->from, false, (struct dnc_str){0}, add_frame, c, err);

	if (rc == 0 && c->no_memory)
		rc = dnc_error_nomem(err);
	if (rc < 0 && !c->first)
		return -1;
	/* Where rows are missing at the start: were they removed as the oldest, or out of the middle? */
	if (c->first != c->from && dnc_journal_read(reader, c->from, true, (struct dnc_str){0},
					   note_any, &before, err) < 0)
		return -1;
	c->oldest = !before;
	return 0;
}

static void throw_away_least_used(struct replay *p)
{
	struct chunk **least = &p->kept, *gone;

	for (struct chunk **c = &p->kept; *c; c = &(*c)->next)
		if ((*c)->used < (*least)->used)
			least = c;
	gone = *least;
	*least = gone->next;
	p->kept_count--;
	free_chunk(gone);
}

static void chunk_done(struct dnc_job *job)
{
	struct chunk *c = (struct chunk *)job, **at;
	struct replay *p = c->replay;

	for (at = &p->asked; *at != c;)
		at = &(*at)->next;
	*at = c->next;
	if (c->first) {
		if (p->kept_count == CHUNKS_KEPT)
			throw_away_least_used(p);
		c->used = ++p->uses;
		c->next = p->kept;
		p->kept = c;
		p->kept_count++;
	}
	p->arrived(p->ctx, c);
	if (!c->first)
		free_chunk(c);
}

bool replay_request(struct replay *p, uint64_t seq)
{
	struct chunk *c;

	for (c = p->asked; c; c = c->next)
		if (c->from == seq)
			return true;
	c = calloc(1, sizeof *c);
	if (!c)
		return false;
	c->job = (struct dnc_job){.run = read_chunk, .done = chunk_done};
	c->replay = p;
	c->from = seq;
	c->next = p->asked;
	p->asked = c;
	dnc_reader_submit(p->reader, &c->job);
	return true;
}

void replay_prepare(struct replay *p, uint64_t seq)
{
	const struct chunk *c;

	for (c = p->kept; c && (seq < c->first || seq > c->last); c = c->next)
		;
	if (!c && !p->asked)
		replay_request(p, seq);
}

static bool look_at(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct search *s = ctx;
	struct dnc_str shown;

	if (seq < s->first || s->looks-- == 0)
		return false;
	s->position = seq;
	/* One that is not known is reported when it is its turn. */
	s->left -= dnc_viewer_look(s->viewer, line, &shown) != 0;
	s->sliced = s->left > 0 && dnc_job_is_over(&s->job);
	return s->left > 0 && !s->sliced;
}

static void begin_search(struct search *s)
{
	s->left = s->wanted;
	s->looks = SEARCH_LOOKS;
	s->position = s->from + 1;
	s->end_ms = dnc_clock_mono_ms() + SEARCH_TIME_MS;
}

/* A slice. One that fails begins again. */
static int run_search(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct search *s = (struct search *)job;
	int rc;

	if (!s->viewer)
		return dnc_journal_find_time(reader, s->ms, &s->position, err);
	if (!s->end_ms)
		begin_search(s);
	s->sliced = false;
	rc = dnc_journal_read(reader, s->position - 1, true, (struct dnc_str){0}, look_at, s, err);
	job->work_ns = dnc_viewer_work_ns(s->viewer);
	if (dnc_viewer_end(s->viewer, rc < 0 ? NULL : err) < 0 || rc < 0) {
		s->end_ms = 0;
		return -1;
	}
	return s->sliced && dnc_clock_mono_ms() < s->end_ms ? DNC_JOB_MORE : 0;
}

static void search_done(struct dnc_job *job)
{
	struct search *s = (struct search *)job;

	s->found(s);
}

struct search *search_start(struct dnc_reader *reader, const struct search_for *what,
	void *subscriber, void (*found)(struct search *s))
{
	struct search *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	*s = (struct search){.job = {.run = run_search,
				     .done = search_done,
				     .client = dnc_account_reader(what->account)},
		.reader = reader,
		.account = dnc_account_ref(what->account),
		.subscriber = subscriber,
		.found = found,
		.ms = what->ms,
		.from = what->from,
		.first = what->first,
		.wanted = what->wanted};
	if (what->filter && !(s->viewer = dnc_viewer_new(
				      what->view, what->filter, dnc_reader_journal(reader)))) {
		search_free(s);
		return NULL;
	}
	dnc_reader_submit(reader, &s->job);
	return s;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	dnc_viewer_free(s->viewer);
	dnc_account_unref(s->account);
	free(s);
}

void search_abandon(struct search *s)
{
	s->subscriber = NULL;
	dnc_reader_cancel(s->reader, &s->job);
}
