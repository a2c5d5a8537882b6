/* expect_event.c - the event that is made because none came. All that it says follows from the section, the key and the last time:
 * one that is made again is the same, byte by byte. */
#include "base/clock.h"
#include "priv/expect.h"
#include "priv/ids.h"

/* What places stand for. */
struct filling {
	const struct expectation *x;
	const struct dnc_json *key; /* the values of `by` */
	struct dnc_str last;
};

size_t expectation_field(const struct expectation *x, struct dnc_str field)
{
	size_t i = 0;

	while (i < x->by_count && !dnc_str_eq(x->by[i], field))
		i++;
	return i;
}

/* The value of FIELD; empty if it is not one of `by`. */
static struct dnc_str field(const struct filling *f, struct dnc_str name)
{
	size_t i = expectation_field(f->x, name);

	return i < f->x->by_count ? f->key->node[1 + i].text : DNC_STR("");
}

static void write_text(const struct filling *f, const struct rule_text *t, struct dnc_buf *b)
{
	for (size_t i = 0; i < t->count; i++) {
		struct dnc_str text = t->piece[i].text;

		if (t->piece[i].place && dnc_str_eq(text, DNC_STR("rule")))
			text = dnc_str(f->x->rule.name);
		else if (t->piece[i].place && dnc_str_eq(text, DNC_STR("last_seen")))
			text = f->last;
		else if (t->piece[i].place)
			text = field(f, text);
		dnc_buf_str(b, text);
	}
}

/* NAME with the text T; without one, with the field of `by` of the same name. Nothing if that is empty. */
static void write_member(
	const struct filling *f, struct dnc_str name, const struct rule_text *t, struct dnc_buf *b)
{
	struct dnc_buf text = {0};
	struct dnc_str value;

	if (t->copy)
		write_text(f, t, &text);
	value = t->copy ? dnc_buf_view(&text) : field(f, name);
	if (value.n) {
		dnc_json_write_key(b, name);
		dnc_json_write_str(b, value);
	}
	b->failed |= text.failed;
	dnc_buf_free(&text);
}

static void write_members(
	const struct filling *f, const struct rule_assignments *list, struct dnc_buf *b)
{
	for (size_t i = 0; i < list->n; i++) {
		struct dnc_buf text = {0};

		write_text(f, &list->v[i].text, &text);
		dnc_json_write_key(b, dnc_str(list->v[i].key));
		dnc_json_write_str(b, dnc_buf_view(&text));
		b->failed |= text.failed;
		dnc_buf_free(&text);
	}
}

/* The record. Its time is when an event was missing first, by the time of the last one. */
static void write_record(
	const struct filling *f, const char uuid[DNC_UUID_LEN], int64_t due_ms, struct dnc_buf *b)
{
	const struct rule_emission *e = &f->x->rule.emission;
	char text[DNC_TIME_LEN];
	struct dnc_str due = {text, sizeof text};

	dnc_clock_format(due_ms, text);
	dnc_buf_chr(b, '{');
	dnc_json_write_key(b, DNC_STR("id"));
	dnc_json_write_str(b, (struct dnc_str){uuid, DNC_UUID_LEN});
	dnc_json_write_key(b, DNC_STR("type"));
	dnc_json_write_str(b, dnc_type_names[e->type]);
	write_member(f, DNC_STR("phone_number"), &e->phone_number, b);
	write_member(f, DNC_STR("provider"), &e->provider, b);
	if (e->severity) {
		dnc_json_write_key(b, DNC_STR("severity"));
		dnc_json_write_str(b, e->severity->name);
	}
	dnc_json_write_key(b, DNC_STR("timestamp"));
	dnc_json_write_str(b, due);
	dnc_json_write_key(b, DNC_STR("event_data"));
	dnc_buf_chr(b, '{');
	write_members(f, &e->event_data, b);
	dnc_buf_chr(b, '}');
	dnc_json_write_key(b, DNC_STR("metadata"));
	dnc_buf_chr(b, '{');
	dnc_json_write_key(b, DNC_STR("ingested_at"));
	dnc_json_write_str(b, due);
	dnc_json_write_key(b, DNC_STR("rule"));
	dnc_json_write_str(b, dnc_str(f->x->rule.name));
	dnc_json_write_key(b, DNC_STR("last_seen"));
	dnc_json_write_str(b, f->last);
	write_members(f, &e->metadata, b);
	dnc_buf_lit(b, "}}");
}

int expectation_make(struct dnc_rules *r, const struct expectation *x, struct dnc_str text,
	int64_t last_ms, struct dnc_event *out, struct dnc_error *err)
{
	char last[DNC_TIME_LEN], uuid[DNC_UUID_LEN];
	int64_t due_ms = last_ms + x->within_ms;
	struct filling f = {.x = x, .last = {last, sizeof last}};
	struct dnc_json key;
	struct dnc_error why;

	if (!r->made_reader)
		r->made_reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!r->expect_parser)
		r->expect_parser = dnc_json_parser_new();
	dnc_buf_clear(&r->expect_text);
	dnc_buf_str(&r->expect_text, text);
	if (!r->made_reader || !r->expect_parser || !dnc_buf_ok(&r->expect_text) ||
		!dnc_buf_reserve(&r->expect_text, DNC_JSON_PADDING) ||
		dnc_json_parse(r->expect_parser, r->expect_text.p, text.n, &key, err) < 0)
		return dnc_error_nomem(err); /* the text is JSON */
	f.key = &key;
	dnc_clock_format(last_ms, last);
	rules_make_id((const struct dnc_str[]){DNC_STR("dnc-expect"), dnc_str(x->rule.name), text,
			      f.last},
		4, uuid);
	dnc_buf_clear(&r->edit);
	write_record(&f, uuid, dnc_clock_in_range(due_ms) ? due_ms : last_ms, &r->edit);
	if (!dnc_buf_ok(&r->edit) || !dnc_buf_reserve(&r->edit, DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	if (dnc_event_normalize(r->made_reader, r->edit.p, r->edit.n, out, &why) == 0)
		return 0;
	if (why.code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(err);
	return dnc_error_set(err, why.code, "expect %s: %.160s", x->rule.name, why.message);
}
