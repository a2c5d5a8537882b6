#include "fuzz.h"
#include "filter/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char line[] =
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"dnc.provider.status_change\","
		"\"provider\":\"p\",\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"s\",\"event_data\":{\"new_status\":\"online\"},\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}";
	static struct dnc_event_reader *r;
	const struct dnc_filter *f, *same;
	struct dnc_event event;
	struct dnc_error err;
	char *text;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	f = dnc_filter_compile_text((const char *)data, size, &err);
	if (!f)
		return 0;
	text = padded((const uint8_t *)line, sizeof line - 1);
	if (dnc_event_parse(r, text, sizeof line - 1, &event) < 0)
		abort();
	dnc_filter_match(f, &event);
	/* The one spelling means the same. */
	same = dnc_filter_compile_text(dnc_filter_text(f).p, dnc_filter_text(f).n, &err);
	if (!same || !dnc_str_eq(dnc_filter_text(f), dnc_filter_text(same)))
		abort();
	dnc_filter_unref(same);
	dnc_filter_unref(f);
	free(text);
	return 0;
}
