/* A body in chunks comes to the same in pieces of any size: text, verdict, and where the next request starts. The first
 * byte is the size of the pieces; an odd one means gzip. */
#include "fuzz.h"
#include "web/http/body.h"

enum { LIMIT = 1000 };

static enum body_verdict read_body(
	struct body *b, const uint8_t *data, size_t size, size_t step, size_t *used)
{
	enum body_verdict verdict = BODY_MORE;

	*used = 0;
	while (*used < size && verdict == BODY_MORE) {
		size_t n = size - *used < step ? size - *used : step, part;
		uint8_t *copy = malloc(n);

		if (!copy)
			abort();
		memcpy(copy, data + *used, n);
		verdict = body_add(b, copy, n, &part);
		if (part > n || (part < n && verdict == BODY_MORE))
			abort();
		*used += part;
		free(copy);
	}
	if (verdict == BODY_MORE || verdict == BODY_END)
		while ((verdict = body_end(b)) == BODY_MORE)
			;
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool gzip = size && data[0] & 1;
	size_t step = size ? 1 + data[0] / 2 : 1, used, used_whole;
	struct body whole = {.chunked = true, .gzip = gzip, .max_bytes = LIMIT}, pieces = whole;
	enum body_verdict verdict, verdict_pieces;

	if (!size)
		return 0;
	data++;
	size--;
	verdict = read_body(&whole, data, size, size ? size : 1, &used_whole);
	verdict_pieces = read_body(&pieces, data, size, step, &used);
	if (whole.text.n > LIMIT || pieces.text.n > LIMIT)
		abort();
	/* Of two faults, one of the chunks and one of the text, the pieces decide which is found first: text is decompressed a
	 * slice at a time. */
	if (verdict_pieces != verdict &&
		(!gzip || verdict == BODY_END || verdict_pieces == BODY_END))
		abort();
	if (verdict == BODY_END && (used != used_whole || !dnc_str_eq(dnc_buf_view(&whole.text),
								  dnc_buf_view(&pieces.text))))
		abort();
	body_free(&whole);
	body_free(&pieces);
	return 0;
}
