#include "cloudevent.h"
#include "json/member.h"

void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e)
{
	dnc_buf_lit(out, "{\"specversion\":\"1.0\"");
	dnc_json_member_str(out, "id", e->id);
	dnc_buf_lit(out, ",\"source\":\"/dnc/");
	dnc_buf_percent(out, e->provider.p ? e->provider : DNC_STR("hub"));
	dnc_buf_chr(out, '"');
	dnc_json_member_str(out, "type", dnc_type_names[e->type]);
	if (e->phone_number.p)
		dnc_json_member_str(out, "subject", e->phone_number);
	dnc_json_member_time(out, "time", e->timestamp_ms);
	dnc_buf_lit(out, ",\"datacontenttype\":\"application/json\"");
	/* The sequence extension wants a string. */
	dnc_buf_lit(out, ",\"sequence\":\"");
	dnc_buf_u64(out, e->seq);
	dnc_buf_chr(out, '"');
	dnc_json_member_str(out, "severity", e->severity->name);
	dnc_buf_lit(out, ",\"data\":");
	dnc_buf_str(out, e->line);
	dnc_buf_chr(out, '}');
}
