/* sample.h - the start of a stream, from which "auto" tells its format. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/lines.h"
#include "base/str.h"

struct dnc_source;
struct dnc_source_options;

/* A sample has at most so much, and whole lines only; the first line, if it is longer, is cut. */
enum { SAMPLE_BYTES = 64 << 10, SAMPLE_LINES = 8192 };

struct sample_line {
	uint32_t at, n; /* in `text`, without its end */
	uint8_t end_n;
};

/* What a format sees of a stream: lines from the first one that is not blank. On a socket it is one line. */
struct sample {
	struct dnc_str text; /* the lines with their ends, without a byte order mark */
	const struct sample_line *lines;
	size_t count;
	bool ended; /* the stream has no more than this */
	const struct dnc_source_options *options;
};

/* Sets *LINE to the next line from number *I (from 0) on that is not blank, without blanks around it. False after the
 * last one. */
bool sample_next(const struct sample *sample, size_t *i, struct dnc_str *line);

/* The first line that is neither blank nor a comment; p is NULL if there is none. */
struct dnc_str sample_first(const struct sample *sample);

/* How many of the lines that are neither blank nor comments IS_ROW accepts, and how many there are. */
size_t sample_rows(const struct sample *sample, bool (*is_row)(struct dnc_str line), size_t *lines);

/* True for a line that starts with "#" or ";". */
bool sample_is_comment(struct dnc_str line);

enum likeness {
	FORMAT_NO,    /* it is another format, whatever follows */
	FORMAT_MAYBE, /* more lines may tell, or only the user knows */
	FORMAT_SURE,  /* it is this format, whatever the formats after this one in the table say */
};

/* What a format says about a sample; WHY is a part of a sentence: "each line is a phone number". */
struct verdict {
	enum likeness likeness;
	char why[200];
};

void verdict_set(struct verdict *v, enum likeness likeness, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The lines of a stream that are kept until its format is known. */
struct kept {
	struct dnc_buf text;
	struct sample_line *lines; /* owned */
	size_t count, room, taken; /* of the lines, the first TAKEN have been read since */
	uint64_t first;            /* number of the first line */
	uint64_t number;           /* of the next one to take */
};

/* Copies LINE. 0 if it does not fit, -1 if there is no memory. */
int kept_add(struct kept *kept, const struct dnc_line *line);

/* The oldest line that was not taken yet, valid until kept_finish(); false if there is none. */
bool kept_take(struct kept *kept, struct dnc_line *line);

void kept_finish(struct kept *kept);
