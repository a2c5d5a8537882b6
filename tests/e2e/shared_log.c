/* shared_log.c - linked to dnc-wsd, makes its log one that a test changes as the follower of a shared log would, with lines
 * in the file (a fifo) that DNC_SHARED_LOG names:
 *   epoch NAME   another epoch begins after the newest event
 *   lost FROM    events from FROM on are gone */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "log/priv/journal_ops.h"
#include "log/writer.h"

static struct dnc_journal *journal;
static struct epoch_list epochs; /* a copy is handed over each time */
static void (*committed)(void *ctx);
static void *committed_ctx;

struct dnc_journal *__real_journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err);
struct dnc_journal *__wrap_journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err);
struct dnc_writer *__real_dnc_writer_new(
	struct dnc_journal *j, void (*callback)(void *ctx), void *ctx);
struct dnc_writer *__wrap_dnc_writer_new(
	struct dnc_journal *j, void (*callback)(void *ctx), void *ctx);

static void begin_epoch(const char *name)
{
	struct epoch_list list = {0};

	epoch_list_add(&epochs, dnc_str(name), journal->last + 1);
	for (size_t i = 0; i < epochs.count; i++) {
		char text[DNC_EPOCH_LEN + 1];

		snprintf(text, sizeof text, "%016" PRIx64, epochs.at[i].name);
		epoch_list_add(&list, dnc_str(text), epochs.at[i].seq);
	}
	journal_epochs_replace(journal, &list);
}

static void *follow(void *ctx)
{
	char line[256], name[DNC_EPOCH_LEN + 1];
	uint64_t from;
	FILE *f = fopen(ctx, "r");

	while (f && fgets(line, sizeof line, f)) {
		journal_round_begin(journal);
		if (sscanf(line, "epoch %16s", name) == 1)
			begin_epoch(name);
		else if (sscanf(line, "lost %" SCNu64, &from) == 1)
			journal_lost(journal, from, journal->last);
		journal_round_end(journal);
		committed(committed_ctx);
	}
	if (f)
		fclose(f);
	epoch_list_free(&epochs);
	return NULL;
}

struct dnc_writer *__wrap_dnc_writer_new(
	struct dnc_journal *j, void (*callback)(void *ctx), void *ctx)
{
	struct dnc_epoch epoch = dnc_journal_epoch(j);
	pthread_t thread;

	journal = j;
	committed = callback;
	committed_ctx = ctx;
	epoch_list_add(&epochs, dnc_str(epoch.name), epoch.first);
	if (pthread_create(&thread, NULL, follow, getenv("DNC_SHARED_LOG")) == 0)
		pthread_detach(thread);
	return __real_dnc_writer_new(j, callback, ctx);
}

static void look(struct dnc_journal *j)
{
	(void)j; /* it has all there is */
}

struct dnc_journal *__wrap_journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	struct dnc_journal *j = __real_journal_sqlite_open(options, err);

	if (j)
		j->changes.look = look;
	return j;
}
