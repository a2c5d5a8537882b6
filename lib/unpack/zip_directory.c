#include "priv/zip_directory.h"
#include <sys/stat.h>

/* Bytes of the records, and where their fields are. */
enum {
	END = 22,
	END_DISK = 4,
	END_MEMBERS_HERE = 8,
	END_MEMBERS = 10,
	END_SIZE = 12,
	END_OFFSET = 16,
	END_COMMENT = 20,
	LOCATOR = 20,
	LOCATOR_AT = 8,
	END64 = 56,
	END64_LENGTH = 4,
	END64_LENGTH_FROM = 12, /* what the length counts starts here */
	END64_MEMBERS = 32,
	END64_SIZE = 40,
	END64_OFFSET = 48,
	ENTRY = 46,
	ENTRY_SYSTEM = 5,
	ENTRY_FLAGS = 8,
	ENTRY_METHOD = 10,
	ENTRY_PACKED = 20,
	ENTRY_UNPACKED = 24,
	ENTRY_NAME = 28,
	ENTRY_EXTRA = 30,
	ENTRY_COMMENT = 32,
	ENTRY_MODE = 40,
	ENTRY_OFFSET = 42,
	LOCAL_FLAGS = 6,
	LOCAL_METHOD = 8,
	LOCAL_PACKED = 18,
	LOCAL_NAME = 26,
	LOCAL_EXTRA = 28,
};

/* A value that is in a field of zip64. */
static const uint64_t ELSEWHERE_16 = 0xFFFF, ELSEWHERE_32 = 0xFFFFFFFF;

enum { FLAG_DESCRIBED = 8, EXTRA_HEADER = 4, EXTRA_ZIP64 = 1, SYSTEM_UNIX = 3 };

const char zip_is_concatenated[] =
	"is not one whole zip archive: it has bytes that its directory does not name, as "
	"when archives were joined by cat(1); unzip its parts, and read the files";
const char zip_is_incomplete[] = "is an incomplete zip archive; fetch it again";
const char zip_is_too_large[] = "has a directory of more than 10 MiB; unpack it first";

static uint64_t number(const char *p, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (unsigned char)p[bytes];
	return value;
}

static bool is_record(const char *p, const char *kind)
{
	return p[0] == 'P' && p[1] == 'K' && p[2] == kind[0] && p[3] == kind[1];
}

/* The last end record of LAST; NULL if there is none. */
static const char *find_end(struct dnc_str last)
{
	for (size_t at = last.n < END ? 0 : last.n - END + 1; at-- > 0;)
		if (is_record(last.p + at, "\5\6"))
			return last.p + at;
	return NULL;
}

/* Takes the value of zip64 for a FIELD that refers to it; false if they contradict. */
static bool widen(uint64_t *field, uint64_t elsewhere, uint64_t value)
{
	if (*field != elsewhere && *field != value)
		return false;
	*field = value;
	return true;
}

/* Reads the records of zip64 before the end record, which is at *AT, if there are any; *AT becomes the first one's place. */
static bool read_zip64(struct dnc_str last, uint64_t start, uint64_t *at, struct zip_end *end)
{
	const char *locator = last.p + (*at - start) - LOCATOR, *record;
	uint64_t record_at;

	if (*at - start < LOCATOR || !is_record(locator, "\6\7"))
		return true;
	record_at = number(locator + LOCATOR_AT, 8);
	if (record_at < start || *at - start < LOCATOR + END64 || record_at > *at - LOCATOR - END64)
		return false;
	record = last.p + (record_at - start);
	if (!is_record(record, "\6\6") ||
		number(record + END64_LENGTH, 8) != *at - LOCATOR - record_at - END64_LENGTH_FROM)
		return false;
	*at = record_at;
	return widen(&end->members, ELSEWHERE_16, number(record + END64_MEMBERS, 8)) &&
	       widen(&end->size, ELSEWHERE_32, number(record + END64_SIZE, 8)) &&
	       widen(&end->offset, ELSEWHERE_32, number(record + END64_OFFSET, 8));
}

