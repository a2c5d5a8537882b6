#include "priv/acks.h"
#include <stdio.h>
#include <stdlib.h>

/* Lines of one producer in a row that share a span; they are acknowledged when the last is safe. */
enum { SPAN_LINES = 64, ROOM_MIN = 64 };

/* The words of an acknowledgement. */
static const struct ack_word {
	const char *name;
	size_t slot; /* offset of a uint64_t in struct dnc_outcome */
} ack_words[] = {
	{"duplicates", offsetof(struct dnc_outcome, duplicates)},
	{"rejected", offsetof(struct dnc_outcome, rejected)},
	{"dropped", offsetof(struct dnc_outcome, dropped)},
	{"unclear", offsetof(struct dnc_outcome, unclear)},
	{"releases", offsetof(struct dnc_outcome, releases)},
	{"others", offsetof(struct dnc_outcome, others)},
};

enum { ACK_WORDS = sizeof ack_words / sizeof ack_words[0] };

size_t ack_write(char text[ACK_MAX], uint64_t count, const struct dnc_outcome *o)
{
	int n = snprintf(text, ACK_MAX, "%llu", (unsigned long long)count);

	for (size_t i = 0; i < ACK_WORDS; i++) {
		uint64_t v = *(const uint64_t *)((const char *)o + ack_words[i].slot);

		if (v)
			n += snprintf(text + n, ACK_MAX - (size_t)n, " %s=%llu", ack_words[i].name,
				(unsigned long long)v);
	}
	text[n++] = '\n';
	return (size_t)n;
}

/* Reads a decimal number and removes it from the front of TEXT. */
static bool read_number(struct dnc_str *text, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < text->n && text->p[n] >= '0' && text->p[n] <= '9'; n++)
		if (__builtin_mul_overflow(*out, 10u, out) ||
			__builtin_add_overflow(*out, (uint64_t)(text->p[n] - '0'), out))
			return false;
	text->p += n;
	text->n -= n;
	return n > 0;
}

static void read_word(struct dnc_str word, struct dnc_outcome *o)
{
	for (size_t i = 0; i < ACK_WORDS; i++) {
		size_t n = strlen(ack_words[i].name);
		struct dnc_str value = {word.p + n + 1, word.n - n - 1};
		uint64_t v;

		if (word.n <= n || memcmp(word.p, ack_words[i].name, n) != 0 || word.p[n] != '=')
			continue;
		if (read_number(&value, &v) && !value.n)
			*(uint64_t *)((char *)o + ack_words[i].slot) = v;
	}
}

bool ack_read(struct dnc_str text, uint64_t *count, struct dnc_outcome *o)
{
	*o = (struct dnc_outcome){0};
	if (text.n && text.p[text.n - 1] == '\r')
		text.n--;
	if (!read_number(&text, count) || (text.n && text.p[0] != ' '))
		return false;
	while (text.n) {
		const char *blank = memchr(text.p, ' ', text.n);
		size_t n = blank ? (size_t)(blank - text.p) : text.n;

		read_word((struct dnc_str){text.p, n}, o);
		n += blank ? 1 : 0;
		text.p += n;
		text.n -= n;
	}
	return true;
}

static struct ack_span *span_at(const struct ack_queue *q, size_t i)
{
	return &q->spans[(q->first + i) & (q->room - 1)];
}

static bool grow(struct ack_queue *q)
{
	size_t room = q->room ? q->room * 2 : ROOM_MIN;
	struct ack_span *spans = reallocarray(NULL, room, sizeof *spans);

	if (!spans)
		return false;
	for (size_t i = 0; i < q->count; i++)
		spans[i] = *span_at(q, i);
	free(q->spans);
	q->spans = spans;
	q->room = room;
	q->first = 0;
	return true;
}

static void count(struct ack_span *span, enum line_action action)
{
	span->forwarded += action == LINE_FORWARDED;
	span->rejected += action == LINE_REJECTED;
	span->dropped += action >= LINE_DROPPED;
	span->releases += action == LINE_DROPPED_RELEASE;
	span->others += action == LINE_DROPPED_OTHER;
}

/* The last span, if the line belongs to it: it waits for no more lines, or has room for it. */
static struct ack_span *find_span(
	struct ack_queue *q, uint64_t stream_id, uint64_t line, struct ack_point given)
{
	struct ack_span *span = q->count ? span_at(q, q->count - 1) : NULL;

	if (!span || span->stream_id != stream_id)
		return NULL;
	if ((span->outlet_lines != given.outlet_lines || span->routed != given.routed) &&
		line - span->first_line >= SPAN_LINES)
		return NULL;
	return span;
}

bool acks_record(struct ack_queue *q, uint64_t stream_id, uint64_t line, struct ack_point given,
	enum line_action action)
{
	struct ack_span *span = find_span(q, stream_id, line, given);

