/* describe.h - the two halves of dnc_batch_add(): what needs the parsed event, and what only copies.
 *
 * The first may be done without a lock that the second needs. */
#pragma once
#include "log/batch.h"

/* What the batch keeps of EVENT, as if its line were the first of the batch. */
struct dnc_batch_event batch_describe(const struct dnc_event *event);

/* Adds LINE, described by E. False when there is no memory; the batch is unchanged then. */
bool batch_put(struct dnc_batch *b, struct dnc_str line, const struct dnc_batch_event *e);
