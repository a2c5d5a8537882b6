#include "priv/acks.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* So many lines of one producer in a row share a note: their acknowledgement waits for the last. */
enum { SHARED_LINES = 64, ROOM_MIN = 64 };

/* The words of an acknowledgement. */
static const struct ack_word {
	const char *name;
	size_t slot; /* offset of a uint64_t in struct dnc_outcome */
} ack_words[] = {
	{"duplicates", offsetof(struct dnc_outcome, duplicates)},
	{"rejected", offsetof(struct dnc_outcome, rejected)},
	{"dropped", offsetof(struct dnc_outcome, dropped)},
	{"unclear", offsetof(struct dnc_outcome, unclear)},
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

/* Takes a decimal number off the front of TEXT. */
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

static bool grow(struct ack_queue *q)
{
	size_t room = q->room ? q->room * 2 : ROOM_MIN;
	struct ack_note *notes = malloc(room * sizeof *notes);

	if (!notes)
		return false;
	for (size_t i = 0; i < q->count; i++)
		notes[i] = q->notes[(q->first + i) & (q->room - 1)];
	free(q->notes);
	q->notes = notes;
	q->room = room;
	q->first = 0;
	return true;
}

static void count(struct ack_note *note, enum line_fate fate)
{
	note->passed += fate == LINE_PASSED;
	note->rejected += fate == LINE_REJECTED;
	note->dropped += fate == LINE_DROPPED;
}

bool ack_note(struct ack_queue *q, uint64_t stream_id, uint64_t line, uint64_t outlet_lines,
	enum line_fate fate)
{
	struct ack_note *note;

	if (q->count) {
		note = &q->notes[(q->first + q->count - 1) & (q->room - 1)];
		if (note->stream_id == stream_id &&
			(note->outlet_lines == outlet_lines ||
				line - note->first_line < SHARED_LINES)) {
			note->line = line;
			note->outlet_lines = outlet_lines;
			count(note, fate);
			return true;
		}
	}
	if (q->count == q->room && !grow(q))
		return false;
	note = &q->notes[(q->first + q->count++) & (q->room - 1)];
	*note = (struct ack_note){.stream_id = stream_id,
		.line = line,
		.first_line = line,
		.outlet_lines = outlet_lines};
	count(note, fate);
	return true;
}

/* Moves as much of FROM as N lines can take. Returns how much. */
static uint32_t move_verdicts(uint64_t *from, uint64_t *n)
{
	uint64_t moved = *from < *n ? *from : *n;

	*from -= moved;
	*n -= moved;
	return (uint32_t)moved;
}

/* N lines of the note are judged; LEFT are the verdicts that no line has yet. */
static void judge(struct ack_note *note, uint64_t n, struct dnc_outcome *left)
{
	note->judged += (uint32_t)n;
	note->rejected += move_verdicts(&left->rejected, &n);
	note->dropped += move_verdicts(&left->dropped, &n);
	note->duplicates += move_verdicts(&left->duplicates, &n);
}

/* How many lines from AT on the note covers, up to SAFE, and how many of these are its producer's. */
static uint64_t covered(const struct ack_note *note, uint64_t at, uint64_t safe, uint64_t *own)
{
	uint64_t end = note->outlet_lines < safe ? note->outlet_lines : safe;
	uint64_t n = end > at ? end - at : 0, left = note->passed - note->judged;

	/* Between them may stand lines of a file, which nobody waits to be told of. */
	*own = left < n ? left : n;
	return n;
}

/* The verdicts do not say whose: they differ, and the lines are not all of one producer. */
static bool is_unclear(const struct ack_queue *q, uint64_t safe, const struct dnc_outcome *left)
{
	uint64_t at = q->judged_lines, lines = safe - at, n, own, first = 0;

	if (left->unclear)
		return true;
	if (left->duplicates == lines || left->rejected == lines || left->dropped == lines ||
		!(left->duplicates | left->rejected | left->dropped))
		return false;
	for (size_t i = 0; i < q->count && at < safe; i++, at += n) {
		const struct ack_note *note = &q->notes[(q->first + i) & (q->room - 1)];

		n = covered(note, at, safe, &own);
		if (own < n || (own && first && note->stream_id != first))
			return true;
		first = own ? note->stream_id : first;
	}
	return false;
}

void ack_judge(struct ack_queue *q, uint64_t safe, const struct dnc_outcome *total)
{
	struct dnc_outcome left = {.duplicates = total->duplicates - q->judged.duplicates,
		.rejected = total->rejected - q->judged.rejected,
		.dropped = total->dropped - q->judged.dropped,
		.unclear = total->unclear - q->judged.unclear};
	bool unclear = is_unclear(q, safe, &left);
	uint64_t at = q->judged_lines, n, own;

	for (size_t i = 0; i < q->count && at < safe; i++, at += n) {
		struct ack_note *note = &q->notes[(q->first + i) & (q->room - 1)];
		struct ack_note others = {0};

		n = covered(note, at, safe, &own);
		judge(&others, n - own, &left);
		judge(note, own, &left);
		note->unclear += unclear ? (uint32_t)own : 0;
	}
	q->judged_lines = safe;
	q->judged = *total;
}

bool ack_take(struct ack_queue *q, uint64_t safe, struct ack_note *out)
{
	if (!q->count || q->notes[q->first].outlet_lines > safe)
		return false;
	*out = q->notes[q->first];
	q->first = (q->first + 1) & (q->room - 1);
	q->count--;
	q->taken_lines = out->outlet_lines;
	return true;
}

void ack_finish(struct ack_queue *q)
{
	free(q->notes);
	*q = (struct ack_queue){0};
}
