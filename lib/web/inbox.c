#include "priv/inbox.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "frame/frame.h"
#include "json/json.h"

enum state {
	READING,
	IGNORING, /* all but the client's close frame */
	ENDED,    /* that, too */
};

enum { CLOSE_CODE_BYTES = 2 };

static void drop(struct inbox_buffer *b)
{
	if (b->p) {
		sodium_memzero(b->p, b->n); /* a token, perhaps */
		free(b->p);
	}
	*b = (struct inbox_buffer){0};
}

void inbox_free(struct inbox *in)
{
	drop(&in->message);
	drop(&in->control);
	*in = (struct inbox){0};
}

/* Makes room for N more bytes and the padding behind them: as many as have been there before at least, so that a payload that
 * comes in small pieces is not copied for each. realloc() would leave a copy. */
static bool reserve(struct inbox_buffer *b, size_t n)
{
	size_t needed = b->n + n + DNC_JSON_PADDING;
	unsigned char *p;

	if (needed <= b->size)
		return true;
	needed += b->n;
	p = malloc(needed);
	if (!p)
		return false;
	if (b->n) {
		memcpy(p, b->p, b->n);
		sodium_memzero(b->p, b->n);
	}
	free(b->p);
	b->p = p;
	b->size = (uint32_t)needed;
	return true;
}

/* Section 5.3, eight bytes at a time. FROM is byte AT of the payload, modulo 4. */
static void unmask(unsigned char *to, const unsigned char *from, size_t n,
	const unsigned char key[DNC_FRAME_KEY_BYTES], size_t at)
{
	unsigned char turned[8];
	uint64_t mask, eight;
	size_t i;

	for (i = 0; i < sizeof turned; i++)
		turned[i] = key[(at + i) % DNC_FRAME_KEY_BYTES];
	memcpy(&mask, turned, sizeof mask);
	for (i = 0; i + sizeof eight <= n; i += sizeof eight) {
		memcpy(&eight, from + i, sizeof eight);
		eight ^= mask;
		memcpy(to + i, &eight, sizeof eight);
	}
	for (; i < n; i++)
		to[i] = from[i] ^ turned[i % sizeof turned];
}

static bool is_control(const struct inbox *in)
{
	return in->opcode >= DNC_OPCODE_CLOSE;
}

/* What is not whole. A payload that the caller was given stays until the next call. */
static void forget_message(struct inbox *in)
{
	if (!in->message_delivered)
		drop(&in->message);
	in->in_message = false;
}

static void forget_control(struct inbox *in)
{
	if (!in->control_delivered)
		drop(&in->control);
}

void inbox_ignore(struct inbox *in)
{
	if (in->state != READING)
		return;
	in->state = IGNORING;
	forget_message(in);
	/* The rest of a close frame that has begun is still of use. */
	if (!in->in_frame || in->opcode != DNC_OPCODE_CLOSE)
		forget_control(in);
}

/* After a protocol error it is not known where the next frame begins. */
static enum inbox_item fault(struct inbox *in, struct inbox_payload *out, enum close_reason reason)
{
	bool first = in->state == READING;

	inbox_ignore(in);
	if (reason == CLOSE_PROTOCOL || reason == CLOSE_MEMORY) {
		in->state = ENDED;
		forget_control(in);
	}
	out->reason = reason;
	return first ? INBOX_FAULT : INBOX_MORE;
}

/* Returns why the frame of H may not come now, or CLOSE_NONE. */
static enum close_reason check_sequence(
	const struct inbox *in, const struct inbox_options *o, const struct dnc_frame_header *h)
{
	bool continues = h->opcode == DNC_OPCODE_CONTINUATION;

	if (!h->masked)
		return CLOSE_PROTOCOL;
	/* RFC 7692 section 6.1: the first frame of a message says whether it is compressed. */
	if (h->deflated && (continues || !o->inflater))
		return CLOSE_PROTOCOL;
	if (h->opcode >= DNC_OPCODE_CLOSE || in->state != READING)
		return CLOSE_NONE;
	if (continues != in->in_message)
		return CLOSE_PROTOCOL;
	return h->opcode == DNC_OPCODE_BINARY ? CLOSE_BINARY : CLOSE_NONE;
}

