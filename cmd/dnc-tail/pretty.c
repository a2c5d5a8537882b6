#include "pretty.h"
#include "base/clock.h"
#include "base/escape.h"

/* By rank of severity: dim, plain, yellow, red, white on red. */
static const char *const colors[] = {"\033[2m", "", "\033[33m", "\033[31m", "\033[1;37;41m"};

static void add_padded(struct dnc_buf *out, struct dnc_str s, size_t width)
{
	size_t start = out->n;

	dnc_escape(out, s, DNC_ESCAPE_TEXT);
	while (dnc_buf_ok(out) && out->n - start < width)
		dnc_buf_chr(out, ' ');
	dnc_buf_chr(out, ' ');
}

void pretty_event(struct dnc_buf *out, const struct dnc_event *e, bool color)
{
	struct dnc_str type = dnc_type_names[e->type];
	const char *start = color ? colors[e->severity->rank] : "";
	char time[DNC_TIME_LEN];

	dnc_clock_format(e->timestamp_ms, time);
	time[10] = ' ';
	dnc_buf_add(out, time, 23);
	dnc_buf_chr(out, ' ');
	dnc_buf_str(out, dnc_str(start));
	add_padded(out, e->severity->name, 8);
	if (*start)
		dnc_buf_lit(out, "\033[0m");
	add_padded(out, (struct dnc_str){type.p + 4, type.n - 4}, 22); /* without "dnc." */
	add_padded(out, e->phone_number.p ? e->phone_number : DNC_STR("-"), 12);
	dnc_escape(out, e->summary.p ? e->summary : DNC_STR(""), DNC_ESCAPE_TEXT);
}