const char *zip_end_read(struct dnc_str last, uint64_t size, struct zip_end *end)
{
	const char *record = find_end(last);
	uint64_t start = size - last.n, at, stop, disk;

	if (!record)
		return zip_is_incomplete;
	at = start + (uint64_t)(record - last.p);
	stop = at + END + number(record + END_COMMENT, 2);
	if (stop != size)
		return stop > size ? zip_is_incomplete : zip_is_concatenated;
	disk = number(record + END_DISK, 2);
	if (disk != 0 && disk != ELSEWHERE_16)
		return "is the last part of a split zip archive; join the parts first: zip -s 0 FILE --out WHOLE";
	*end = (struct zip_end){.members = number(record + END_MEMBERS, 2),
		.size = number(record + END_SIZE, 4),
		.offset = number(record + END_OFFSET, 4)};
	if (number(record + END_MEMBERS_HERE, 2) != end->members ||
		!read_zip64(last, start, &at, end))
		return zip_is_concatenated;
	if (end->offset > at || at - end->offset < end->size)
		return zip_is_incomplete;
	return at - end->offset > end->size ? zip_is_concatenated : NULL;
}

/* Reads the sizes and the offset of ENTRY that are in its extra field of zip64. False if they are not there. */
static bool read_extra(struct dnc_str extra, bool unpacked_elsewhere, struct zip_entry *entry)
{
	uint64_t unpacked = unpacked_elsewhere ? ELSEWHERE_32 : 0;
	uint64_t *fields[] = {&unpacked, &entry->packed_size, &entry->offset};
	size_t want = 0, n;

	for (size_t i = 0; i < 3; i++)
		want += *fields[i] == ELSEWHERE_32;
	if (!want)
		return true;
	for (; extra.n >= EXTRA_HEADER; extra.p += n, extra.n -= n) {
		n = EXTRA_HEADER + number(extra.p + 2, 2);
		if (n > extra.n)
			return false;
		if (number(extra.p, 2) != EXTRA_ZIP64)
			continue;
		if (n < EXTRA_HEADER + want * 8)
			return false;
		extra.p += EXTRA_HEADER;
		for (size_t i = 0; i < 3; i++)
			if (*fields[i] == ELSEWHERE_32) {
				*fields[i] = number(extra.p, 8);
				extra.p += 8;
			}
		return true;
	}
	return false;
}

/* CRC and two sizes, of 4 bytes or of 8, with a signature or without one (APPNOTE.TXT 4.3.9); some programs leave it out. */
bool zip_is_descriptor(uint64_t gap, bool described)
{
	return gap == 0 || (described && (gap == 12 || gap == 16 || gap == 20 || gap == 24));
}

bool zip_directory_next(struct dnc_str *left, struct zip_entry *entry)
{
	const char *p = left->p;
	size_t name, extra, n;

	if (left->n < ENTRY || !is_record(p, "\1\2"))
		return false;
	name = number(p + ENTRY_NAME, 2);
	extra = number(p + ENTRY_EXTRA, 2);
	n = ENTRY + name + extra + number(p + ENTRY_COMMENT, 2);
	if (n > left->n)
		return false;
	*entry = (struct zip_entry){.name = {p + ENTRY, name},
		.packed_size = number(p + ENTRY_PACKED, 4),
		.offset = number(p + ENTRY_OFFSET, 4),
		.method = (unsigned)number(p + ENTRY_METHOD, 2),
		.described = number(p + ENTRY_FLAGS, 2) & FLAG_DESCRIBED,
		.link = p[ENTRY_SYSTEM] == SYSTEM_UNIX &&
	                S_ISLNK((mode_t)number(p + ENTRY_MODE, 2))};
	*left = (struct dnc_str){p + n, left->n - n};
	return read_extra((struct dnc_str){p + ENTRY + name, extra},
		number(p + ENTRY_UNPACKED, 4) == ELSEWHERE_32, entry);
}

bool zip_local_read(const char *p, struct zip_local *local)
{
	if (!is_record(p, "\3\4"))
		return false;
	*local = (struct zip_local){.name_size = number(p + LOCAL_NAME, 2),
		.extra_size = number(p + LOCAL_EXTRA, 2),
		.packed_size = (uint32_t)number(p + LOCAL_PACKED, 4),
		.method = (unsigned)number(p + LOCAL_METHOD, 2),
		.described = number(p + LOCAL_FLAGS, 2) & FLAG_DESCRIBED};
	return true;
}
