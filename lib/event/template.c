/* template.c - makes, checks and fills the events of a kind of fact. */
#include "priv/template.h"
#include <stdlib.h>
#include "base/clock.h"

/* A number is masked in a word of the summary that has its last seven digits (phone.h). */
enum { MASKED_DIGITS = 7 };

static void list_words(const struct dnc_fact *fact, const char *words[4])
{
	words[0] = fact->provider;
	words[1] = fact->provider_id;
	words[2] = fact->reason;
	words[3] = fact->source;
}

bool template_fits(const struct template *t, const struct dnc_fact *fact, const char *source_format,
	size_t number_n)
{
	const char *words[4];

	if (t->type != fact->type || t->dated != fact->dated || t->number_n != number_n ||
		t->source_format != source_format)
		return false;
	list_words(fact, words);
	for (size_t i = 0; i < 4; i++)
		if (!words[i] != !t->words[i] || (words[i] && strcmp(words[i], t->words[i]) != 0))
			return false;
	return true;
}

void template_finish(struct template *t)
{
	for (size_t i = 0; i < 4; i++)
		free(t->words[i]);
	dnc_buf_free(&t->line.text);
	dnc_buf_free(&t->content.text);
	*t = (struct template){0};
}

/* Keeps the kind of FACT. False if there is no memory. */
static bool keep_kind(struct template *t, const struct dnc_fact *fact, const char *source_format)
{
	const char *words[4];

	*t = (struct template){
		.type = fact->type, .dated = fact->dated, .source_format = source_format};
	list_words(fact, words);
	for (size_t i = 0; i < 4; i++)
		if (words[i] && !(t->words[i] = strdup(words[i])))
			return false;
	return true;
}

/* True if a word may hold the number of some row, and is then masked in its event alone. */
static bool may_be_masked(const struct template *t)
{
	for (size_t i = 0; i < 4; i++)
		if (t->words[i] && dnc_phone_digits(dnc_str(t->words[i])) >= MASKED_DIGITS)
			return true;
	return false;
}

/* One event, written as any other, with an id of zeros. */
struct specimen {
	struct dnc_buf line, content;
	struct dnc_event_shape shape;
	struct filling filling;
};

static void specimen_finish(struct specimen *s)
{
	dnc_buf_free(&s->line);
	dnc_buf_free(&s->content);
}

static int specimen_make(struct specimen *s, const struct dnc_fact *fact,
	const struct dnc_event_options *options, struct draft *d, struct dnc_json *doc,
	struct dnc_json_parser *parser, struct dnc_error *err)
{
	struct dnc_buf record = {0};
	int rc = -1;

	dnc_fact_write(&record, fact);
	if (!dnc_buf_reserve(&record, DNC_JSON_PADDING) || !dnc_buf_ok(&record))
		rc = dnc_error_nomem(err);
	else if (dnc_json_parse(parser, record.p, record.n, doc, err) == 0)
		rc = draft_read(d, doc, options, NULL, err);
	if (rc == 0) {
		if (!fact->dated)
			d->timestamp_ms = d->ingested_at_ms;
		memset(d->uuid, '0', sizeof d->uuid);
		draft_write(d, options->source_format, &s->line, &s->shape);
		dnc_buf_clear(&s->content);
		draft_write_content(d, &s->content);
		filling_set(&s->filling, d->e164, d->timestamp_ms, d->ingested_at_ms);
		if (!dnc_buf_ok(&s->line) || !dnc_buf_ok(&s->content))
			rc = dnc_error_nomem(err);
	}
	dnc_buf_free(&record);
	return rc;
}

/* Finds WHAT in TEXT, but not at BUT. False if it stands there more often than can be kept. */
static bool find(struct places *p, struct dnc_str text, struct dnc_str what, size_t but)
{
	const char *at = text.p, *end = text.p + text.n;

	p->count = 0;
	while ((at = memmem(at, (size_t)(end - at), what.p, what.n))) {
		if ((size_t)(at - text.p) != but) {
			if (p->count == TEMPLATE_PLACES)
				return false;
			p->at[p->count++] = (uint16_t)(at - text.p);
		}
		at += what.n;
	}
	return true;
}

static bool find_holes(struct holes *h, const struct dnc_buf *text, const struct filling *f,
	bool dated, size_t but)
{
	struct dnc_str view = dnc_buf_view(text);

	dnc_buf_str(&h->text, view);
	h->n = view.n;
	return dnc_buf_reserve(&h->text, DNC_JSON_PADDING) && dnc_buf_ok(&h->text) &&
	       text->n <= DNC_EVENT_MAX_BYTES && find(&h->number, view, f->e164, 0) &&
	       find(&h->mask, view, (struct dnc_str){f->mask, f->e164.n}, 0) &&
	       (!dated || find(&h->time, view, (struct dnc_str){f->at, DNC_TIME_LEN}, but));
}

