/* wire_sse.c - server-sent events (HTML standard, section 9.2). The id of each is EPOCH:SEQ, which the
 * client sends as Last-Event-ID when it comes back. */
#include <string.h>
#include "frame/frame.h"
#include "log/journal.h"
#include "priv/wire.h"

/* The number after `{"seq":`; empty when the message is no event. */
static struct dnc_str seq_of(const char *payload, size_t n)
{
	static const char mark[] = "{\"seq\":";
	size_t digits = 0;

	if (n < sizeof mark || memcmp(payload, mark, sizeof mark - 1) != 0)
		return (struct dnc_str){0};
	payload += sizeof mark - 1;
	while (digits < 20 && payload[digits] >= '0' && payload[digits] <= '9')
		digits++;
	return (struct dnc_str){payload, digits};
}

static void add_id(struct dnc_buf *out, const char *epoch)
{
	dnc_buf_lit(out, "id: ");
	dnc_buf_add(out, epoch, DNC_EPOCH_LEN);
	dnc_buf_chr(out, ':');
}

static void add_head(
	struct dnc_buf *out, const char *payload, size_t n, const struct wire_position *position)
{
	struct dnc_str seq = seq_of(payload, n);

	if (seq.n) {
		add_id(out, position->epoch);
		dnc_buf_str(out, seq);
		dnc_buf_chr(out, '\n');
		return;
	}
	/* A client that reconnects before the first event, or after a gap, continues here. While a gap has yet
	 * to be sent there is no id: a client that reconnects before that gets the gap then. */
	if (position->known) {
		add_id(out, position->epoch);
		dnc_buf_u64(out, position->seq);
		dnc_buf_chr(out, '\n');
	}
	dnc_buf_lit(out, "event: connection\n");
}

static void encode(
	struct dnc_buf *out, const void *frames, size_t n, const struct wire_position *position)
{
	const char *p = frames, *end = p + n;
	struct dnc_frame_header header;

	while (dnc_frame_read_header(p, (size_t)(end - p), &header) == DNC_FRAME_READ) {
		p += header.bytes;
		add_head(out, p, header.payload, position);
		dnc_buf_lit(out, "data: ");
		dnc_buf_add(out, p, header.payload);
		dnc_buf_lit(out, "\n\n");
		p += header.payload;
	}
}

static size_t no_close_frame(char frame[WIRE_CLOSE_MAX], uint16_t code, const char *text)
{
	(void)frame;
	(void)code;
	(void)text;
	return 0;
}

static const char *protocol(unsigned rendering)
{
	(void)rendering;
	return "sse";
}

const struct wire wire_sse = {
	.encode = encode,
	.close = no_close_frame,
	.protocol = protocol,
	.ping = {":\n\n", 3}, /* a comment */
	.duplex = false,
};
