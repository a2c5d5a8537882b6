/* What becomes canonical must be taken as canonical, unchanged. Masked it is canonical, no longer, and does
 * not hold the number any more. */
#include "fuzz.h"
#include "event/event.h"
#include "event/render.h"

static void check_masked(const struct dnc_event *event)
{
	static struct dnc_event_reader *r;
	struct dnc_buf out = {0};
	struct dnc_event masked;
	struct dnc_str number = event->phone_number;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (dnc_event_mask(r, &out, event, &masked) < 0 || out.n > event->line.n ||
		masked.type != event->type)
		abort();
	/* Times and UUIDs may hold any digits; a number of ten digits has no other place to be. */
	if (number.n >= 11 && number.n <= 16 && memmem(out.p, out.n, number.p + number.n - 10, 10))
		abort();
	dnc_buf_clear(&out);
	dnc_event_write_cloudevent(&out, event);
	dnc_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_event_reader *r, *again;
	static struct dnc_event_run *run;
	char *text = padded(data, size), *first;
	struct dnc_event event;
	struct dnc_error err;
	struct dnc_str out, out2;

	if (!r) {
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
		again = dnc_event_reader_new(&(struct dnc_event_options){0});
		run = dnc_event_run_new(NULL, 0);
		dnc_event_reader_place(again, run, 1, 0);
	}
	/* Live or of a file; as a line of another file it must stay as it is. */
	dnc_event_reader_place(r, size % 2 ? run : NULL, size, 0);
	dnc_event_parse(r, text, size, &event);
	if (dnc_event_normalize(r, text, size, &out, &err) == 0) {
		first = padded((const uint8_t *)out.p, out.n);
		if (out.n > DNC_EVENT_MAX_BYTES ||
			dnc_event_normalize(again, first, out.n, &out2, &err) < 0 ||
			out2.n != out.n || memcmp(first, out2.p, out2.n) != 0 ||
			dnc_event_parse(again, first, out.n, &event) < 0)
			abort();
		check_masked(&event);
		free(first);
	}
	free(text);
	return 0;
}
