#include "providers.h"
#include <pthread.h>
#include <stdlib.h>
#include "base/array.h"
#include "priv/providers.h"

struct fact {
	struct provider *of;
	struct dnc_provider_event now, next;
	bool staged; /* `next` replaces `now` with the commit */
};

struct provider {
	struct dnc_str name; /* its bytes follow the struct */
	struct fact facts[DNC_PROVIDER_FACTS];
};

/* The lock is for what others read: the order, and `now` of each fact. Only the thread that appends changes anything, so
 * that it reads without it. */
struct dnc_providers {
	pthread_mutex_t lock;
	struct provider **sorted; /* by name */
	size_t count, room;
	struct fact **staged;
	size_t staged_count, staged_room;
	size_t bytes; /* of all names and lines */
	int64_t since_ms;
	uint64_t refused;
	struct dnc_event_reader *reader;
};

struct dnc_providers *providers_new(void)
{
	struct dnc_providers *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	p->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (p->reader)
		return p;
	providers_free(p);
	return NULL;
}

void providers_free(struct dnc_providers *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		for (int f = 0; f < DNC_PROVIDER_FACTS; f++) {
			dnc_buf_free(&p->sorted[i]->facts[f].now.line);
			dnc_buf_free(&p->sorted[i]->facts[f].next.line);
		}
		free(p->sorted[i]);
	}
	free(p->sorted);
	free(p->staged);
	dnc_event_reader_free(p->reader);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void providers_set_since(struct dnc_providers *p, int64_t ms)
{
	p->since_ms = ms;
}

