#include "uuid.h"
#include <sodium.h>
#include <string.h>

static void write_uuid(const unsigned char b[16], char out[DNC_UUID_LEN])
{
	static const char hex[] = "0123456789abcdef";
	static const unsigned char at[] = {
		0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

	out[8] = out[13] = out[18] = out[23] = '-';
	for (int i = 0; i < 16; i++) {
		out[at[i]] = hex[b[i] >> 4];
		out[at[i] + 1] = hex[b[i] & 15];
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

/* The lower-case form of a hexadecimal digit; 0 of all else. */
static const char lower[256] = {['0'] = '0',
	['1'] = '1',
	['2'] = '2',
	['3'] = '3',
	['4'] = '4',
	['5'] = '5',
	['6'] = '6',
	['7'] = '7',
	['8'] = '8',
	['9'] = '9',
	['a'] = 'a',
	['b'] = 'b',
	['c'] = 'c',
	['d'] = 'd',
	['e'] = 'e',
	['f'] = 'f',
	['A'] = 'a',
	['B'] = 'b',
	['C'] = 'c',
	['D'] = 'd',
	['E'] = 'e',
	['F'] = 'f'};

bool dnc_uuid_read(struct dnc_str text, char out[DNC_UUID_LEN])
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};
	bool dashes = text.n == DNC_UUID_LEN, all = true;
	const char *p = text.p;
	char *to = out;

	if (!dashes && text.n != DNC_UUID_LEN - 4)
		return false;
	for (size_t g = 0; g < sizeof groups; g++) {
		if (g && dashes && *p++ != '-')
			return false;
		if (g)
			*to++ = '-';
		for (size_t i = 0; i < groups[g]; i++) {
			*to = lower[(unsigned char)*p++];
			all &= *to++ != 0;
		}
	}
	return all;
}
