#include "cloudevent.h"
#include "base/clock.h"
#include "json/json.h"

static void add_member(struct dnc_buf *out, struct dnc_str key, struct dnc_str value)
{
	dnc_json_write_key(out, key);
	dnc_json_write_str(out, value);
}

void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e)
{
	char time[DNC_TIME_LEN];

	dnc_buf_lit(out, "{\"specversion\":\"1.0\"");
	add_member(out, DNC_STR("id"), e->id);
	dnc_buf_lit(out, ",\"source\":\"/dnc/");
	dnc_buf_percent(out, e->provider.p ? e->provider : DNC_STR("hub"));
	dnc_buf_chr(out, '"');
	add_member(out, DNC_STR("type"), dnc_type_names[e->type]);
	if (e->phone_number.p)
		add_member(out, DNC_STR("subject"), e->phone_number);
	dnc_clock_format(e->timestamp_ms, time);
	add_member(out, DNC_STR("time"), (struct dnc_str){time, sizeof time});
	dnc_buf_lit(out, ",\"datacontenttype\":\"application/json\"");
	/* The sequence extension wants a string. */
	dnc_buf_lit(out, ",\"sequence\":\"");
	dnc_buf_u64(out, e->seq);
	dnc_buf_chr(out, '"');
	add_member(out, DNC_STR("severity"), e->severity->name);
	dnc_buf_lit(out, ",\"data\":");
	dnc_buf_str(out, e->line);
	dnc_buf_chr(out, '}');
}
