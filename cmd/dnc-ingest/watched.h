/* watched.h - one file of --watch: whether it is read, and what becomes of it. */
#pragma once
#include "base/arrivals.h"
#include "base/filing.h"
#include "gap.h"
#include "ingest.h"

enum { REASON_BYTES = 1024 };

/* What becomes of a file. */
enum fate {
	FATE_DONE,
	FATE_FAILED,
	FATE_AGAIN,  /* it stays, and is taken again */
	FATE_LATER,  /* the same, when it has not changed for SETTLE_MS */
	FATE_BEHIND, /* it stays until those before it are complete and taken */
	FATE_HELD,   /* it stays until the change list that has failed is published */
	FATE_STOP,   /* it stays, and the process ends with `code` */
};

struct watch {
	struct ingest *in;
	struct dnc_arrivals *arrivals;
	struct dnc_filing filing;
	struct gap gap;
	struct dnc_arrival file; /* the current one */
	char path[PATH_MAX];     /* of it, for messages, rejects and ids */
	enum fate fate;
	char reason[REASON_BYTES]; /* why it failed */
	int code;
	bool outdated; /* the current file is too old to be ever read */
	bool complete; /* with --once: no file is left but those that are still being written */
	uint64_t failed, rejected; /* files; records */
	uint64_t later;            /* events of the current file that a later stage rejected */
	uint64_t incomplete;       /* files with such events that have not failed */
	uint64_t held;             /* change lists that wait */
	uint64_t unreported;       /* files whose summary a later stage rejected */
};

/* Before the current file is read: refuses it if it is not to be. */
void watched_refuse(struct watch *w);

/* The current file was read, and its events are acknowledged. Sets `reason` if it has failed. */
enum fate watched_judge(struct watch *w);
