/* metrics.h - counters and gauges in the Prometheus text format 0.0.4. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "../base/buf.h"

struct dnc_metric {
	const char *name;   /* without labels */
	const char *type;   /* "counter" or "gauge" */
	const char *help;   /* NULL when the metric before has the same name */
	const char *labels; /* `code="invalid_json"`, or NULL */
	double value;
};

/* Appends COUNT metrics; those of one name stand together. */
void dnc_metrics_text(struct dnc_buf *b, const struct dnc_metric *metrics, size_t count);
