/* emission.h - one run of dnc-emit: its events, the way they go, and what it says of them. */
#pragma once
#include "batch.h"
#include "cli/rejects.h"
#include "options.h"
#include "source/source.h"

struct emission {
	struct options options;
	struct batch batch;
	struct dnc_rejects rejects; /* of --lines */
	uint64_t unreadable;        /* records of the input that are no events */
	uint64_t duplicates;        /* events that the log had before */
	bool unclear; /* a stage acknowledged an event together with others that were not all new */
	/* Why events were not published: the exit code, what to say, and whether the spool may take them: not
	 * if the hub refused them. SENDER: nor is the spool a success, because nothing will be published before a person has
	 * helped: a token is missing, or the URL is wrong. */
	enum dnc_exit rc;
	bool refused, sender;
	/* With a spool: readable once a signal has asked to stop, which ends the reading, too; and that it came before the end of
	 * standard input, whose rest is unknown. */
	int stop_fd;
	bool cut;
	char why[1024];   /* longer than any; its end is the advice */
	bool reject_lost; /* a reject could not be written; it was printed instead */
};

/* Sets why the events that are left were not published. Returns RC. */
enum dnc_exit emission_fail(struct emission *e, enum dnc_exit rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The event is not in the log, and sending it again does not help. CODE is 0 for an event that a rule dropped. The reason
 * is written to the rejects with --lines, else printed; also if it can't be written. */
void emission_reject(
	struct emission *e, struct item *item, enum dnc_reject code, const char *message);

/* The same for a record of the input that is no event. */
void emission_reject_record(
	struct emission *e, const struct dnc_record *record, const struct dnc_error *err);

/* The sender itself can't send, for the reason ERR, whose code becomes the exit code: DNC_EXIT_USAGE for EINVAL,
 * DNC_EXIT_TEMPFAIL without memory, else DNC_EXIT_IO. Returns it. */
enum dnc_exit emission_fail_sender(struct emission *e, const struct dnc_error *err);

/* With --spool: from here on a signal that asks to stop ends the reading or waiting, not the process. Exits if there are no
 * descriptors left. */
void emission_survive_signals(struct emission *e);

/* A signal has asked to stop: sets that as the reason. DNC_EXIT_OK if none has. */
enum dnc_exit emission_stopped(struct emission *e);

/* Each sends the events in order and returns DNC_EXIT_OK when all are answered. Else the code of emission_fail(); those
 * events that were not answered have no fate: they may be in the log. They don't exit, so that the spool can take these. */
enum dnc_exit send_by_socket(struct emission *e);
enum dnc_exit send_by_http(struct emission *e);
