/* What becomes canonical is canonical: normalized and parsed again it stays the same, and so it
 * does when it is restored from its shape, with a `seq` in front as well. Masked it is canonical,
 * too, not longer, and without the number. */
#include "fuzz.h"
#include "event/cloudevent.h"
#include "event/mask.h"
#include "../unit/events.h"

static const unsigned char mask_key[DNC_MASK_KEY_BYTES] = "a key that only tests have";
static const struct dnc_masking masking = {.key = mask_key};

static void check_masked(const struct dnc_event *event)
{
	static struct dnc_event_reader *r, *again;
	struct dnc_buf out = {0};
	struct dnc_event masked, parsed;
	struct dnc_str number = event->phone_number;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!again)
		again = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (dnc_event_mask(r, &out, event, &masking, &masked) < 0 || out.n > DNC_EVENT_MAX_BYTES ||
		dnc_event_parse(again, out.p, out.n, &parsed) < 0 ||
		events_differ(&masked, &parsed))
		abort();
	/* Times and UUIDs may hold any digits; a number of ten digits has no other place to be. */
	if (number.n >= 11 && number.n <= 16 && memmem(out.p, out.n, number.p + number.n - 10, 10))
		abort();
	dnc_buf_clear(&out);
	dnc_event_write_cloudevent(&out, event);
	dnc_buf_free(&out);
}

static void check_shape(const struct dnc_event *event, const char *first)
{
	static const uint64_t seqs[] = {0, 7, INT64_MAX};
	static struct dnc_event_reader *r, *again;
	struct dnc_event_shape shape, same_shape;
	struct dnc_event parsed, restored;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!again)
		again = dnc_event_reader_new(&(struct dnc_event_options){0});
	dnc_event_shape_of(event, &shape);
	for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
		struct dnc_buf text = {0};
		struct dnc_str line;

		if (seqs[i])
			dnc_buf_printf(&text, "{\"seq\":%llu,", (unsigned long long)seqs[i]);
		else
			dnc_buf_chr(&text, '{');
		dnc_buf_add(&text, first + 1, event->line.n - 1);
		dnc_buf_reserve(&text, DNC_JSON_PADDING);
		line = dnc_buf_view(&text);
		if (dnc_event_parse(r, line.p, line.n, &parsed) < 0 ||
			dnc_event_from_shape(again, line, seqs[i], &shape, &restored) < 0 ||
			events_differ(&parsed, &restored))
			abort();
		dnc_event_shape_of(&parsed, &same_shape);
		if (dnc_event_from_shape(again, line, seqs[i], &same_shape, &restored) < 0 ||
			events_differ(&parsed, &restored))
			abort();
		dnc_buf_free(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_event_reader *r, *again;
	static struct dnc_event_run *run;
	char *text = padded(data, size), *first;
	struct dnc_event event, same;
	struct dnc_error err;

	if (!r) {
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
		again = dnc_event_reader_new(&(struct dnc_event_options){0});
		run = dnc_event_run_new(NULL, 0);
		dnc_event_reader_position(again, run, 1, 0);
	}
	/* Live or of a file; as a line of another file it must stay as it is. */
	dnc_event_reader_position(r, size % 2 ? run : NULL, size, 0);
	dnc_event_parse(r, text, size, &event);
	if (dnc_event_normalize(r, text, size, &event, &err) == 0) {
		size_t n = event.line.n;

		first = padded((const uint8_t *)event.line.p, n);
		if (n > DNC_EVENT_MAX_BYTES ||
			dnc_event_normalize(again, first, n, &same, &err) < 0 ||
			events_differ(&event, &same) ||
			dnc_event_parse(again, first, n, &same) < 0 || events_differ(&event, &same))
			abort();
		check_shape(&same, first);
		check_masked(&same);
		free(first);
	}
	free(text);
	return 0;
}
