/* The file of a set of numbers. The first byte says whether the rest is the file as it is, or its blocks, whose checksums
 * and header are made right: damage that checksums do not find. */
#include "file.h"
#include "set/priv/layout.h"

static void read_set(const uint8_t *file, size_t size)
{
	struct dnc_error err;
	struct dnc_set_reader *r = dnc_set_open(fuzz_file(file, size), &err);
	uint64_t number, last = 0, count = 0;
	int rc;

	if (!r)
		return;
	while ((rc = dnc_set_next(r, &number, &err)) > 0) {
		if (number <= last || number > DNC_SET_NUMBER_MAX)
			abort();
		last = number;
		count++;
	}
	if (rc == 0 && count != dnc_set_about(r)->count)
		abort();
	dnc_set_reader_free(r);
}

/* Sets the checksums of the blocks at P; returns how many numbers they say they have. */
static uint64_t mend_blocks(uint8_t *p, size_t n)
{
	uint64_t count = 0;

	while (n >= BLOCK_HEAD_BYTES + BLOCK_CHECK_BYTES) {
		size_t payload = get_le(p, 4), room = n - BLOCK_HEAD_BYTES - BLOCK_CHECK_BYTES;

		if (payload > room) {
			payload = room;
			put_le(p, payload, 4);
		}
		count += get_le(p + AT_BLOCK_COUNT, 4);
		put_le(p + BLOCK_HEAD_BYTES + payload, block_check(p, BLOCK_HEAD_BYTES + payload),
			4);
		p += BLOCK_HEAD_BYTES + payload + BLOCK_CHECK_BYTES;
		n -= BLOCK_HEAD_BYTES + payload + BLOCK_CHECK_BYTES;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file;

	if (!size--)
		return 0;
	if (*data++ & 1) {
		read_set(data, size);
		return 0;
	}
	file = calloc(1, HEADER_MIN + size);
	if (!file)
		abort();
	memcpy(file, SET_MAGIC, AT_VERSION);
	if (size)
		memcpy(file + HEADER_MIN, data, size);
	put_le(file + AT_VERSION, SET_VERSION, 4);
	put_le(file + AT_HEADER_BYTES, HEADER_MIN, 4);
	put_le(file + AT_COUNT, mend_blocks(file + HEADER_MIN, size), 8);
	put_le(file + AT_BLOCKS_BYTES, size, 8);
	crypto_generichash(
		file + AT_DIGEST, DNC_SET_DIGEST_BYTES, file + HEADER_MIN, size, NULL, 0);
	header_check(file, HEADER_MIN - HEADER_CHECK_BYTES, file + HEADER_MIN - HEADER_CHECK_BYTES);
	read_set(file, HEADER_MIN + size);
	free(file);
	return 0;
}
