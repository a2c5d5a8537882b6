/* summary.c - the summary of an event whose record has none, and that of masked events. */
#include "priv/draft.h"

/* A template for each type: {n} the number, {p} the provider, {1} and {2} fields. What is in square brackets is left out
 * when its field is not known. */
static const struct summary_form {
	const char *form;
	enum dnc_field first, second;
} summary_forms[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = {"{n} suppressed[: {1}][ ({2})]", FIELD_SUPPRESS_REASON,
		FIELD_SOURCE},
	[DNC_NUMBER_RELEASED] = {"{n} released[: {1}][ by {2}]", FIELD_RELEASE_REASON,
		FIELD_RELEASED_BY},
	[DNC_CHECK_PERFORMED] = {"{n} checked[: {1}][ ({2})]", FIELD_RESULT, FIELD_CHECK_REASON},
	[DNC_LIST_SYNCED] = {"{p} list sync[: {1}][, {2} added]", FIELD_SYNC_STATUS,
		FIELD_RECORDS_ADDED},
	[DNC_COMPLIANCE_VIOLATION] = {"{n} violation[: {1}]", FIELD_VIOLATION_TYPE, FIELD_NONE},
	[DNC_PROVIDER_STATUS_CHANGE] = {"{p}[ is {1}][, was {2}]", FIELD_NEW_STATUS,
		FIELD_OLD_STATUS},
};

void summary_write(struct dnc_buf *b, enum dnc_type type,
	bool (*write)(void *ctx, struct dnc_buf *b, enum summary_part part, enum dnc_field field),
	void *ctx)
{
	const struct summary_form *form = &summary_forms[type];
	size_t group = 0;

	for (const char *p = form->form; *p;) {
		enum summary_part part;

		if (*p == '[' || *p == ']') {
			group = *p++ == '[' ? b->n : 0;
			continue;
		}
		if (*p != '{') {
			dnc_buf_chr(b, *p++);
			continue;
		}
		part = p[1] == 'n'   ? PART_NUMBER
		       : p[1] == 'p' ? PART_PROVIDER
		       : p[1] == '1' ? PART_FIRST
		                     : PART_SECOND;
		p += 3;
		if (!write(ctx, b, part, part == PART_FIRST ? form->first : form->second) &&
			group) {
			b->n = b->n > group ? group : b->n;
			p = strchr(p, ']');
		}
	}
}

/* Appends a value inside the summary's JSON string: without quotes, with numbers masked, and
 * shortened. */
static void write_value(const struct draft *d, struct dnc_buf *b, struct dnc_str value)
{
	enum { VALUE_MAX = 64 };
	char masked_text[4 * VALUE_MAX];
	struct dnc_buf masked = {.p = masked_text, .size = sizeof masked_text};
	bool cut = value.n > VALUE_MAX;
	size_t from;

	if (cut)
		for (value.n = VALUE_MAX; value.n && (value.p[value.n] & 0xC0) == 0x80;)
			value.n--; /* not inside a UTF-8 sequence */
	dnc_phone_mask_text(&masked, value, d->e164);
	from = b->n;
	dnc_json_write_str(b, dnc_buf_view(&masked));
	if (!dnc_buf_ok(b))
		return;
	memmove(b->p + from, b->p + from + 1, b->n - from - 2);
	b->n -= 2;
	if (cut)
		dnc_buf_lit(b, "...");
}

static bool write_part(void *ctx, struct dnc_buf *b, enum summary_part part, enum dnc_field field)
{
	const struct draft *d = ctx;

	switch (part) {
	case PART_NUMBER:
		dnc_phone_mask(b, d->e164);
		return true;
	case PART_PROVIDER:
		write_value(d, b, d->provider_name);
		return true;
	default:
		if (field == FIELD_NONE || !d->field[field])
			return false;
		write_value(d, b, draft_text(d, field));
		return true;
	}
}

void draft_write_summary(const struct draft *d, struct dnc_buf *b)
{
	summary_write(b, d->type, write_part, (void *)(uintptr_t)d);
}
