/* What becomes canonical must be taken as canonical, unchanged. */
#include "fuzz.h"
#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_event_reader *r, *again;
	char *text = padded(data, size), *first;
	struct dnc_event event;
	struct dnc_error err;
	struct dnc_str out, out2;

	if (!r) {
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
		again = dnc_event_reader_new(&(struct dnc_event_options){0});
	}
	dnc_event_view(r, text, size, &event);
	if (dnc_event_normalize(r, text, size, &out, &err) == 0) {
		first = padded((const uint8_t *)out.p, out.n);
		if (out.n > DNC_EVENT_MAX_BYTES ||
			dnc_event_normalize(again, first, out.n, &out2, &err) < 0 ||
			out2.n != out.n || memcmp(first, out2.p, out2.n) != 0 ||
			dnc_event_view(again, first, out.n, &event) < 0)
			abort();
		free(first);
	}
	free(text);
	return 0;
}
