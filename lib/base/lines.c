#include "lines.h"
#include <stdlib.h>

int dnc_lines_init(struct dnc_lines *l, size_t max, size_t block)
{
	*l = (struct dnc_lines){.max = max, .size = block};
	l->p = calloc(1, block + DNC_LINES_SLACK);
	return l->p ? 0 : -1;
}

void dnc_lines_finish(struct dnc_lines *l)
{
	free(l->p);
	*l = (struct dnc_lines){0};
}

static bool grow(struct dnc_lines *l)
{
	size_t size = l->size * 2;
	char *p = realloc(l->p, size + DNC_LINES_SLACK);

	if (!p)
		return false;
	memset(p + size, 0, DNC_LINES_SLACK);
	l->p = p;
	l->size = size;
	return true;
}

char *dnc_lines_space(struct dnc_lines *l, size_t *room)
{
	if (l->start) {
		memmove(l->p, l->p + l->start, l->end - l->start);
		l->end -= l->start;
		l->scanned -= l->scanned < l->start ? l->scanned : l->start;
		l->scanned_cr -= l->scanned_cr < l->start ? l->scanned_cr : l->start;
		l->start = 0;
	}
	/* A line that fills the buffer has at most max + 1 bytes, or next() would have returned it. */
	if (l->end == l->size && !grow(l))
		return NULL;
	*room = l->size - l->end;
	return l->p + l->end;
}

void dnc_lines_filled(struct dnc_lines *l, size_t n)
{
	l->end += n;
}

void dnc_lines_end(struct dnc_lines *l)
{
	l->ended = true;
}

/* Finds the end of the first line and its length N. NULL if it was not read yet; a carriage return that was
 * read last may be half of it. */
static const char *find_end(struct dnc_lines *l, size_t *n)
{
	const char *nl = memchr(l->p + l->scanned, '\n', l->end - l->scanned), *cr;
	size_t stop = nl ? (size_t)(nl - l->p) : l->end;

	l->scanned = stop;
	if (l->lone_cr && stop > l->scanned_cr) {
		cr = memchr(l->p + l->scanned_cr, '\r', stop - l->scanned_cr);
		l->scanned_cr = cr ? (size_t)(cr - l->p) : stop;
		if (cr && (cr + 1 < l->p + stop || (!nl && l->ended))) {
			*n = 1;
			return cr;
		}
	}
	if (!nl)
		return NULL;
	*n = nl > l->p + l->start && nl[-1] == '\r' ? 2 : 1;
	return nl - (*n - 1);
}

/* Returns the line of N bytes in OUT, and removes it and its end of END_N bytes from the buffer. */
static void emit(struct dnc_lines *l, struct dnc_line *out, size_t n, size_t end_n)
{
	out->too_long = n > l->max;
	out->text = (struct dnc_str){l->p + l->start, out->too_long ? l->max : n};
	out->end_n = out->too_long ? 0 : end_n;
	out->number = ++l->number;
	l->start += n + end_n;
}

/* Skips the rest of a line that was too long; false if its end was not read yet. */
static bool skip(struct dnc_lines *l, const char *end, size_t end_n)
{
	/* A last carriage return is kept: it may be half of a line end. */
	size_t kept = !end && !l->ended && l->end > l->start && l->p[l->end - 1] == '\r';

	l->start = end ? (size_t)(end - l->p) + end_n : l->end - kept;
	l->skipping = !end;
	return end;
}

bool dnc_lines_next(struct dnc_lines *l, struct dnc_line *out)
{
	for (;;) {
		size_t end_n = 0, n;
		const char *end;

		if (l->scanned < l->start)
			l->scanned = l->start;
		if (l->scanned_cr < l->start)
			l->scanned_cr = l->start;
		end = find_end(l, &end_n);
		n = (end ? (size_t)(end - l->p) : l->end) - l->start;
		if (l->skipping) {
			if (!skip(l, end, end_n))
				return false;
			continue;
		}
		/* One byte more may be the carriage return before a newline. */
		if (!end && n > l->max && (n > l->max + 1 || l->p[l->end - 1] != '\r')) {
			emit(l, out, n - (l->p[l->end - 1] == '\r'), 0);
			l->skipping = true;
			return true;
		}
		if (!end && !l->ended)
			return false;
		if (!end && n && !l->lone_cr && l->p[l->end - 1] == '\r')
			n--, end_n = 1;
		if (!end && !n && !end_n)
			return false;
		emit(l, out, n, end_n);
		return true;
	}
}