/* What a data frame adds to its message. */
static enum close_reason check_message(
	struct inbox *in, const struct inbox_options *o, const struct dnc_frame_header *h)
{
	bool deflated = in->in_message ? in->deflated : h->deflated;
	size_t max = deflated ? inflater_bound(o->max_message) : o->max_message;

	if (h->payload > max - in->message.n)
		return CLOSE_SIZE;
	if (!in->in_message)
		in->empty_fragments = 0;
	in->in_message = true;
	in->deflated = deflated;
	if (h->payload || h->final)
		return CLOSE_NONE;
	return ++in->empty_fragments > INBOX_EMPTY_FRAGMENTS ? CLOSE_FRAGMENTS : CLOSE_NONE;
}

static enum close_reason begin_frame(
	struct inbox *in, const struct inbox_options *o, const struct dnc_frame_header *h)
{
	enum close_reason reason = check_sequence(in, o, h);

	if (reason == CLOSE_PROTOCOL)
		return reason;
	in->in_frame = true;
	in->opcode = (uint8_t)h->opcode;
	in->final = h->final;
	in->left = h->payload;
	in->key_at = 0;
	memcpy(in->key, h->key, sizeof in->key);
	if (reason == CLOSE_NONE && !is_control(in) && in->state == READING)
		reason = check_message(in, o, h);
	return reason;
}

/* Takes a header, which may come in pieces. Returns INBOX_MORE, too, when it is whole. */
static enum inbox_item read_header(struct inbox *in, const struct inbox_options *o,
	const unsigned char **p, const unsigned char *end, struct inbox_payload *out)
{
	size_t room = sizeof in->header - in->header_bytes, there = (size_t)(end - *p);
	size_t n = there < room ? there : room;
	struct dnc_frame_header h;
	enum close_reason reason = CLOSE_PROTOCOL;

	memcpy(in->header + in->header_bytes, *p, n);
	switch (dnc_frame_read_header(in->header, in->header_bytes + n, &h)) {
	case DNC_FRAME_MORE:
		*p = end;
		in->header_bytes += (uint8_t)n;
		return INBOX_MORE;
	case DNC_FRAME_READ:
		*p += h.bytes - in->header_bytes;
		in->header_bytes = 0;
		reason = begin_frame(in, o, &h);
		break;
	case DNC_FRAME_INVALID:
		break;
	}
	return reason == CLOSE_NONE ? INBOX_MORE : fault(in, out, reason);
}

/* Takes what has come of the payload. False when there is no memory. */
static bool read_payload(struct inbox *in, const unsigned char **p, const unsigned char *end)
{
	struct inbox_buffer *b = is_control(in) ? &in->control : &in->message;
	size_t there = (size_t)(end - *p), n = in->left < there ? (size_t)in->left : there;
	bool kept = in->state == READING || in->opcode == DNC_OPCODE_CLOSE;

	if (kept && n) {
		if (!reserve(b, n))
			return false;
		unmask(b->p + b->n, *p, n, in->key, in->key_at);
		b->n += (uint32_t)n;
	}
	in->key_at = (uint8_t)((in->key_at + n) % DNC_FRAME_KEY_BYTES);
	in->left -= n;
	*p += n;
	return true;
}

static struct dnc_str bytes_of(const struct inbox_buffer *b)
{
	return b->p ? (struct dnc_str){(const char *)b->p, b->n} : DNC_STR("");
}

/* Section 7.4: codes that are defined for endpoints, registered, or for private use. */
static bool is_close_code(unsigned code)
{
	static const struct {
		unsigned from, to;
	} sent[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};

	for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++)
		if (code >= sent[i].from && code <= sent[i].to)
			return true;
	return false;
}

/* Section 5.5.1. */
static enum close_reason read_close(struct dnc_str payload, uint16_t *code, struct dnc_str *text)
{
	*code = 0;
	*text = payload;
	if (!payload.n)
		return CLOSE_NONE;
	if (payload.n < CLOSE_CODE_BYTES)
		return CLOSE_PROTOCOL;
	*code = (uint16_t)((unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1]);
	text->p += CLOSE_CODE_BYTES;
	text->n -= CLOSE_CODE_BYTES;
	if (!is_close_code(*code))
		return CLOSE_PROTOCOL;
	return dnc_json_is_utf8(*text) ? CLOSE_NONE : CLOSE_UTF8;
}

