/* rows.h - the records of a full list become numbers in the sorter (compare.h). */
#pragma once
#include "ingest.h"

/* Takes a record of stream S, whose format is FORMAT: for in->take. -1 with in->err, which ends the run. */
int rows_take(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, const char *format);
