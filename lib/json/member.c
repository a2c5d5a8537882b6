#include "member.h"
#include "base/clock.h"
#include "json.h"

static void write_key(struct dnc_buf *b, const char *key)
{
	dnc_json_write_key(b, dnc_str(key));
}

void dnc_json_member_text(struct dnc_buf *b, const char *key, const char *value)
{
	dnc_json_member_str(b, key, dnc_str(value));
}

void dnc_json_member_str(struct dnc_buf *b, const char *key, struct dnc_str value)
{
	write_key(b, key);
	dnc_json_write_str(b, value);
}

void dnc_json_member_visible(struct dnc_buf *b, const char *key, const char *value)
{
	write_key(b, key);
	dnc_json_write_visible(b, dnc_str(value));
}

void dnc_json_member_number(struct dnc_buf *b, const char *key, uint64_t value)
{
	write_key(b, key);
	dnc_buf_u64(b, value);
}

void dnc_json_member_bool(struct dnc_buf *b, const char *key, bool value)
{
	dnc_json_member_json(b, key, value ? DNC_STR("true") : DNC_STR("false"));
}

void dnc_json_member_time(struct dnc_buf *b, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_json_member_str(b, key, (struct dnc_str){text, sizeof text});
}

void dnc_json_member_json(struct dnc_buf *b, const char *key, struct dnc_str json)
{
	if (!json.n)
		return;
	write_key(b, key);
	dnc_buf_str(b, json);
}
