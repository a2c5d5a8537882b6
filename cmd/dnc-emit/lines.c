#include "lines.h"
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <unistd.h>
#include "base/lines.h"
#include "cli/cli.h"
#include "source/source.h"

/* As dnc-ingest's --max-record. */
enum { MAX_RECORD = 1 << 20, FIRST_BLOCK = 64 << 10 };

struct reading {
	struct emission *emission;
	struct dnc_source *source;
	struct dnc_event_reader *reader;
	struct dnc_event_run *run;
	bool doubted; /* what dnc_source_doubt() tells was said */
};

static void reject(struct reading *r, const struct dnc_record *record, const struct dnc_error *err)
{
	if (err->code == DNC_ERROR_NO_MEMORY)
		dnc_cli_die_nomem();
	emission_reject_record(r->emission, record, err);
}

static void read_record(struct reading *r, const struct dnc_record *record)
{
	struct batch *b = &r->emission->batch;
	struct dnc_event event;
	struct dnc_error err;

	dnc_event_reader_format(r->reader, dnc_source_format(r->source));
	dnc_event_reader_position(r->reader, r->run, record->line, record->item);
	if (dnc_event_normalize(r->reader, record->event.p, record->event.n, &event, &err) < 0) {
		reject(r, record, &err);
		return;
	}
	if (b->count == BATCH_EVENTS_MAX || b->text.n + event.line.n >= BATCH_BYTES_MAX)
		dnc_cli_usage("--lines: standard input has more than %d events or %d MiB, none "
			      "was published; dnc-ingest publishes any number",
			BATCH_EVENTS_MAX, BATCH_BYTES_MAX >> 20);
	if (!batch_add(b, &event, record->line, record->item))
		dnc_cli_die_nomem();
}

static void report_doubt(struct reading *r)
{
	if (!r->doubted && *dnc_source_doubt(r->source)) {
		dnc_warn("stdin %s", dnc_source_doubt(r->source));
		r->doubted = true;
	}
}

static void read_records(struct reading *r)
{
	struct dnc_record record;
	struct dnc_error err;
	enum dnc_refusal kind;

	for (;;) {
		switch (dnc_source_next(r->source, &record, &err)) {
		case DNC_SOURCE_MORE:
			report_doubt(r);
			return;
		case DNC_SOURCE_RECORD:
			read_record(r, &record);
			break;
		case DNC_SOURCE_REJECT:
			reject(r, &record, &err);
			break;
		case DNC_SOURCE_CHOSEN:  /* only "auto" chooses */
		case DNC_SOURCE_DROPPED: /* ndjson drops nothing */
			break;
		case DNC_SOURCE_REFUSED:
			dnc_cli_usage("stdin %s", dnc_source_refusal(r->source, &kind));
		case DNC_SOURCE_FAILED:
			dnc_cli_die_nomem();
		}
	}
}

/* Waits for standard input. Returns false if a signal asks to stop. */
static bool wait_for_input(struct emission *e)
{
	struct pollfd fds[] = {
		{.fd = e->stop_fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

	/* A read that fails says what is wrong with standard input. */
	while (e->stop_fd >= 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	e->cut = fds[0].revents != 0;
	return !e->cut;
}

/* Reads into L. Returns false at the end, and when a signal asks to stop. */
static bool fill(struct emission *e, struct dnc_lines *l)
{
	size_t room;
	char *space = dnc_lines_space(l, &room);
	ssize_t n;

	if (!space)
		dnc_cli_die_nomem();
	if (!wait_for_input(e))
		return false;
	do {
		n = read(STDIN_FILENO, space, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to read standard input: %s; nothing was published",
			strerror(errno));
	dnc_lines_filled(l, (size_t)n);
	return n > 0;
}

static void read_lines(struct reading *r)
{
	struct dnc_lines lines;
	struct dnc_line line;
	bool more = true;

	if (dnc_lines_init(&lines, MAX_RECORD, FIRST_BLOCK) < 0)
		dnc_cli_die_nomem();
	while (more) {
		more = fill(r->emission, &lines);
		if (!more)
			dnc_lines_end(&lines);
		while (dnc_lines_next(&lines, &line)) {
			dnc_source_feed(r->source, &line);
			read_records(r);
		}
	}
	dnc_source_end(r->source);
	read_records(r);
	dnc_lines_finish(&lines);
}

/* Lines that say when they happened get the same ids when they are read again. */
static struct dnc_event_run *new_run(void)
{
	unsigned char random[16];
	struct dnc_str part = {(const char *)random, sizeof random};

	randombytes_buf(random, sizeof random);
	return dnc_event_run_new(&part, 1);
}

void lines_read(struct emission *e)
{
	struct reading r = {.emission = e,
		.run = new_run(),
		.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_error err;

	r.source = dnc_source_new(&(struct dnc_source_options){.format = "ndjson",
					  .region = "US",
					  .max_record = MAX_RECORD,
					  .reject_lines = true},
		&err);
	if (!r.source || !r.reader || !r.run)
		dnc_cli_die_nomem();
	read_lines(&r);
	if (!e->batch.count && !e->unreadable && !e->cut)
		dnc_note("standard input is empty: nothing was published");
	dnc_source_free(r.source);
	dnc_event_reader_free(r.reader);
	dnc_event_run_free(r.run);
}
