#include "priv/render.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <zlib.h>
#include "event/cloudevent.h"
#include "ring.h"

enum {
	/* A CloudEvent around the longest event, and what deflate adds at worst to what it can't press. */
	LONGEST_FRAME = DNC_EVENT_MAX_BYTES + (8u << 10),
	/* One compressor makes the frames of all events. */
	DEFLATE_LEVEL = 1,
	DEFLATE_WINDOW_BITS = 15,
	DEFLATE_MEMORY = 8,
};

struct slot {
	uint64_t seq, pos; /* seq 0: none */
	uint32_t bytes, header;
};

struct rendering {
	unsigned how;
	struct rendering *base;
	const struct dnc_masking *masking;
	char *bytes;
	size_t size;
	uint64_t head; /* grows; the byte is head modulo size */
	struct slot *slots;
	struct dnc_event_shape *shapes; /* as many, of the masked form; else NULL */
	uint64_t slot_mask;
	struct dnc_event_reader *reader, *masked_reader;
	struct dnc_buf text;
	z_stream deflate;
	bool deflates;
};

struct rendering *rendering_new(
	unsigned how, struct rendering *base, const struct dnc_masking *masking, size_t size)
{
	struct rendering *r = calloc(1, sizeof *r);
	size_t slots = 1;

	if (!r)
		return NULL;
	r->how = how;
	r->base = base;
	r->masking = masking;
	r->size = size > 8 * LONGEST_FRAME ? size : 8 * LONGEST_FRAME;
	while (slots < r->size / DNC_RING_SHORT_FRAME)
		slots *= 2;
	r->slot_mask = slots - 1;
	r->slots = calloc(slots, sizeof *r->slots);
	if (how & DNC_MASKED)
		r->shapes = calloc(slots, sizeof *r->shapes);
	/* Only the JSON parser reads past the last frame, as far as its padding. */
	r->bytes = mmap(NULL, r->size + DNC_JSON_PADDING, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->bytes == MAP_FAILED)
		r->bytes = NULL;
	r->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	r->masked_reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (how & DNC_DEFLATED)
		r->deflates =
			deflateInit2(&r->deflate, DEFLATE_LEVEL, Z_DEFLATED, -DEFLATE_WINDOW_BITS,
				DEFLATE_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
	if (r->slots && (r->shapes || !(how & DNC_MASKED)) && r->bytes && r->reader &&
		r->masked_reader && dnc_buf_reserve(&r->text, LONGEST_FRAME) &&
		(r->deflates || !(how & DNC_DEFLATED)))
		return r;
	rendering_free(r);
	return NULL;
}

void rendering_free(struct rendering *r)
{
	if (!r)
		return;
	if (r->deflates)
		deflateEnd(&r->deflate);
	if (r->bytes)
		munmap(r->bytes, r->size + DNC_JSON_PADDING);
	free(r->slots);
	free(r->shapes);
	dnc_buf_free(&r->text);
	dnc_event_reader_free(r->reader);
	dnc_event_reader_free(r->masked_reader);
	free(r);
}

/* RFC 7692 section 7.2.1: one message, and what a flush ends with is left out. Nothing of the message
 * before is referred to, so that any client may get it. */
static bool deflate_text(struct rendering *r, struct dnc_str text)
{
	enum { TAIL = 4 }; /* 00 00 ff ff */

	deflateReset(&r->deflate);
	r->deflate.next_in = (unsigned char *)(uintptr_t)text.p;
	r->deflate.avail_in = (unsigned)text.n;
	r->deflate.next_out = (unsigned char *)r->text.p;
	r->deflate.avail_out = (unsigned)r->text.size;
	if (deflate(&r->deflate, Z_SYNC_FLUSH) != Z_OK || r->deflate.avail_in ||
		!r->deflate.avail_out)
		return false;
	r->text.n = r->text.size - r->deflate.avail_out - TAIL;
	return true;
}

int form_event(struct dnc_event_reader *r, uint64_t seq, struct form f, struct dnc_event *out)
{
	struct dnc_str text = dnc_frame_payload(f.frame);

	return f.shape ? dnc_event_from_shape(r, text, seq, f.shape, out)
	               : dnc_event_parse(r, text.p, text.n, out);
}

enum outcome { RENDERED, NO_FORM, NO_MEMORY };

/* Writes the payload into r->text, and the shape of the masked form to SHAPE. */
static enum outcome render(
	struct rendering *r, uint64_t seq, struct form from, struct dnc_event_shape *shape)
{
	struct dnc_event event, masked;

	dnc_buf_clear(&r->text);
	if (r->how & DNC_DEFLATED)
		return deflate_text(r, dnc_frame_payload(from.frame)) ? RENDERED : NO_FORM;
	if (form_event(r->reader, seq, from, &event) < 0)
		return from.shape || dnc_event_reader_no_memory(r->reader) ? NO_MEMORY : NO_FORM;
	if (r->how & DNC_CLOUDEVENT)
		dnc_event_write_cloudevent(&r->text, &event);
	else if (dnc_event_mask(r->masked_reader, &r->text, &event, r->masking, &masked) < 0)
		return NO_MEMORY;
	else
		dnc_event_shape_of(&masked, shape);
	if (!dnc_buf_ok(&r->text))
		return NO_MEMORY;
	return r->text.n <= LONGEST_FRAME ? RENDERED : NO_FORM;
}

static struct dnc_frame keep(struct rendering *r, uint64_t seq)
{
	char header[DNC_FRAME_HEADER_MAX];
	size_t head = dnc_frame_write_header(header,
		r->how & DNC_DEFLATED ? DNC_FRAME_TEXT_DEFLATED : DNC_FRAME_TEXT, r->text.n);
	size_t total = head + r->text.n, left = r->size - r->head % r->size;
	char *to;

	if (left < total)
		r->head += left;
	r->slots[seq & r->slot_mask] = (struct slot){seq, r->head, (uint32_t)total, (uint32_t)head};
	to = r->bytes + r->head % r->size;
	r->head += total;
	memcpy(to, header, head);
	memcpy(to + head, r->text.p, r->text.n);
	return (struct dnc_frame){to, total, head};
}

struct form rendering_form(struct rendering *r, uint64_t seq, struct form plain)
{
	const struct slot *slot = &r->slots[seq & r->slot_mask];
	struct dnc_event_shape *shape = r->shapes ? &r->shapes[seq & r->slot_mask] : NULL, made;
	enum outcome outcome;

	if (slot->seq == seq && slot->pos + r->size >= r->head)
		return (struct form){
			.frame = {r->bytes + slot->pos % r->size, slot->bytes, slot->header},
			.shape = shape};
	if (r->base)
		plain = rendering_form(r->base, seq, plain);
	if (!plain.frame.p)
		return plain;
	outcome = render(r, seq, plain, &made);
	if (outcome != RENDERED)
		return (struct form){.no_memory = outcome == NO_MEMORY};
	if (shape)
		*shape = made;
	return (struct form){.frame = keep(r, seq), .shape = shape};
}
