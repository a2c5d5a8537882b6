/* cli.h - what all commands share. Each header may also be included alone. For main()s only: many of these functions
 * print and exit. */
#pragma once
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/value.h"
#include "base/buf.h"
#include "filter/draft.h"
#include "filter/filter.h"

/* Options for a filter, shared by dnc-filter and dnc-tail: a child parser whose input is a struct dnc_filter_draft, all zero at
 * first. */
extern const struct argp dnc_cli_filter_argp;

/* Checks the JSON made from options; a bad pattern is shown with a caret below, exit 2. Returns
 * the compiled filter. */
const struct dnc_filter *dnc_cli_filter_compile(const struct dnc_buf *json);
