/* batch.h - what the log alone does with a batch: more ways to fill it, and to empty it.
 *
 * batch_describe() and batch_put() are the two halves of dnc_batch_add(): what needs the parsed event, and what only
 * copies. The first may be done without a lock that the second needs. Not safe for use by two threads at once. */
#pragma once
#include "log/batch.h"

/* What the batch keeps of EVENT, as if its line were the first of the batch. */
struct dnc_batch_event batch_describe(const struct dnc_event *event);

/* Adds LINE, described by E. False when there is no memory; the batch is unchanged then. */
bool batch_put(struct dnc_batch *b, struct dnc_str line, const struct dnc_batch_event *e);

/* Copies all events, marks and audit records of MORE to the end of the batch. False when there is no memory; the batch
 * is unchanged then. */
bool batch_append(struct dnc_batch *b, const struct dnc_batch *more);

/* Adds an audit record: who did what with the events. False when there is no memory. */
bool batch_audit(struct dnc_batch *b, struct dnc_str json);

/* Removes all events, marks and audit records. */
void batch_clear(struct dnc_batch *b);
