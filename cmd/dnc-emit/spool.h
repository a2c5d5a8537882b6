/* spool.h - events that nobody took, as a file for dnc-ingest --watch. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Writes LINES, whole lines, to a new file in the directory DIR. Its name is that of no other file, begins with the time,
 * so that names sort by it, and ends in .ndjson. The file appears under this name when its content is on disk; a process
 * that is killed before leaves a file whose name begins with a dot, or none. -1 with ERR, whose code is an errno. */
int spool_write(const char *dir, struct dnc_str lines, struct dnc_error *err);
