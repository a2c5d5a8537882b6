/* metrics.h - counters, gauges and histograms in the Prometheus text format 0.0.4. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* A histogram of durations in powers of two: bucket N counts those below 2^(10 + N) ns, from 1 us to 17 s. All
 * zero is an empty one. Not safe for use by two threads at once: others read a copy. */
enum { DNC_HISTOGRAM_BUCKETS = 25 };

struct dnc_histogram {
	uint64_t bucket[DNC_HISTOGRAM_BUCKETS], more; /* each without the buckets before it */
	uint64_t sum_ns;
};

/* Counts COUNT durations of NS each. Allocates nothing; takes a few nanoseconds. */
static inline void dnc_histogram_observe(struct dnc_histogram *h, int64_t ns, uint64_t count)
{
	uint64_t v = ns > 0 ? (uint64_t)ns : 0;
	int bits = v >> 10 ? 64 - __builtin_clzll(v >> 10) : 0;

	h->sum_ns += v * count;
	*(bits < DNC_HISTOGRAM_BUCKETS ? &h->bucket[bits] : &h->more) += count;
}

/* Adds the counts of FROM to TO. */
void dnc_histogram_add(struct dnc_histogram *to, const struct dnc_histogram *from);

/* Takes the counts of EARLIER, which TO has grown from, from TO. */
void dnc_histogram_subtract(struct dnc_histogram *to, const struct dnc_histogram *earlier);

uint64_t dnc_histogram_count(const struct dnc_histogram *h);

/* The duration in seconds that SHARE (0 to 1) of those in H do not exceed, taken to be spread evenly within their bucket; of
 * 1 the end of the last bucket. 0 if H is empty. */
double dnc_histogram_quantile(const struct dnc_histogram *h, double share);

struct dnc_metric {
	const char *name;   /* without labels */
	const char *type;   /* "counter", "gauge" or "summary" */
	const char *help;   /* NULL if the metric before it has the same name */
	const char *labels; /* `code="invalid_json"`, or NULL */
	double value;
};

/* Appends COUNT metrics, of which those of one name must be adjacent. */
void dnc_metrics_text(struct dnc_buf *b, const struct dnc_metric *metrics, size_t count);

/* Appends what precedes the values of a metric, of which there may be none. */
void dnc_metrics_head(struct dnc_buf *b, const char *name, const char *type, const char *help);

/* Appends the label NAME="VALUE" with the escapes of the format. Controls and the like are escaped for people first, because
 * many programs show what they scraped. */
void dnc_metrics_label(struct dnc_buf *b, const char *name, struct dnc_str value);

/* Appends a histogram; NAME ends in "_seconds". */
void dnc_metrics_histogram(
	struct dnc_buf *b, const char *name, const char *help, const struct dnc_histogram *h);

/* Appends the standard metrics of a process: CPU time, start, memory, descriptors, threads. For one thread
 * at a time. */
void dnc_metrics_process(struct dnc_buf *b);