static enum inbox_item end_close(struct inbox *in, struct inbox_payload *out)
{
	in->state = ENDED;
	forget_message(in);
	out->reason = read_close(out->bytes, &out->code, &out->bytes);
	if (out->reason != CLOSE_NONE)
		out->code = close_reason_rows[out->reason].code;
	return INBOX_CLOSE;
}

static enum inbox_item end_control(struct inbox *in, struct inbox_payload *out)
{
	if (in->state != READING && in->opcode != DNC_OPCODE_CLOSE)
		return INBOX_MORE;
	out->bytes = bytes_of(&in->control);
	in->control_delivered = true;
	if (in->opcode == DNC_OPCODE_CLOSE)
		return end_close(in, out);
	return in->opcode == DNC_OPCODE_PING ? INBOX_PING : INBOX_PONG;
}

/* Puts the inflated message in the place of the compressed one. */
static enum close_reason inflate_message(struct inbox *in, struct inflater *inflater)
{
	static const enum close_reason reasons[] = {[INFLATED] = CLOSE_NONE,
		[INFLATE_INVALID] = CLOSE_DEFLATE,
		[INFLATE_TOO_BIG] = CLOSE_SIZE};
	struct dnc_str text;
	enum close_reason reason =
		reasons[inflater_run(inflater, in->message.p, in->message.n, &text)];

	drop(&in->message);
	if (reason == CLOSE_NONE && !reserve(&in->message, text.n))
		reason = CLOSE_MEMORY;
	if (reason == CLOSE_NONE) {
		memcpy(in->message.p, text.p, text.n);
		in->message.n = (uint32_t)text.n;
	}
	inflater_wipe(inflater);
	return reason;
}

static enum inbox_item end_message(
	struct inbox *in, const struct inbox_options *o, struct inbox_payload *out)
{
	enum close_reason reason = CLOSE_NONE;

	if (in->deflated)
		reason = inflate_message(in, o->inflater);
	else if (!reserve(&in->message, 0)) /* an empty one has its padding, too */
		reason = CLOSE_MEMORY;
	if (reason == CLOSE_NONE && !dnc_json_is_utf8(bytes_of(&in->message)))
		reason = CLOSE_UTF8;
	if (reason != CLOSE_NONE)
		return fault(in, out, reason);
	in->in_message = false;
	in->message_delivered = true;
	out->bytes = bytes_of(&in->message);
	return INBOX_MESSAGE;
}

/* The frame's payload is whole. */
static enum inbox_item end_frame(
	struct inbox *in, const struct inbox_options *o, struct inbox_payload *out)
{
	in->in_frame = false;
	if (is_control(in))
		return end_control(in, out);
	return in->final && in->state == READING ? end_message(in, o, out) : INBOX_MORE;
}

static void drop_delivered(struct inbox *in)
{
	if (in->control_delivered)
		drop(&in->control);
	if (in->message_delivered)
		drop(&in->message);
	in->control_delivered = in->message_delivered = false;
}

enum inbox_item inbox_next(struct inbox *in, const struct inbox_options *o, const unsigned char **p,
	const unsigned char *end, struct inbox_payload *out)
{
	enum inbox_item item = INBOX_MORE;

	drop_delivered(in);
	*out = (struct inbox_payload){.bytes = DNC_STR("")};
	/* Each turn takes a byte at least: a header is taken whole, or the bytes end. */
	while (item == INBOX_MORE && in->state != ENDED && *p < end) {
		if (!in->in_frame)
			item = read_header(in, o, p, end, out);
		if (item == INBOX_MORE && in->in_frame && !read_payload(in, p, end))
			item = fault(in, out, CLOSE_MEMORY);
		if (item == INBOX_MORE && in->in_frame && !in->left)
			item = end_frame(in, o, out);
	}
	if (in->state == ENDED && item == INBOX_MORE)
		*p = end;
	return item;
}
