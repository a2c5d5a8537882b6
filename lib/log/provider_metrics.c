#include "providers.h"
#include "metrics/metrics.h"

/* +Inf also if the log has only a status of the provider: no list of it is known to be good, and no limit of an alert must
 * take that for a fresh one. */
static void write_age(struct dnc_buf *out, const struct dnc_provider *at, int64_t now_ms)
{
	const struct dnc_provider_event *good = &at->events[DNC_PROVIDER_GOOD_SYNC];

	dnc_buf_lit(out, "dnc_provider_last_sync_age_seconds{");
	dnc_metrics_label(out, "provider", dnc_buf_view(&at->name));
	if (dnc_provider_age_is_known(good, now_ms))
		dnc_buf_printf(out, "} %.3f\n", (double)dnc_provider_age(good, now_ms) / 1e3);
	else
		dnc_buf_lit(out, "} +Inf\n");
}

void dnc_providers_metrics(struct dnc_providers *p, int64_t now_ms, struct dnc_buf *out)
{
	const struct dnc_metric refused = {"dnc_providers_refused_total", "counter",
		"Events of providers that are too many to be known", NULL,
		(double)dnc_providers_refused(p)};
	struct dnc_provider at = {0};
	int rc;

	dnc_metrics_text(out, &refused, 1);
	dnc_metrics_head(out, "dnc_provider_last_sync_age_seconds", "gauge",
		"Age of the last good sync of a provider's list, +Inf if there was none");
	while ((rc = dnc_providers_next_times(p, &at)) > 0)
		write_age(out, &at, now_ms);
	out->failed |= rc < 0;
	dnc_provider_free(&at);
}
