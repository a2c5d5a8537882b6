/* buf.h - a growing buffer of bytes.
 *
 * All zero is an empty buffer; dnc_buf_free() frees its memory. When memory runs out, `failed` is set and
 * stays set: append without checks, then check once with dnc_buf_ok(). Clearing a buffer
 * keeps its memory, so that a buffer used for every event allocates only while it still grows. Not safe for
 * use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "str.h"

struct dnc_buf {
	char *p;
	size_t n;    /* bytes used */
	size_t size; /* bytes allocated */
	bool failed; /* memory ran out: the content is incomplete */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Makes room for EXTRA more bytes. False, and `failed` set, when there is no memory. */
bool dnc_buf_grow(struct dnc_buf *b, size_t extra);

/* Appends N bytes of a text that may hold secrets: what moves when B grows is wiped at its old place. */
void dnc_buf_add_secret(struct dnc_buf *b, const void *p, size_t n);

/* Frees the memory. B is empty afterwards and may be used again. */
void dnc_buf_free(struct dnc_buf *b);

/* Appends printf-style. */
void dnc_buf_printf(struct dnc_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends S, percent-encoded: all bytes but the unreserved characters of RFC 3986. */
void dnc_buf_percent(struct dnc_buf *b, struct dnc_str s);

/* Appends V in decimal digits. */
void dnc_buf_u64(struct dnc_buf *b, uint64_t v);
void dnc_buf_i64(struct dnc_buf *b, int64_t v);

static inline bool dnc_buf_reserve(struct dnc_buf *b, size_t extra)
{
	return b->size - b->n >= extra || dnc_buf_grow(b, extra);
}

static inline void dnc_buf_add(struct dnc_buf *b, const void *p, size_t n)
{
	if (n && dnc_buf_reserve(b, n)) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
}

static inline void dnc_buf_str(struct dnc_buf *b, struct dnc_str s)
{
	dnc_buf_add(b, s.p, s.n);
}

static inline void dnc_buf_chr(struct dnc_buf *b, char c)
{
	if (dnc_buf_reserve(b, 1))
		b->p[b->n++] = c;
}

/* Appends a string literal. */
#define dnc_buf_lit(b, literal) dnc_buf_add((b), (literal), sizeof(literal) - 1)

static inline void dnc_buf_clear(struct dnc_buf *b)
{
	b->n = 0;
	b->failed = false;
}

static inline bool dnc_buf_ok(const struct dnc_buf *b)
{
	return !b->failed;
}

static inline struct dnc_str dnc_buf_view(const struct dnc_buf *b)
{
	return (struct dnc_str){b->p, b->n};
}

#ifdef __cplusplus
}
#endif
