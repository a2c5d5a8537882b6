/* verdicts.h - collects what the log made of producers' lines. */
#pragma once
#include "log/writer.h"

/* Adds what became of a committed batch: its marks, with their counts set, and its conflicts. False when there is no
 * memory; nothing was added then. */
bool verdicts_add(struct dnc_verdicts *v, struct dnc_batch *b);

void verdicts_clear(struct dnc_verdicts *v);