static int compare(struct dnc_str a, struct dnc_str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* The index of NAME, or where it would be inserted. */
static size_t find(const struct dnc_providers *p, struct dnc_str name, bool *found)
{
	size_t from = 0, to = p->count;

	*found = false;
	while (from < to) {
		size_t middle = (from + to) / 2;
		int order = compare(name, p->sorted[middle]->name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

/* NULL when there is no memory. */
static struct provider *insert(struct dnc_providers *p, size_t at, struct dnc_str name)
{
	struct provider *new = calloc(1, sizeof *new + name.n);
	bool grown;

	if (!new)
		return NULL;
	memcpy(new + 1, name.p, name.n);
	new->name = (struct dnc_str){(const char *)(new + 1), name.n};
	for (int f = 0; f < DNC_PROVIDER_FACTS; f++)
		new->facts[f].of = new;
	pthread_mutex_lock(&p->lock);
	grown = dnc_array_grow(&p->sorted, &p->room, p->count + 1);
	if (grown) {
		memmove(p->sorted + at + 1, p->sorted + at, (p->count - at) * sizeof *p->sorted);
		p->sorted[at] = new;
		p->count++;
		p->bytes += name.n;
	}
	pthread_mutex_unlock(&p->lock);
	if (grown)
		return new;
	free(new);
	return NULL;
}

static void drop(struct dnc_providers *p, struct dnc_provider_event *event)
{
	p->bytes -= event->line.n;
	dnc_buf_free(&event->line);
	event->seq = 0;
}

void providers_refuse(struct dnc_providers *p)
{
	pthread_mutex_lock(&p->lock);
	p->refused++;
	pthread_mutex_unlock(&p->lock);
}

/* 1 with OUT, 0 when it is refused, -1 when there is no memory. */
static int find_or_insert(struct dnc_providers *p, struct dnc_str name, struct provider **out)
{
	bool found;
	size_t at = find(p, name, &found);

	if (found) {
		*out = p->sorted[at];
		return 1;
	}
	if (p->count >= DNC_PROVIDERS_MAX || p->bytes + name.n > DNC_PROVIDERS_BYTES)
		return 0;
	*out = insert(p, at, name);
	return *out ? 1 : -1;
}

/* Copies LINE into `next`. 1, 0 when it is refused, -1 when there is no memory. */
static int stage_fact(
	struct dnc_providers *p, struct fact *f, uint64_t seq, int64_t at_ms, struct dnc_str line)
{
	struct dnc_provider_event next = {.seq = seq, .at_ms = at_ms};

	if (p->bytes + line.n > DNC_PROVIDERS_BYTES)
		return 0;
	dnc_buf_str(&next.line, line);
	if (!dnc_buf_reserve(&next.line, DNC_JSON_PADDING) || !dnc_buf_ok(&next.line) ||
		!dnc_array_grow(&p->staged, &p->staged_room, p->staged_count + 1)) {
		dnc_buf_free(&next.line);
		return -1;
	}
	if (!f->staged)
		p->staged[p->staged_count++] = f;
	f->staged = true;
	drop(p, &f->next);
	f->next = next;
	p->bytes += line.n;
	return 1;
}

/* A time that is ahead of the clock is one of a clock that was wrong: it yields to any. */
static bool is_newer(const struct fact *f, int64_t at_ms, int64_t now_ms)
{
	const struct dnc_provider_event *known = f->staged ? &f->next : &f->now;

	return !known->seq || at_ms >= known->at_ms || known->at_ms > now_ms + DNC_SYNC_AHEAD_MS;
}

/* -1 when there is no memory to tell. */
static int is_good_sync(const struct dnc_event *event)
{
	const struct dnc_json *doc = dnc_event_doc(event);
	uint32_t status;

	if (!doc)
		return -1;
	status = dnc_json_get(doc, dnc_event_data_node(doc), DNC_STR("sync_status"));
	return status && dnc_str_caseeq(doc->node[status].text, DNC_STR("success"));
}

static int stage_newer(struct dnc_providers *p, struct fact *f, const struct dnc_event *event,
	uint64_t seq, int64_t logged_at_ms)
{
	int64_t at = event->timestamp_ms < logged_at_ms ? event->timestamp_ms : logged_at_ms;
	int rc;

	if (!is_newer(f, at, logged_at_ms))
		return 0;
	rc = stage_fact(p, f, seq, at, event->line);
	if (rc == 0)
		providers_refuse(p);
	return rc < 0 ? -1 : 0;
}

int providers_stage(
	struct dnc_providers *p, struct dnc_str line, uint64_t seq, int64_t logged_at_ms)
{
	struct dnc_event event;
	struct provider *to;
	int rc, good;

	if (dnc_event_parse(p->reader, line.p, line.n, &event) < 0)
		return dnc_event_reader_no_memory(p->reader) ? -1 : 0;
	if (!event.provider.n || !providers_concerns(event.type))
		return 0;
	rc = find_or_insert(p, event.provider, &to);
	if (rc == 0)
		providers_refuse(p);
	if (rc <= 0)
		return rc;
	if (event.type == DNC_PROVIDER_STATUS_CHANGE)
		return stage_newer(p, &to->facts[DNC_PROVIDER_STATUS], &event, seq, logged_at_ms);
	good = is_good_sync(&event);
	if (good < 0 || (good && stage_newer(p, &to->facts[DNC_PROVIDER_GOOD_SYNC], &event, seq,
					 logged_at_ms) < 0))
		return -1;
	return stage_newer(p, &to->facts[DNC_PROVIDER_SYNC], &event, seq, logged_at_ms);
}

int providers_restore(struct dnc_providers *p, struct dnc_str name, enum dnc_provider_fact fact,
	uint64_t seq, int64_t at_ms, struct dnc_str line)
{
	struct provider *to;
	int rc = find_or_insert(p, name, &to);

	if (rc > 0)
		rc = stage_fact(p, &to->facts[fact], seq, at_ms, line);
	if (rc == 0)
		providers_refuse(p);
	return rc < 0 ? -1 : 0;
}

int providers_each_staged(struct dnc_providers *p,
	int (*each)(void *ctx, struct dnc_str name, enum dnc_provider_fact fact,
		const struct dnc_provider_event *event),
	void *ctx)
{
	for (size_t i = 0; i < p->staged_count; i++) {
		const struct fact *f = p->staged[i];

		if (each(ctx, f->of->name, (enum dnc_provider_fact)(f - f->of->facts), &f->next) <
			0)
			return -1;
	}
	return 0;
}

void providers_commit(struct dnc_providers *p)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->staged_count; i++) {
		struct fact *f = p->staged[i];

		drop(p, &f->now);
		f->now = f->next;
		f->next = (struct dnc_provider_event){0};
		f->staged = false;
	}
	p->staged_count = 0;
	pthread_mutex_unlock(&p->lock);
}

void providers_abandon(struct dnc_providers *p)
{
	for (size_t i = 0; i < p->staged_count; i++) {
		drop(p, &p->staged[i]->next);
		p->staged[i]->staged = false;
	}
	p->staged_count = 0;
}

static bool is_known(const struct provider *of)
{
	for (int f = 0; f < DNC_PROVIDER_FACTS; f++)
		if (of->facts[f].now.seq)
			return true;
	return false;
}

static bool copy_buf(struct dnc_buf *to, struct dnc_str from)
{
	dnc_buf_clear(to);
	dnc_buf_str(to, from);
	return dnc_buf_reserve(to, DNC_JSON_PADDING) && dnc_buf_ok(to);
}

static bool copy(struct dnc_provider *to, const struct provider *of, bool lines)
{
	bool copied = copy_buf(&to->name, of->name);

	for (int f = 0; copied && f < DNC_PROVIDER_FACTS; f++) {
		const struct dnc_provider_event *now = &of->facts[f].now;

		to->events[f].seq = now->seq;
		to->events[f].at_ms = now->at_ms;
		if (lines)
			copied = copy_buf(&to->events[f].line, dnc_buf_view(&now->line));
	}
	return copied;
}

static int copy_next(struct dnc_providers *p, struct dnc_provider *at, bool lines)
{
	bool found = false;
	size_t next;
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	next = at->name.p ? find(p, dnc_buf_view(&at->name), &found) : 0;
	next += found;
	while (next < p->count && !is_known(p->sorted[next]))
		next++;
	if (next < p->count)
		rc = copy(at, p->sorted[next], lines) ? 1 : -1;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int dnc_providers_next(struct dnc_providers *p, struct dnc_provider *at)
{
	return copy_next(p, at, true);
}

int dnc_providers_next_times(struct dnc_providers *p, struct dnc_provider *at)
{
	return copy_next(p, at, false);
}

void dnc_provider_free(struct dnc_provider *at)
{
	dnc_buf_free(&at->name);
	for (int f = 0; f < DNC_PROVIDER_FACTS; f++)
		dnc_buf_free(&at->events[f].line);
	*at = (struct dnc_provider){0};
}

int64_t dnc_providers_since(struct dnc_providers *p)
{
	return p->since_ms;
}

uint64_t dnc_providers_refused(struct dnc_providers *p)
{
	uint64_t refused;

	pthread_mutex_lock(&p->lock);
	refused = p->refused;
	pthread_mutex_unlock(&p->lock);
	return refused;
}

int64_t dnc_provider_age(const struct dnc_provider_event *event, int64_t now_ms)
{
	return now_ms > event->at_ms ? now_ms - event->at_ms : 0;
}

bool dnc_provider_age_is_known(const struct dnc_provider_event *event, int64_t now_ms)
{
	return event->seq && event->at_ms <= now_ms + DNC_SYNC_AHEAD_MS;
}

bool dnc_provider_is_overdue(const struct dnc_provider *at, int64_t now_ms)
{
	const struct dnc_provider_event *good = &at->events[DNC_PROVIDER_GOOD_SYNC];

	return !dnc_provider_age_is_known(good, now_ms) ||
	       dnc_provider_age(good, now_ms) > DNC_SYNC_MAX_AGE_MS;
}
