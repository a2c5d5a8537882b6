/* sorter.c - a batch in memory, which becomes a sorted run when it is full. */
#include "sorter.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "priv/radix.h"
#include "priv/runs.h"
#include "temporary.h"

enum { RECORD_MAX = 64, MEMORY_DEFAULT = 64 << 20 };

struct sorter_batch {
	unsigned char *records, *scratch; /* two halves of one allocation, which starts at memory */
	unsigned char *memory;
	size_t n, room, memory_bytes; /* bytes; those of the records are n of room */
};

struct dnc_sorter {
	size_t record_bytes;
	uint64_t count;
	struct sorter_batch batch;
	size_t at; /* the next record of the batch, when all are in memory */
	struct runs runs;
	struct run_merge *merge; /* NULL when all are in memory */
};

/* Pages that are never used take no memory, so that few records need little. */
static int allocate(struct dnc_sorter *s, size_t memory_bytes)
{
	struct sorter_batch *b = &s->batch;
	size_t least = (FAN_IN_MAX + 1) * s->record_bytes; /* a record for each run of a merge */

	b->room = memory_bytes / 2 / s->record_bytes * s->record_bytes;
	if (b->room < least)
		b->room = least;
	b->memory_bytes = 2 * b->room;
	b->memory = malloc(b->memory_bytes);
	b->records = b->memory;
	b->scratch = b->memory + b->room;
	return b->memory ? 0 : -1;
}

struct dnc_sorter *dnc_sorter_new(const struct dnc_sorter_options *o, struct dnc_error *err)
{
	unsigned fan_in = o->fan_in ? o->fan_in : FAN_IN_MAX;
	struct dnc_sorter *s;

	if (o->record_bytes < 8 || o->record_bytes > RECORD_MAX || o->record_bytes % 8 ||
		fan_in < 2 || fan_in > FAN_IN_MAX) {
		dnc_error_set(err, EINVAL, "a sorter can't have records of %zu bytes, %u at once",
			o->record_bytes, fan_in);
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		dnc_error_nomem(err);
		return NULL;
	}
	s->record_bytes = o->record_bytes;
	runs_begin(&s->runs, dnc_temporary_dir(o->dir), o->record_bytes, fan_in);
	if (allocate(s, o->memory_bytes ? o->memory_bytes : MEMORY_DEFAULT) < 0) {
		dnc_error_nomem(err);
		dnc_sorter_free(s);
		return NULL;
	}
	return s;
}

void dnc_sorter_free(struct dnc_sorter *s)
{
	if (!s)
		return;
	runs_end(&s->runs);
	free(s->merge);
	free(s->batch.memory);
	free(s);
}

static void sort_batch(struct dnc_sorter *s)
{
	struct sorter_batch *b = &s->batch;
	unsigned char *sorted =
		radix_sort(b->records, b->scratch, b->n / s->record_bytes, s->record_bytes);

	if (sorted != b->records) {
		b->scratch = b->records;
		b->records = sorted;
	}
}

static int spill(struct dnc_sorter *s, struct dnc_error *err)
{
	struct sorter_batch *b = &s->batch;
	size_t count = b->n / s->record_bytes;

	sort_batch(s);
	b->n = 0;
	return runs_add(&s->runs, b->records, count, b->memory, b->memory_bytes, err);
}

int dnc_sorter_add(struct dnc_sorter *s, const void *record, struct dnc_error *err)
{
	struct sorter_batch *b = &s->batch;

	if (b->n == b->room && spill(s, err) < 0)
		return -1;
	/* A call of memcpy() would cost as much as all the rest. */
	for (size_t i = 0; i < s->record_bytes; i += 8)
		memcpy(b->records + b->n + i, (const unsigned char *)record + i, 8);
	b->n += s->record_bytes;
	s->count++;
	return 0;
}

int dnc_sorter_finish(struct dnc_sorter *s, struct dnc_error *err)
{
	struct sorter_batch *b = &s->batch;
	struct run runs[FAN_IN_MAX];
	unsigned count;

	if (!runs_count(&s->runs)) {
		sort_batch(s);
		return 0;
	}
	if (spill(s, err) < 0 ||
		runs_reduce(&s->runs, b->memory, b->memory_bytes, runs, &count, err) < 0)
		return -1;
	s->merge = malloc(sizeof *s->merge);
	if (!s->merge)
		return dnc_error_nomem(err);
	return run_merge_start(s->merge, &s->runs, runs, count, b->memory, b->memory_bytes, err);
}

int dnc_sorter_next(struct dnc_sorter *s, const void **record, struct dnc_error *err)
{
	if (s->merge)
		return run_merge_next(s->merge, record, err);
	if (s->at == s->batch.n)
		return 0;
	*record = s->batch.records + s->at;
	s->at += s->record_bytes;
	return 1;
}

uint64_t dnc_sorter_count(const struct dnc_sorter *s)
{
	return s->count;
}

uint64_t dnc_sorter_spilled_bytes(const struct dnc_sorter *s)
{
	return s->runs.written;
}
