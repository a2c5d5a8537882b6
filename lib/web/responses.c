#include "priv/responses.h"
#include <stdio.h>
#include <string.h>
#include "metrics/metrics.h"

static struct response_count *find(
	struct responses *r, const char *method, const char *path, unsigned status)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->row[i].status == status && strcmp(r->row[i].path, path) == 0 &&
			strcmp(r->row[i].method, method) == 0)
			return &r->row[i];
	if (r->count == RESPONSES_ROWS)
		return NULL;
	r->row[r->count] =
		(struct response_count){.method = method, .path = path, .status = status};
	return &r->row[r->count++];
}

void responses_count(
	struct responses *r, const char *method, const char *path, unsigned status, uint64_t n)
{
	struct response_count *row =
		find(r, path ? method : "other", path ? path : "other", status);

	if (row)
		row->count += n;
}

void responses_add(struct responses *to, const struct responses *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct response_count *row = &from->row[i];

		responses_count(to, row->method, row->path, row->status, row->count);
	}
}

void responses_write(const struct responses *r, struct dnc_buf *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct response_count *row = &r->row[i];
		char labels[96];

		snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%u\"",
			row->method, row->path, row->status);
		dnc_metrics_text(out,
			&(struct dnc_metric){"dnc_http_responses_total", "counter",
				i ? NULL : "Answers to HTTP requests", labels, (double)row->count},
			1);
	}
}
