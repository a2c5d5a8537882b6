/* packing.c - recognizes packed files by their first bytes. */
#include "unpack.h"

/* None of these is the start of a text: each has a byte that is not UTF-8, or a control character, within TEXT_BYTES. */
static const struct {
	struct dnc_str magic;
	enum dnc_packing packing;
} magics[] = {
	{DNC_STR("\x1F\x8B"), DNC_PACKING_GZIP},
	{DNC_STR("PK\3\4"), DNC_PACKING_ZIP},
	{DNC_STR("\xFD"
		 "7zXZ\0"),
		DNC_PACKING_XZ},
	{DNC_STR("\x28\xB5\x2F\xFD"), DNC_PACKING_ZSTD},
	/* A block, or the end of an empty file, after the digit of the level. */
	{DNC_STR("BZh?1AY&SY"), DNC_PACKING_BZIP2},
	{DNC_STR("BZh?\x17\x72\x45\x38\x50\x90"), DNC_PACKING_BZIP2},
};

/* How many of the first bytes are those of MAGIC, in which '?' is any byte. */
static size_t match(struct dnc_str start, struct dnc_str magic)
{
	size_t n = 0;

	while (n < start.n && n < magic.n && (magic.p[n] == '?' || magic.p[n] == start.p[n]))
		n++;
	return n;
}

/* The same of a skippable frame, which may stand before the data of zstd, as pzstd(1) writes it: 0x184D2A50 to 0x184D2A5F,
 * the low byte first (RFC 8878, 3.1.2). */
static size_t match_skippable(struct dnc_str start)
{
	static const struct dnc_str rest = DNC_STR("\x2A\x4D\x18");

	if (!start.n || ((unsigned char)start.p[0] & 0xF0) != 0x50)
		return 0;
	return 1 + match((struct dnc_str){start.p + 1, start.n - 1}, rest);
}

enum dnc_packing dnc_packing_of(struct dnc_str start)
{
	size_t skippable = match_skippable(start);
	enum dnc_packing packing = skippable == 4         ? DNC_PACKING_ZSTD
	                           : skippable == start.n ? DNC_PACKING_UNSURE
	                                                  : DNC_PACKING_NONE;

	if (packing == DNC_PACKING_ZSTD)
		return packing;

	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
		size_t n = match(start, magics[i].magic);

		if (n == magics[i].magic.n)
			return magics[i].packing;
		if (n == start.n)
			packing = DNC_PACKING_UNSURE;
	}
	return packing;
}

const char *dnc_packing_name(enum dnc_packing packing)
{
	static const char *const names[] = {[DNC_PACKING_NONE] = "plain",
		[DNC_PACKING_UNSURE] = "unknown",
		[DNC_PACKING_GZIP] = "gzip",
		[DNC_PACKING_ZIP] = "zip",
		[DNC_PACKING_XZ] = "xz",
		[DNC_PACKING_ZSTD] = "zstd",
		[DNC_PACKING_BZIP2] = "bzip2"};

	return names[packing];
}
