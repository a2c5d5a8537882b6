/* progress.h - progress on a terminal: rows, rows per second, percent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dnc_cli_progress {
	bool on, shown;
	uint64_t rows, next_look;
	int64_t started_ms, last_ms;
};

/* Shows progress unless QUIET or standard error is not a terminal. */
void dnc_cli_progress_start(struct dnc_cli_progress *p, bool quiet);

/* Counts a row. Call it for every row; it reads the clock only now and then. SIZE_BYTES 0: unknown. */
void dnc_cli_progress(struct dnc_cli_progress *p, uint64_t done_bytes, uint64_t size_bytes);

/* Erases the line. */
void dnc_cli_progress_end(struct dnc_cli_progress *p);
