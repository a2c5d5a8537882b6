/* row.c - the event of a fact, from the template of its kind. */
#include "base/clock.h"
#include "fact.h"
#include "priv/reader.h"
#include "priv/template.h"

/* The way of every record. */
static int normalize(struct dnc_event_reader *r, const struct dnc_fact *fact, struct dnc_event *out,
	struct dnc_error *err)
{
	dnc_buf_clear(&r->record);
	dnc_fact_write(&r->record, fact);
	if (!dnc_buf_reserve(&r->record, DNC_JSON_PADDING) || !dnc_buf_ok(&r->record))
		return dnc_error_nomem(err);
	return reader_normalize_read(r, r->record.p, r->record.n, out, err);
}

/* The template for FACT; made at the place of the oldest one if there is none. NULL with ERR as dnc_event_normalize(). */
static struct template *template_for(struct dnc_event_reader *r, const struct dnc_fact *fact,
	size_t number_n, struct dnc_error *err)
{
	struct template *t;

	for (size_t i = 0; i < READER_TEMPLATES; i++)
		if (template_fits(&r->templates[i], fact, r->options.source_format, number_n))
			return &r->templates[i];
	t = &r->templates[r->next_template];
	r->next_template = (r->next_template + 1) % READER_TEMPLATES;
	template_finish(t);
	r->doc_of = 0;
	if (template_make(t, fact, &r->options, &r->draft, &r->doc, r->parser, err) < 0) {
		template_finish(t);
		return NULL;
	}
	return t;
}

int dnc_event_from_fact(struct dnc_event_reader *r, const struct dnc_fact *fact,
	struct dnc_event *out, struct dnc_error *err)
{
	/* The rows of a file come too fast for an exact clock; a live one has its time in its id. */
	int64_t now = r->position.run ? dnc_clock_tick_ms() : dnc_clock_now_ms();
	struct dnc_buf *content;
	struct template *t;
	char uuid[DNC_UUID_LEN];
	enum dnc_phone_verdict v;
	size_t n;

	v = dnc_phone_normalize(
		fact->number, r->options.region, r->options.strict_phone, r->e164, &n);
	if (v != DNC_PHONE_OK || !(t = template_for(r, fact, n, err)) || !t->valid)
		return normalize(r, fact, out, err);
	filling_set(
		&r->filling, (struct dnc_str){r->e164, n}, fact->dated ? fact->at_ms : now, now);
	content = template_content(t, &r->filling);
	identify_content(content,
		fact->dated ? (struct dnc_str){r->filling.at, DNC_TIME_LEN} : (struct dnc_str){0},
		&r->position, now, uuid);
	if (!dnc_buf_ok(content))
		return dnc_error_nomem(err);
	r->doc_of = 0;
	return dnc_event_from_shape(r, template_line(t, &r->filling, uuid), 0, &t->shape, out) < 0
	               ? dnc_error_nomem(err)
	               : 0;
}
