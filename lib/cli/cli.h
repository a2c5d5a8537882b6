/* cli.h - what all commands share. Each header may also be included alone. For main()s only: many of these functions
 * print and exit. */
#pragma once
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/value.h"
#include "base/buf.h"
#include "filter/filter.h"
#include "filter/words.h"

/* Options for a filter, shared by dnc-filter and dnc-tail. */
struct dnc_cli_filter {
	struct dnc_buf
		field[DNC_FILTER_WORDS_MAX]; /* values, each ended by NUL, by row of the table */
	int64_t start_ms, end_ms;            /* set by the command; 0: open */
};

/* Child parser whose input is a struct dnc_cli_filter, all zero at first. */
extern const struct argp dnc_cli_filter_argp;

/* Appends the options as one JSON filter object. */
void dnc_cli_filter_json(const struct dnc_cli_filter *f, struct dnc_buf *json);

/* Checks the JSON made from options; a bad pattern is shown with a caret below, exit 2. Returns
 * the compiled filter. */
const struct dnc_filter *dnc_cli_filter_compile(const struct dnc_buf *json);

void dnc_cli_filter_free(struct dnc_cli_filter *f);
