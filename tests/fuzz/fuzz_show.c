/* Events of hostile hubs in every format, and templates and lists of fields. Input: a byte for the format, one for
 * the columns, the template or fields up to a newline, and the event. */
#include "fuzz.h"
#include "base/escape.h"
#include "base/log.h"
#include "show/show.h"

static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void check(const struct dnc_show_options *o, struct dnc_str shown)
{
	bool lines = o->format == DNC_SHOW_VERBOSE || o->format == DNC_SHOW_JSON_PRETTY ||
	             o->format == DNC_SHOW_CSV || o->format == DNC_SHOW_TEMPLATE;

	if (!lines && shown.n && memchr(shown.p, '\n', shown.n))
		abort();
	if (o->format == DNC_SHOW_CSV && shown.n)
		shown.n--; /* its CR */
	if ((o->terminal || o->format == DNC_SHOW_PRETTY || o->format == DNC_SHOW_LOGFMT) &&
		o->format != DNC_SHOW_TSV && o->format != DNC_SHOW_TEMPLATE && !o->color &&
		!dnc_escape_none(shown, DNC_ESCAPE_JSON))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_show_options o = {0};
	struct dnc_buf out = {0};
	struct dnc_error err;
	struct dnc_show *s;
	const uint8_t *end;
	char *names, *event;

	dnc_log_level(DNC_ERR);
	if (size < 3)
		return 0;
	o.format = data[0] % DNC_SHOW_FORMATS;
	o.color = data[0] & 0x40;
	o.terminal = data[0] & 0x80;
	o.local = data[1] & 1;
	end = memchr(data + 2, '\n', size - 2);
	end = end ? end : data + size;
	names = text_of(data + 2, (size_t)(end - data - 2));
	if (o.format == DNC_SHOW_TEMPLATE)
		o.template = names;
	else if (names[0])
		o.fields = names;
	s = dnc_show_new(&o, &err);
	if (s && end < data + size) {
		size_t n = size - (size_t)(end + 1 - data);

		event = padded(end + 1, n);
		dnc_show_columns(s, data[1]);
		dnc_show_header(s, &out);
		dnc_buf_clear(&out);
		if (dnc_show_event(s, &out, (struct dnc_str){event, n}) == DNC_SHOWN)
			check(&o, dnc_buf_view(&out));
		free(event);
	}
	dnc_show_free(s);
	dnc_buf_free(&out);
	free(names);
	return 0;
}
