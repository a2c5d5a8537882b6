/* mold.h - the event of one kind of row, cut at what differs from row to row. */
#pragma once
#include "event/cells.h"
#include "template.h"

enum { MOLD_CELLS = 64, MOLD_PIECES = 160, MOLDS = 64 };

/* What is put in behind a piece of text. */
enum mold_part {
	MOLD_END,
	MOLD_ID,
	MOLD_NUMBER,
	MOLD_MASK, /* the masked number in the summary */
	MOLD_TIMESTAMP,
	MOLD_NOW,
	MOLD_METADATA, /* nothing: metadata starts here */
	MOLD_VALUE, /* the value of a cell: a JSON string in the line, with its length before it in the content */
};

struct mold_piece {
	uint16_t bytes; /* of text before the part */
	uint8_t part;   /* enum mold_part */
	uint8_t cell;   /* of MOLD_VALUE */
};

/* A text without its parts. */
struct mold_text {
	struct dnc_buf text;
	struct mold_piece piece[MOLD_PIECES];
	size_t pieces;
};

struct mold {
	bool made;          /* there is a kind */
	bool valid;         /* it was compared with what it is to replace; else it is not used */
	uint64_t hash;      /* of the kind */
	uint64_t candidate; /* of the last row that is of another kind */
	struct dnc_buf kind;
	const char *source_format; /* borrowed, as in the reader */
	size_t number_n;           /* length of the E.164 number */
	struct dnc_event_shape shape;
	struct mold_text line, content;
};

/* The kind of a row: the names of its cells, the values of those that are fixed, and the length of its number. */
uint64_t mold_hash(const struct dnc_cells *row, size_t number_n);
bool mold_fits(const struct mold *m, const struct dnc_cells *row, size_t number_n,
	const char *source_format);

/* Memory to work in, of a reader. */
struct mold_work {
	const struct dnc_event_options *options;
	struct draft *draft;
	struct dnc_json *doc;
	struct dnc_json_parser *parser;
};

/* Makes M, whose memory is used again, for the kind of ROW. It is not valid if ROW is no event, or if there is no memory. */
void mold_make(struct mold *m, const struct dnc_cells *row, struct dnc_str e164,
	const struct mold_work *work);

void mold_finish(struct mold *m);

/* Writes the content of which the id is made (draft_write_content()) to B, which is cleared first. */
void mold_content(const struct mold *m, const struct filling *f, const struct dnc_cells *row,
	struct dnc_buf *b);

/* Writes the event with this UUID to B, which is cleared first, and its SHAPE. */
void mold_line(const struct mold *m, const struct filling *f, const struct dnc_cells *row,
	const char uuid[DNC_UUID_LEN], struct dnc_buf *b, struct dnc_event_shape *shape);
