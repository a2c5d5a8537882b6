#include "priv/others.h"
#include <sodium.h>
#include <string.h>
#include "json/json.h"

void others_read(struct others *o, struct dnc_hubs *hubs)
{
	size_t n = hubs ? dnc_hubs_others(hubs, o->rows, DNC_HUBS_MAX) : 0;

	o->count = 0;
	for (size_t i = 0; i < n; i++)
		if (o->rows[i].address[0])
			o->rows[o->count++] = o->rows[i];
}

uint64_t others_digest(const struct others *o)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < o->count; i++) {
		const char *address = o->rows[i].address;
		uint64_t one;

		crypto_generichash((unsigned char *)&one, sizeof one,
			(const unsigned char *)address, strlen(address), NULL, 0);
		sum += one;
	}
	return sum;
}

/* Each place gets one of those that have none yet. */
static void draw(struct others *o, size_t place)
{
	size_t drawn = place + randombytes_uniform((uint32_t)(o->count - place));
	struct dnc_hubs_row row = o->rows[place];

	o->rows[place] = o->rows[drawn];
	o->rows[drawn] = row;
}

void others_write_some(struct others *o, struct dnc_buf *b)
{
	dnc_buf_chr(b, '[');
	for (size_t i = 0; i < o->count && i < OTHERS_TOLD; i++) {
		draw(o, i);
		if (i)
			dnc_buf_chr(b, ',');
		dnc_json_write_str(b, dnc_str(o->rows[i].address));
	}
	dnc_buf_chr(b, ']');
}
