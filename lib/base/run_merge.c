/* run_merge.c - reads several runs as one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "priv/runs.h"

static int fail(const char *dir, int code, struct dnc_error *err)
{
	return dnc_error_set(err, code, "unable to read a temporary file in %s: %s", dir,
		code ? strerror(code) : "it was cut short");
}

/* Reads the next block of a run that has bytes left. */
static int fill(struct run_reader *r, const char *dir, struct dnc_error *err)
{
	off_t left = r->run.end - r->run.begin;
	size_t want = left < (off_t)r->room ? (size_t)left : r->room;

	r->at = r->n = 0;
	while (r->n < want) {
		ssize_t n = pread(r->run.fd, r->block + r->n, want - r->n, r->run.begin);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(dir, n < 0 ? errno : 0, err);
		r->n += (size_t)n;
		r->run.begin += n;
	}
	return 0;
}

static bool before(struct run_rank a, struct run_rank b)
{
	return a.key < b.key || (a.key == b.key && a.turn < b.turn);
}

/* The rank of reader I with its present record. */
static int rank(struct run_merge *m, unsigned i, struct run_rank *out, struct dnc_error *err)
{
	struct run_reader *r = &m->readers[i];

	*out = (struct run_rank){UINT64_MAX, i + FAN_IN_MAX};
	if (i >= m->count)
		return 0;
	if (r->at == r->n && r->run.begin < r->run.end && fill(r, m->dir, err) < 0)
		return -1;
	if (r->at == r->n)
		return 0;
	memcpy(&out->key, r->block + r->at, sizeof out->key);
	out->turn = i;
	return 0;
}

/* RANK, of reader I, plays against the losers on its way up; the winner is known then. */
static void play(struct run_merge *m, unsigned i, struct run_rank rank)
{
	for (unsigned node = (m->leaves + i) / 2; node; node /= 2) {
		struct run_rank other = m->losers[node];

		if (before(other, rank)) {
			m->losers[node] = rank;
			rank = other;
		}
	}
	m->winner = rank;
}

/* The first round: the winners of both halves of each node play, from the leaves up. */
static int build(struct run_merge *m, struct dnc_error *err)
{
	struct run_rank winners[2 * FAN_IN_MAX];

	for (unsigned i = 0; i < m->leaves; i++)
		if (rank(m, i, &winners[m->leaves + i], err) < 0)
			return -1;
	for (unsigned node = m->leaves - 1; node; node--) {
		struct run_rank a = winners[2 * node], b = winners[2 * node + 1];
		bool first = before(a, b);

		winners[node] = first ? a : b;
		m->losers[node] = first ? b : a;
	}
	m->winner = winners[1];
	return 0;
}

int run_merge_start(struct run_merge *m, const struct runs *r, const struct run *runs,
	unsigned count, void *memory, size_t memory_bytes, struct dnc_error *err)
{
	size_t room = memory_bytes / (count ? count : 1) / r->record_bytes * r->record_bytes;

	m->count = count;
	m->record_bytes = r->record_bytes;
	m->dir = r->dir;
	m->started = false;
	for (m->leaves = 1; m->leaves < count;)
		m->leaves *= 2;
	for (unsigned i = 0; i < count; i++)
		m->readers[i] = (struct run_reader){
			.run = runs[i], .block = (unsigned char *)memory + i * room, .room = room};
	return build(m, err);
}

int run_merge_next(struct run_merge *m, const void **record, struct dnc_error *err)
{
	struct run_reader *r;

	if (m->started) {
		unsigned i = m->winner.turn;
		struct run_rank next;

		m->readers[i].at += m->record_bytes;
		if (rank(m, i, &next, err) < 0)
			return -1;
		play(m, i, next);
	}
	m->started = m->winner.turn < FAN_IN_MAX;
	if (!m->started)
		return 0;
	r = &m->readers[m->winner.turn];
	*record = r->block + r->at;
	return 1;
}
