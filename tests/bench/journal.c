/* journal.c - how fast events get into the log and out of it again.
 *
 *   journal DIR|CONNINFO EVENTS BATCH full|normal|off [random] [list]
 *
 * CONNINFO (a=b or postgresql://) is a log in PostgreSQL, which is made if it is not there; its server decides about syncing.
 * Prints durable events/s, p50 and p99 of a commit in ms, and events/s read back. Ids are ordered by
 * time, or random; numbers are random, or go up as in a list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "log/priv/batch.h"
#include "log/priv/journal_ops.h"
#include "log/schema.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool count(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)seq;
	(void)line;
	++*(uint64_t *)ctx;
	return true;
}

static bool ignore(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line)
{
	(void)logged_at_ms;
	(void)line;
	*(uint64_t *)ctx = seq;
	return true;
}

/* A log that is shared is read up to where it was followed. Returns events/s. */
static double follow(struct dnc_journal *j)
{
	double start = (double)dnc_clock_mono_ns();
	uint64_t from = j->last, last = from;
	struct dnc_error err;

	if (!j->ops->follow)
		return 0;
	while (j->ops->follow->read(j, ignore, &last, &err) > 0)
		j->last = last;
	j->last = last;
	return (double)(last - from) / ((double)dnc_clock_mono_ns() - start) * 1e9;
}

static void fill(struct dnc_batch *b, struct dnc_event_reader *r, size_t n, bool random, bool list)
{
	static unsigned long long number;

	batch_clear(b);
	for (size_t i = 0; i < n; i++) {
		char line[2048];
		struct dnc_event event;
		unsigned long long id = ++number;
		int size;

		if (random)
			id = id * 0x9E3779B97F4A7C15ull;
		size = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"%08llx-%04llx-7000-8000-%012llx\",\"type\":\"dnc.number.suppressed\","
			"\"phone_number\":\"+1%010llu\",\"provider\":\"consumer\",\"severity\":\"high\","
			"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"+1******0143 suppressed: "
			"consumer_request (consumer)\",\"event_data\":{\"reason\":\"consumer_request\","
			"\"source\":\"consumer\",\"suppressed_by\":\"web form\"},\"metadata\":{\"reason\":"
			"\"consumer_request\",\"source\":\"consumer\",\"is_temporary\":false,"
			"\"tcpa_relevant\":true,\"gdpr_relevant\":true,"
			"\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}",
			id >> 32, id >> 16 & 0xFFFF, id & 0xFFFF,
			2000000000ull + (list ? number : number * 2654435761u % 7999999999u));
		if (dnc_event_parse(r, line, (size_t)size, &event) < 0 || !dnc_batch_add(b, &event))
			exit(1);
	}
}

int main(int argc, char **argv)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_journal_options options = {.dir = argc > 4 ? argv[1] : NULL};
	double followed;
	struct dnc_batch batch = {0};
	struct dnc_journal *j;
	struct dnc_journal_reader *reader;
	struct dnc_error err;
	size_t events, size, commits;
	double *times, total = 0, start;
	uint64_t read = 0;
	bool random = false, list = false;

	if (argc < 5)
		return 2;
	events = strtoull(argv[2], NULL, 10);
	size = strtoull(argv[3], NULL, 10);
	commits = events / size;
	for (int i = 5; i < argc; i++) {
		random |= strcmp(argv[i], "random") == 0;
		list |= strcmp(argv[i], "list") == 0;
	}
	options.sync = argv[4][0] == 'f'   ? DNC_SYNC_FULL
	               : argv[4][0] == 'n' ? DNC_SYNC_NORMAL
	                                   : DNC_SYNC_OFF;
	if (strchr(argv[1], '=') || strstr(argv[1], "://")) {
		options.log = argv[1];
		if (dnc_schema_init(options.log, &err) < 0) {
			fprintf(stderr, "journal: %s\n", err.message);
			return 1;
		}
	}
	j = dnc_journal_open(&options, &err);
	times = calloc(commits, sizeof *times);
	if (!j || !r || !times || !commits) {
		fprintf(stderr, "journal: %s\n", err.message);
		return 1;
	}
	for (size_t i = 0; i < commits; i++) {
		fill(&batch, r, size, random, list);
		start = (double)dnc_clock_mono_ns();
		if (journal_append(j, &batch, &err) < 0 || journal_prune(j, &err) < 0) {
			fprintf(stderr, "journal: %s\n", err.message);
			return 1;
		}
		times[i] = ((double)dnc_clock_mono_ns() - start) / 1e6;
		total += times[i];
	}
	qsort(times, commits, sizeof *times, by_value);
	followed = follow(j);
	reader = journal_reader_new(j, &err);
	start = (double)dnc_clock_mono_ns();
	dnc_journal_read(reader, 1, false, (struct dnc_str){0}, count, &read, &err);
	printf("%.0f events/s, commit p50 %.3f ms, p99 %.3f ms; read back %.0f events/s",
		(double)events / total * 1e3, times[commits / 2], times[commits * 99 / 100],
		(double)read / ((double)dnc_clock_mono_ns() - start) * 1e9);
	printf(followed > 0 ? ", followed %.0f events/s\n" : "\n", followed);
	journal_reader_free(reader);
	dnc_journal_close(j);
	return 0;
}
