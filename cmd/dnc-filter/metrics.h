/* metrics.h - the counts of rules for Prometheus: over HTTP, or in a file that the textfile collector of its node exporter reads. */
#pragma once
#include "link/link.h"
#include "rules/rules.h"

struct metrics;

/* WHERE is "ADDR:PORT" of the loopback, port 0 for a free one, or a file, which is written each ten seconds and at the end;
 * borrowed. Says which address is served. WAKE(CTX) is called in other threads when counts are wanted: metrics_answer() is to
 * be called soon then. Exits if WHERE is wrong or in use. */
struct metrics *metrics_open(const char *where, void (*wake)(void *ctx), void *ctx);

/* Gives what R has counted, and what connections OUT has had, to who waits for it, if somebody does. In the thread of the rules;
 * NULL is allowed as M. */
void metrics_answer(struct metrics *m, const struct dnc_rules *r, const struct dnc_outlet *out);

/* Writes the file a last time, and ends the threads. NULL is allowed as M. -1 if the file could not be written, which was said. */
int metrics_close(struct metrics *m, const struct dnc_rules *r, const struct dnc_outlet *out);
