/* report.h - what dnc-log prints. */
#pragma once
#include "log/copy.h"
#include "options.h"

/* What was copied: a line on standard output. */
void report_copied(const struct options *o, const struct dnc_copied *copied);

/* What was compared, on standard output. Returns false if the target is not the same as the source. What only one of them has because
 * it is newer is told, too. */
bool report_compared(const struct options *o, const struct dnc_copy_compared *compared);
