#include "metrics.h"

void dnc_metrics_text(struct dnc_buf *b, const struct dnc_metric *metrics, size_t count)
{
	for (const struct dnc_metric *m = metrics; m < metrics + count; m++) {
		if (m->help)
			dnc_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
				m->type);
		dnc_buf_printf(b, "%s%s%s%s %.15g\n", m->name, m->labels ? "{" : "",
			m->labels ? m->labels : "", m->labels ? "}" : "", m->value);
	}
}
