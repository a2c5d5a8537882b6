#include "web/http/rate_list.h"
#include "json/json.h"
#include "json/member.h"
#include "web/priv/request.h"

/* A period is STEPS of PER steps of the log. */
static const struct {
	const char *name;
	unsigned per, steps;
} periods[] = {{"15m", 1, 90}, {"24h", 90, 96}};

enum { PERIODS = sizeof periods / sizeof periods[0], STEPS_MAX = 96 };

int rate_query_add(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct rate_query *q = ctx;

	if (!dnc_str_eq(name, DNC_STR("period")))
		return dnc_error_set(err, REQUEST_EFIELD, "%.*s is unknown: only period is known",
			DNC_STR_ARG(name));
	for (unsigned i = 0; i < PERIODS; i++)
		if (dnc_str_eq(value, dnc_str(periods[i].name))) {
			q->period = i;
			return 0;
		}
	return dnc_error_set(err, REQUEST_EFIELD, "period must be 15m or 24h");
}

/* Steps that ended before KNOWN are not known. */
static void write_type(struct dnc_buf *out, enum dnc_type type, uint64_t (*sums)[DNC_TYPES],
	unsigned steps, int64_t known)
{
	for (unsigned i = 0; i < steps; i++) {
		if (i)
			dnc_buf_chr(out, ',');
		if ((int64_t)i < known)
			dnc_buf_lit(out, "null");
		else
			dnc_buf_u64(out, sums[i][type]);
	}
}

static void write_types(struct dnc_buf *out, unsigned types, uint64_t (*sums)[DNC_TYPES],
	unsigned steps, int64_t known)
{
	dnc_json_write_key(out, DNC_STR("types"));
	dnc_buf_chr(out, '{');
	for (int type = 0; type < DNC_TYPES; type++) {
		if (!(types & 1u << type))
			continue;
		dnc_json_write_key(out, dnc_type_names[type]);
		dnc_buf_chr(out, '[');
		write_type(out, (enum dnc_type)type, sums, steps, known);
		dnc_buf_chr(out, ']');
	}
	dnc_buf_lit(out, "}}");
}

void rate_list_write(struct dnc_buf *out, const struct rate_query *q, struct dnc_rates *rates,
	unsigned types, const char *reason, int64_t now_ms)
{
	uint64_t sums[STEPS_MAX][DNC_TYPES];
	unsigned per = periods[q->period].per, steps = periods[q->period].steps;
	int64_t step_ms = per * DNC_RATE_STEP_MS;
	int64_t first = now_ms / step_ms - (int64_t)steps + 1;
	int64_t counted = dnc_rates_sum(rates, first * per, per, steps, sums);

	dnc_buf_chr(out, '{');
	dnc_json_member_text(out, "period", periods[q->period].name);
	dnc_json_member_time(out, "now", now_ms);
	dnc_json_member_number(out, "step_s", (uint64_t)(step_ms / 1000));
	dnc_json_member_time(out, "from", first * step_ms);
	dnc_json_member_time(out, "counted_from", counted);
	if (reason)
		dnc_json_member_text(out, "reason", reason);
	write_types(out, types, sums, steps, counted / step_ms - first);
}
