#include "priv/member.h"
#include "base/clock.h"
#include "json/json.h"

void member_text(struct dnc_buf *b, const char *key, const char *value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, dnc_str(value));
}

void member_number(struct dnc_buf *b, const char *key, uint64_t value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_u64(b, value);
}

void member_bool(struct dnc_buf *b, const char *key, bool value)
{
	member_json(b, key, value ? DNC_STR("true") : DNC_STR("false"));
}

void member_time(struct dnc_buf *b, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, (struct dnc_str){text, sizeof text});
}

void member_json(struct dnc_buf *b, const char *key, struct dnc_str json)
{
	if (!json.n)
		return;
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_str(b, json);
}
