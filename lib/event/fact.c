/* fact.c - facts as records. */
#include "fact.h"
#include "base/clock.h"
#include "json/member.h"

static void add(struct dnc_buf *b, const char *key, struct dnc_str value)
{
	if (value.p)
		dnc_json_member_str(b, key, value);
}

void dnc_fact_write(struct dnc_buf *b, const struct dnc_fact *fact)
{
	char text[DNC_TIME_LEN];
	struct dnc_str time = {text, sizeof text};

	dnc_buf_chr(b, '{');
	add(b, "type", dnc_type_names[fact->type]);
	add(b, "phone_number", fact->number);
	add(b, "provider", dnc_str(fact->provider));
	add(b, "provider_id", dnc_str(fact->provider_id));
	add(b, "reason", dnc_str(fact->reason));
	add(b, "source", dnc_str(fact->source));
	if (fact->dated) {
		dnc_clock_format(fact->at_ms, text);
		add(b, "timestamp", time);
		add(b, fact->type == DNC_NUMBER_SUPPRESSED ? "suppressed_at" : "released_at", time);
	}
	dnc_buf_chr(b, '}');
}
