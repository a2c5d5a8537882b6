#include "draft.h"
#include <stdio.h>
#include "base/clock.h"
#include "base/words.h"
#include "event/event.h"
#include "json/json.h"

/* A glob is for the compiler to check. */
static bool check_type(const char *value, struct dnc_buf *why)
{
	struct dnc_buf names = {0};
	bool known = true;

	if (strchr(value, '*'))
		return true;
	for (int t = 0; t < DNC_TYPES; t++) {
		dnc_buf_str(&names, dnc_type_names[t]);
		dnc_buf_chr(&names, t + 1 < DNC_TYPES ? ' ' : '\0');
	}
	if (dnc_buf_ok(&names))
		known = dnc_words_check(names.p, dnc_str(value), why);
	dnc_buf_free(&names);
	return known; /* without memory the compiler checks it */
}

static bool check_word(
	const struct dnc_filter_word *w, const char *value, const char *where, struct dnc_buf *why)
{
	const char *known = dnc_filter_word_values(w);
	bool severity = w->source == DNC_FILTER_OF_SEVERITY;

	if (!*known || (severity && dnc_severity_from_name(dnc_str(value))) ||
		dnc_words_check(known, dnc_str(value), why))
		return true;
	if (!severity && why->n)
		dnc_buf_printf(why, "%s Use %sevent_data.%.*s=%s for events that have this value.",
			why->p[why->n - 1] == '?' ? "" : ".", where, DNC_STR_ARG(w->field), value);
	return false;
}

/* A path that starts with none of an event's keys matches nothing. */
static bool check_path(const char *value, struct dnc_buf *why)
{
	static const char keys[] =
		"seq id type phone_number provider provider_id severity timestamp "
		"summary event_data metadata";
	struct dnc_str path = {value, strcspn(value, "=")}, first = {value, strcspn(value, ".=")};

	if (!value[path.n] || !path.n) {
		dnc_buf_printf(why, "\"%s\" is not PATH=VALUE", value);
		return false;
	}
	if (!dnc_words_have(keys, first) && dnc_event_has_field(DNC_TYPES, path)) {
		dnc_buf_printf(why,
			"\"%.*s\" is not a key of an event; did you mean \"event_data.%.*s\"?",
			DNC_STR_ARG(path), DNC_STR_ARG(path));
		return false;
	}
	return dnc_words_check(keys, first, why);
}

bool dnc_filter_check(
	const struct dnc_filter_word *w, const char *value, const char *where, struct dnc_buf *why)
{
	switch (w->shape) {
	case DNC_FILTER_TYPES:
		return check_type(value, why);
	case DNC_FILTER_PATHS:
		return check_path(value, why);
	case DNC_FILTER_LIST:
	case DNC_FILTER_RANK:
		return check_word(w, value, where, why);
	default:
		return true;
	}
}

bool dnc_filter_draft_add(
	struct dnc_filter_draft *d, const struct dnc_filter_word *w, const char *value)
{
	struct dnc_buf *values = &d->field[w - dnc_filter_words];

	if (w->shape == DNC_FILTER_RANK)
		dnc_buf_clear(values); /* the last one counts */
	dnc_buf_add(values, value, strlen(value) + 1);
	return dnc_buf_ok(values);
}

static void write_list(struct dnc_buf *json, const struct dnc_buf *values)
{
	dnc_buf_chr(json, '[');
	for (const char *p = values->p; p < values->p + values->n; p += strlen(p) + 1) {
		if (p > values->p)
			dnc_buf_chr(json, ',');
		dnc_json_write_str(json, dnc_str(p));
	}
	dnc_buf_chr(json, ']');
}

/* The values given for one path are alternatives: they become one list. */
static void write_customs(struct dnc_buf *json, const struct dnc_buf *customs)
{
	const char *end = customs->p + customs->n;

	dnc_buf_chr(json, '{');
	for (const char *p = customs->p; p < end; p += strlen(p) + 1) {
		size_t n = (size_t)(strchr(p, '=') - p) + 1;
		struct dnc_buf values = {0};
		bool seen = false;

		for (const char *q = customs->p; q < end; q += strlen(q) + 1) {
			if (strncmp(q, p, n) != 0)
				continue;
			seen |= q < p;
			dnc_buf_add(&values, q + n, strlen(q + n) + 1);
		}
		if (!seen) {
			dnc_json_write_key(json, (struct dnc_str){p, n - 1});
			write_list(json, &values);
		}
		json->failed |=
			values.failed; /* a list that lacks values would match other events */
		dnc_buf_free(&values);
	}
	dnc_buf_chr(json, '}');
}

static void write_time(struct dnc_buf *json, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	if (!ms)
		return;
	dnc_clock_format(ms, text);
	dnc_json_write_key(json, dnc_str(key));
	dnc_json_write_str(json, (struct dnc_str){text, sizeof text});
}

static void write_value(
	struct dnc_buf *json, const struct dnc_filter_word *w, const struct dnc_buf *values)
{
	dnc_json_write_key(json, w->name);
	switch (w->shape) {
	case DNC_FILTER_FLAG:
		dnc_buf_lit(json, "true");
		break;
	case DNC_FILTER_RANK:
		dnc_json_write_str(json, dnc_str(values->p));
		break;
	case DNC_FILTER_PATHS:
		write_customs(json, values);
		break;
	default:
		write_list(json, values);
	}
}

void dnc_filter_draft_json(const struct dnc_filter_draft *d, struct dnc_buf *json)
{
	dnc_buf_chr(json, '{');
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		if (d->field[i].n)
			write_value(json, &dnc_filter_words[i], &d->field[i]);
	if (d->start_ms || d->end_ms) {
		dnc_json_write_key(json, DNC_STR("time_range"));
		dnc_buf_chr(json, '{');
		write_time(json, "start", d->start_ms);
		write_time(json, "end", d->end_ms);
		dnc_buf_chr(json, '}');
	}
	dnc_buf_chr(json, '}');
}

void dnc_filter_draft_free(struct dnc_filter_draft *d)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		dnc_buf_free(&d->field[i]);
	*d = (struct dnc_filter_draft){0};
}
