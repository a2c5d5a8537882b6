#include "uuid.h"
#include <sodium.h>
#include <string.h>

static void write_uuid(const unsigned char b[16], char out[DNC_UUID_LEN])
{
	static const char hex[] = "0123456789abcdef";
	int at = 0;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = hex[b[i] >> 4];
		out[at++] = hex[b[i] & 15];
	}
}

static void set_version(unsigned char b[16], unsigned char version)
{
	b[6] = (unsigned char)((b[6] & 0x0F) | version << 4);
	b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
}

void dnc_uuid_v7(int64_t ms, char out[DNC_UUID_LEN])
{
	/* Random bytes are drawn in blocks: a system call for each event would cost more than it. */
	static _Thread_local unsigned char pool[1000];
	static _Thread_local size_t left;
	unsigned char b[16];

	if (left < 10) {
		randombytes_buf(pool, sizeof pool);
		left = sizeof pool;
	}
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)((uint64_t)ms >> (40 - 8 * i));
	left -= 10;
	memcpy(b + 6, pool + left, 10);
	set_version(b, 7);
	write_uuid(b, out);
}

void dnc_uuid_v8(const unsigned char digest[16], char out[DNC_UUID_LEN])
{
	unsigned char b[16];

	memcpy(b, digest, sizeof b);
	set_version(b, 8);
	write_uuid(b, out);
}

bool dnc_uuid_read(struct dnc_str text, char out[DNC_UUID_LEN])
{
	bool dashes = text.n == DNC_UUID_LEN;
	size_t at = 0;

	if (!dashes && text.n != DNC_UUID_LEN - 4)
		return false;
	for (size_t i = 0; i < DNC_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c;

		if (dash) {
			if (dashes && text.p[at++] != '-')
				return false;
			out[i] = '-';
			continue;
		}
		c = text.p[at++];
		if (c >= 'A' && c <= 'F')
			c = (char)(c + 32);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[i] = c;
	}
	return true;
}
