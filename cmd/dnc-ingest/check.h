/* check.h - --max-rejects and --min-records: a wrong file is found before anything of it is published.
 *
 * Files are read twice: first all of them are checked, then they are published, unless there were only change lists, which
 * wait anyway (order.h). What is published is judged again, by its own counts: a map may answer differently. The rejects are
 * those of the last reading, so that each record is an event or a reject, once; a file that is not the one that was checked
 * fails (cli/stage.h). Standard input, pipes and descriptors can be read once: their first events are held back until
 * there are enough records to judge, or the end. */
#pragma once
#include "base/buf.h"
#include "event/event.h"

struct ingest;

/* Which limit the input does not keep. */
enum check_limit { CHECK_KEPT, CHECK_MAX_REJECTS, CHECK_MIN_RECORDS };

struct check {
	bool checking;       /* this is the first reading: nothing is published */
	bool again;          /* this is the second */
	bool holding;        /* events are held back */
	struct dnc_buf held; /* a byte for the type, the line and a newline each */
	uint64_t unordered;  /* events of the first reading, without changes that wait */
};

/* Before the inputs are read: decides how they are checked. -1 with in->err. */
int check_begin(struct ingest *in);

/* After they were read: the share can be judged, however few records there were, and what was held back is published. -1 with
 * in->broken or in->err. */
int check_end(struct ingest *in);

/* True if more records were rejected than --max-rejects allows; a share counts only AT_END, or after so many records that
 * it means something. */
bool check_exceeded(const struct ingest *in, bool at_end);

/* Which limit a list does not keep that was read to its end. */
enum check_limit check_list(const struct ingest *in);

/* What in->broken says of the input, and of the whole run, into TEXT, which is returned. */
enum { CHECK_TEXT_BYTES = 256 };
const char *check_reason(const struct ingest *in, char text[CHECK_TEXT_BYTES]);
const char *check_explain(const struct ingest *in, char text[CHECK_TEXT_BYTES]);

/* Takes an event of TYPE if it must not be published yet: returns 1. 0 if it may, -1 with in->err. */
int check_hold(struct ingest *in, enum dnc_type type, struct dnc_str line);

/* After an event was accepted: publishes those held back, if enough records were seen. -1 with in->broken or in->err. */
int check_judge(struct ingest *in);
