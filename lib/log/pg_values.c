/* pg_values.c - parameters, arrays and results in PostgreSQL's binary format: numbers have the highest byte first. */
#include <endian.h>
#include <string.h>
#include "base/uuid.h"
#include "priv/pg.h"

/* From the server's catalog pg_type; they never change. */
enum {
	OID_INT8 = 20,
	OID_TEXT = 25,
	OID_TEXTS = 1009,
	OID_INT8S = 1016,
	OID_UUID = 2950,
	OID_UUIDS = 2951
};

static const struct {
	uint32_t element, array;
} types[] = {[PG_INT8S] = {OID_INT8, OID_INT8S},
	[PG_TEXTS] = {OID_TEXT, OID_TEXTS},
	[PG_UUIDS] = {OID_UUID, OID_UUIDS}};

/* Where the parts of an array's header are: dimensions, whether it has nulls, type of its elements, their number, index of the
 * first. Without elements it ends before their number. */
enum { AT_DIMENSIONS = 0, AT_NULLS = 4, AT_ELEMENT = 8, AT_COUNT = 12, AT_FIRST = 16, HEADER = 20 };

struct pg_param pg_int8(int64_t v)
{
	return (struct pg_param){.type = OID_INT8, .number = v};
}

struct pg_param pg_text(struct dnc_str v)
{
	return (struct pg_param){.type = OID_TEXT, .text = v, .null = !v.p};
}

static void put32(char *at, uint32_t v)
{
	v = htobe32(v);
	memcpy(at, &v, sizeof v);
}

static uint32_t get32(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof v);
	return be32toh(v);
}

static uint64_t get64(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof v);
	return be64toh(v);
}

struct pg_param pg_array(const struct dnc_buf *array)
{
	uint32_t element = get32(array->p + AT_ELEMENT), type = 0;
	size_t n = get32(array->p + AT_COUNT) ? array->n : AT_COUNT;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].element == element)
			type = types[i].array;
	return (struct pg_param){.type = type, .text = {array->p, n}};
}

void pg_array_begin(struct dnc_buf *b, enum pg_element type)
{
	char header[HEADER] = {0};

	put32(header + AT_ELEMENT, types[type].element);
	put32(header + AT_FIRST, 1);
	dnc_buf_clear(b);
	dnc_buf_add(b, header, sizeof header);
}

/* Appends an element of N bytes. */
static void add(struct dnc_buf *b, const void *p, size_t n)
{
	char size[4];

	put32(size, p ? (uint32_t)n : UINT32_MAX);
	dnc_buf_add(b, size, sizeof size);
	dnc_buf_add(b, p, p ? n : 0);
	if (b->failed)
		return;
	put32(b->p + AT_DIMENSIONS, 1);
	put32(b->p + AT_COUNT, get32(b->p + AT_COUNT) + 1);
	if (!p)
		put32(b->p + AT_NULLS, 1);
}

void pg_array_int8(struct dnc_buf *b, int64_t v)
{
	uint64_t wire = htobe64((uint64_t)v);

	add(b, &wire, sizeof wire);
}

void pg_array_text(struct dnc_buf *b, struct dnc_str v)
{
	add(b, v.p, v.n);
}

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void pg_array_uuid(struct dnc_buf *b, struct dnc_str text)
{
	char canonical[DNC_UUID_LEN], wire[16];
	size_t n = 0;

	if (!dnc_uuid_read(text, canonical)) {
		add(b, NULL, 0);
		return;
	}
	for (size_t i = 0; i < DNC_UUID_LEN; i += 2) {
		if (canonical[i] == '-')
			i++;
		wire[n++] = (char)(nibble(canonical[i]) << 4 | nibble(canonical[i + 1]));
	}
	add(b, wire, sizeof wire);
}

int64_t pg_get_int(const PGresult *r, int row, int column)
{
	const char *p = PQgetvalue(r, row, column);

	switch (PQgetlength(r, row, column)) {
	case 2:
		return (int16_t)(get32((char[]){0, 0, p[0], p[1]}));
	case 4:
		return (int32_t)get32(p);
	case 8:
		return (int64_t)get64(p);
	default:
		return 0;
	}
}

struct dnc_str pg_get_text(const PGresult *r, int row, int column)
{
	if (PQgetisnull(r, row, column))
		return (struct dnc_str){0};
	return (struct dnc_str){PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column)};
}

bool pg_get_bool(const PGresult *r, int row, int column)
{
	return PQgetlength(r, row, column) == 1 && *PQgetvalue(r, row, column);
}

void pg_get_uuid(const PGresult *r, int row, int column, char *out)
{
	static const char digits[] = "0123456789abcdef";
	struct dnc_str wire = pg_get_text(r, row, column);

	for (size_t i = 0; i < 16; i++) {
		unsigned char c = wire.n == 16 ? (unsigned char)wire.p[i] : 0;

		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*out++ = '-';
	}
}