/* Another fact of the same kind, whose number and time differ wherever rows may differ. NUMBER is memory for it. */
static struct dnc_fact another(
	const struct dnc_fact *fact, const struct filling *f, char number[DNC_PHONE_MAX])
{
	enum {
		TAIL = 4,
		SHIFT_MS = 90061001
	}; /* a day, an hour, a minute, a second, a millisecond */
	struct dnc_fact other = *fact;

	memcpy(number, f->e164.p, f->e164.n);
	for (size_t i = f->e164.n - TAIL; i < f->e164.n; i++)
		number[i] = number[i] == '9' ? '0' : (char)(number[i] + 1);
	other.number = (struct dnc_str){number, f->e164.n};
	other.at_ms += dnc_clock_in_range(fact->at_ms + SHIFT_MS) ? SHIFT_MS : -SHIFT_MS;
	return other;
}

/* True if the template, filled, is what the SPECIMEN is. */
static bool gives(struct template *t, const struct specimen *s)
{
	char uuid[DNC_UUID_LEN];

	memset(uuid, '0', sizeof uuid);
	return dnc_str_eq(template_line(t, &s->filling, uuid), dnc_buf_view(&s->line)) &&
	       dnc_str_eq(
		       dnc_buf_view(template_content(t, &s->filling)), dnc_buf_view(&s->content)) &&
	       t->shape.timestamp_ms == s->shape.timestamp_ms;
}

int template_make(struct template *t, const struct dnc_fact *fact,
	const struct dnc_event_options *options, struct draft *d, struct dnc_json *doc,
	struct dnc_json_parser *parser, struct dnc_error *err)
{
	static const struct dnc_str before_timestamp = DNC_STR("\",\"timestamp\":\"");
	struct specimen first = {0}, second = {0};
	char number[DNC_PHONE_MAX];
	struct dnc_error ignored;
	int rc = keep_kind(t, fact, options->source_format) ? 0 : dnc_error_nomem(err);

	if (rc == 0)
		rc = specimen_make(&first, fact, options, d, doc, parser, err);
	if (rc == 0) {
		struct dnc_fact other = another(fact, &first.filling, number);

		t->number_n = first.filling.e164.n;
		t->shape = first.shape;
		t->timestamp = (uint16_t)(t->shape.severity_text + d->severity->name.n +
					  before_timestamp.n);
		t->valid = !may_be_masked(t) &&
		           find_holes(&t->line, &first.line, &first.filling, t->dated,
				   t->shape.ingested_at.at) &&
		           find_holes(&t->content, &first.content, &first.filling, t->dated, 0) &&
		           specimen_make(&second, &other, options, d, doc, parser, &ignored) == 0 &&
		           gives(t, &second);
	}
	specimen_finish(&first);
	specimen_finish(&second);
	return rc;
}

void filling_set(struct filling *f, struct dnc_str e164, int64_t at_ms, int64_t now_ms)
{
	struct dnc_buf mask = {.p = f->mask, .size = sizeof f->mask};

	if (f->e164.p == NULL) {
		dnc_clock_format(at_ms, f->at);
		dnc_clock_format(now_ms, f->now);
	}
	if (f->at_ms != at_ms)
		dnc_clock_format_again(f->at_ms, at_ms, f->at);
	if (f->now_ms != now_ms)
		dnc_clock_format_again(f->now_ms, now_ms, f->now);
	f->at_ms = at_ms;
	f->now_ms = now_ms;
	f->e164 = e164;
	dnc_phone_mask(&mask, e164);
}

static void fill(struct holes *h, const struct filling *f)
{
	char *p = h->text.p;

	h->text.n = h->n;
	for (uint32_t i = 0; i < h->number.count; i++)
		memcpy(p + h->number.at[i], f->e164.p, f->e164.n);
	for (uint32_t i = 0; i < h->mask.count; i++)
		memcpy(p + h->mask.at[i], f->mask, f->e164.n);
	for (uint32_t i = 0; i < h->time.count; i++)
		memcpy(p + h->time.at[i], f->at, DNC_TIME_LEN);
}

struct dnc_buf *template_content(struct template *t, const struct filling *f)
{
	fill(&t->content, f);
	return &t->content.text;
}

struct dnc_str template_line(
	struct template *t, const struct filling *f, const char uuid[DNC_UUID_LEN])
{
	char *p = t->line.text.p;

	fill(&t->line, f);
	t->shape.timestamp_ms = f->at_ms;
	memcpy(p + t->shape.id.at, uuid, DNC_UUID_LEN);
	memcpy(p + t->timestamp, f->at, DNC_TIME_LEN);
	memcpy(p + t->shape.ingested_at.at, f->now, DNC_TIME_LEN);
	return (struct dnc_str){p, t->line.n};
}
