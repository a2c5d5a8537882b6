/* Packed bytes of strangers, as a file and through a pipe: what comes out is within the limits, and the same both ways when
 * both are whole; text in UTF-16 is converted. */
#include "../unit/unpacking.h"
#include <signal.h>
#include "fuzz.h"
#include "unpack/encoding.h"

enum { MAX_UNPACKED = 1 << 20 };

static void convert(const uint8_t *data, size_t size)
{
	struct dnc_str text = {(const char *)data, size};
	struct dnc_converter *c;
	enum dnc_encoding encoding;
	struct dnc_error err;

	if (dnc_encoding_of(text, true, DNC_ENCODING_AUTO, &encoding, &err) != 1)
		abort();
	c = encoding > DNC_ENCODING_UTF_8 ? dnc_converter_new(encoding, &err) : NULL;
	while (c && text.n) {
		size_t n = text.n;

		if (dnc_converter_run(c, &text).n > 3 * n + 4)
			abort();
	}
	dnc_converter_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpacked file, pipe;

	signal(SIGPIPE, SIG_IGN);
	convert(data, size);
	if (!unpack_bytes((const char *)data, size, false, MAX_UNPACKED, &file))
		return 0;
	unpack_bytes((const char *)data, size, true, MAX_UNPACKED, &pipe);
	/* Each part is checked before it is counted, and has at most one chunk. */
	if (pipe.text.n > MAX_UNPACKED + (2u << 20) || (!file.done && !file.why.n) ||
		(!pipe.done && !pipe.why.n))
		abort();
	if (file.done && pipe.done && data[0] != 'P' &&
		!dnc_str_eq(dnc_buf_view(&file.text), dnc_buf_view(&pipe.text)))
		abort();
	unpacked_free(&file);
	unpacked_free(&pipe);
	return 0;
}
