#include "buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool dnc_buf_grow(struct dnc_buf *b, size_t extra)
{
	size_t size = b->size ? b->size : 256;
	char *p;

	if (extra > SIZE_MAX / 4 || b->n > SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	while (size - b->n < extra)
		size *= 2;
	p = realloc(b->p, size);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->size = size;
	return true;
}

void dnc_buf_add_secret(struct dnc_buf *b, const void *p, size_t n)
{
	struct dnc_buf wider = {0};

	if (b->size - b->n < n) {
		if (!dnc_buf_reserve(&wider, b->n > SIZE_MAX - n ? SIZE_MAX : b->n + n)) {
			b->failed = true;
			return;
		}
		dnc_buf_add(&wider, b->p, b->n);
		wider.failed = b->failed;
		if (b->n)
			explicit_bzero(b->p, b->n);
		dnc_buf_free(b);
		*b = wider;
	}
	dnc_buf_add(b, p, n);
}

void dnc_buf_free(struct dnc_buf *b)
{
	free(b->p);
	*b = (struct dnc_buf){0};
}

void dnc_buf_printf(struct dnc_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !dnc_buf_reserve(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void dnc_buf_u64(struct dnc_buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	dnc_buf_add(b, digits + at, sizeof digits - at);
}

void dnc_buf_i64(struct dnc_buf *b, int64_t v)
{
	if (v < 0)
		dnc_buf_chr(b, '-');
	dnc_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void dnc_buf_percent(struct dnc_buf *b, struct dnc_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c && strchr("-._~", c)))
			dnc_buf_chr(b, (char)c);
		else
			dnc_buf_printf(b, "%%%02X", c);
	}
}
