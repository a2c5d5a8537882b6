/* receipts.h - reports what became of the events of a batch to the callers that wait for it. */
#pragma once
#include "log/batch.h"

/* Sets RECEIPT (NULL: none) for all events of BATCH, and how many it waits for. */
void receipts_attach(struct dnc_batch *batch, struct dnc_receipt *receipt);

/* BATCH is committed: fills in its receipts, and calls `safe` of those that wait for nothing more. */
void receipts_settle(const struct dnc_batch *batch);