	if (!span) {
		if (q->count == q->room && !grow(q))
			return false;
		span = span_at(q, q->count++);
		*span = (struct ack_span){.stream_id = stream_id,
			.first_line = line,
			.before_routed = given.before_routed};
	}
	span->last_line = line;
	span->outlet_lines = given.outlet_lines;
	span->routed = given.routed;
	count(span, action);
	return true;
}

/* Moves up to *N outcomes out of FROM and reduces both. Returns how many were moved. */
static uint32_t move_outcomes(uint64_t *from, uint64_t *n)
{
	uint64_t moved = *from < *n ? *from : *n;

	*from -= moved;
	*n -= moved;
	return (uint32_t)moved;
}

/* Assigns outcomes to N lines of the span, out of LEFT, the outcomes that are not assigned yet. */
static void resolve(struct ack_span *span, uint64_t n, struct dnc_outcome *left)
{
	uint64_t before = n, known;

	span->resolved += (uint32_t)n;
	span->rejected += move_outcomes(&left->rejected, &n);
	span->dropped += move_outcomes(&left->dropped, &n);
	span->duplicates += move_outcomes(&left->duplicates, &n);
	known = before - n;
	span->releases += move_outcomes(&left->releases, &known);
	span->others += move_outcomes(&left->others, &known);
}

/* Returns how many lines of the outlet, from AT up to SAFE, the span covers. *OWN is how many of these belong
 * to its producer. The others are lines of a file, whose outcomes are not reported. */
static uint64_t covered(const struct ack_span *span, uint64_t at, uint64_t safe, uint64_t *own)
{
	uint64_t end = span->outlet_lines < safe ? span->outlet_lines : safe;
	uint64_t n = end > at ? end - at : 0, left = span->forwarded - span->resolved;

	*own = left < n ? left : n;
	return n;
}

/* True if the outcomes do not say whose they are: they differ or are unclear, and the lines are of several sources. */
static bool is_unclear(const struct ack_queue *q, uint64_t safe, const struct dnc_outcome *left)
{
	uint64_t at = q->resolved_lines, lines = safe - at, n, own, first = 0;

	if (!left->unclear &&
		(left->duplicates == lines || left->rejected == lines || left->dropped == lines ||
			!(left->duplicates | left->rejected | left->dropped)))
		return false;
	for (size_t i = 0; i < q->count && at < safe; i++, at += n) {
		const struct ack_span *span = span_at(q, i);

		n = covered(span, at, safe, &own);
		if (own < n || (own && first && span->stream_id != first))
			return true;
		first = own ? span->stream_id : first;
	}
	return false;
}

void acks_resolve(struct ack_queue *q, uint64_t safe, const struct dnc_outcome *total)
{
	struct dnc_outcome left = {.duplicates = total->duplicates - q->resolved.duplicates,
		.rejected = total->rejected - q->resolved.rejected,
		.dropped = total->dropped - q->resolved.dropped,
		.unclear = total->unclear - q->resolved.unclear,
		.releases = total->releases - q->resolved.releases,
		.others = total->others - q->resolved.others};
	bool unclear = is_unclear(q, safe, &left);
	uint64_t at = q->resolved_lines, n, own;

	for (size_t i = 0; i < q->count && at < safe; i++, at += n) {
		struct ack_span *span = span_at(q, i), others = {0};

		n = covered(span, at, safe, &own);
		resolve(&others, n - own, &left);
		resolve(span, own, &left);
		span->unclear +=
			unclear ? (uint32_t)own : move_outcomes(&left.unclear, &(uint64_t){own});
	}
	q->resolved_lines = safe;
	q->resolved = *total;
}

const struct ack_span *acks_first(const struct ack_queue *q)
{
	return q->count ? span_at(q, 0) : NULL;
}

bool acks_take(struct ack_queue *q, uint64_t safe, struct ack_span *out)
{
	if (!q->count || span_at(q, 0)->outlet_lines > safe)
		return false;
	*out = *span_at(q, 0);
	q->first = (q->first + 1) & (q->room - 1);
	q->count--;
	return true;
}

bool acks_hold(struct ack_queue *q, const struct ack_span *span)
{
	struct ack_span *last = q->count ? span_at(q, q->count - 1) : NULL;

	if (last && span->before_routed == span->routed) { /* it waits for nothing itself */
		last->last_line = span->last_line;
		last->duplicates += span->duplicates;
		last->rejected += span->rejected;
		last->dropped += span->dropped;
		last->unclear += span->unclear;
		last->releases += span->releases;
		last->others += span->others;
		return true;
	}
	if (q->count == q->room && !grow(q))
		return false;
	*span_at(q, q->count++) = *span;
	return true;
}

bool acks_wait_for(const struct ack_queue *q, uint64_t stream_id, const struct ledger *l)
{
	for (size_t i = 0; i < q->count; i++) {
		const struct ack_span *span = span_at(q, i);

		if (span->stream_id == stream_id &&
			ledger_has(l, span->before_routed, span->routed))
			return true;
	}
	return false;
}

void acks_finish(struct ack_queue *q)
{
	free(q->spans);
	*q = (struct ack_queue){0};
}
