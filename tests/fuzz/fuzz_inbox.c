/* The first byte says whether permessage-deflate was negotiated, and the second where the rest, what a client sends, is cut
 * in pieces. What is said of it does not depend on the pieces. */
#include "fuzz.h"
#include "base/buf.h"
#include "web/priv/inbox.h"

enum { MAX = 4096 };

static struct inflater *inflater;

static void check(enum inbox_item item, const struct inbox_payload *is)
{
	if (!is->bytes.p ||
		(item == INBOX_FAULT) != (is->reason != CLOSE_NONE && item != INBOX_CLOSE))
		abort();
	if (item == INBOX_MESSAGE && (is->bytes.n > MAX || !dnc_json_is_utf8(is->bytes)))
		abort();
	if (item != INBOX_MESSAGE && is->bytes.n > 125)
		abort();
}

/* Appends to SAID the items of the N bytes at DATA, of which PIECE come at a time. */
static void say(const struct inbox_options *o, const uint8_t *data, size_t n, size_t piece,
	struct dnc_buf *said)
{
	struct inbox in = {0};

	for (size_t at = 0; at < n;) {
		size_t m = n - at < piece ? n - at : piece;
		unsigned char *copy = malloc(m), *end = copy + m;
		const unsigned char *p = copy;
		struct inbox_payload is;
		enum inbox_item item;

		memcpy(copy, data + at, m);
		while ((item = inbox_next(&in, o, &p, end, &is)) != INBOX_MORE) {
			check(item, &is);
			dnc_buf_printf(said, "%d %d %d ", item, is.code, is.reason);
			dnc_buf_str(said, is.bytes);
		}
		if (p != end || in.message.size > 2 * (at + m) + DNC_JSON_PADDING)
			abort();
		free(copy);
		at += m;
	}
	inbox_free(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inbox_options o = {.max_message = MAX};
	struct dnc_buf whole = {0}, cut = {0};

	if (size < 2)
		return 0;
	if (!inflater && !(inflater = inflater_new(MAX)))
		abort();
	if (data[0] & 1)
		o.inflater = inflater;
	say(&o, data + 2, size - 2, size, &whole);
	say(&o, data + 2, size - 2, data[1] + 1u, &cut);
	if (!dnc_buf_ok(&whole) || !dnc_str_eq(dnc_buf_view(&whole), dnc_buf_view(&cut)))
		abort();
	dnc_buf_free(&whole);
	dnc_buf_free(&cut);
	return 0;
}
