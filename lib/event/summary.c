/* summary.c - the summary of an event whose record has none. */
#include "priv/draft.h"

/* A template for each type: {n} the masked number, {p} the provider, {1} and {2} fields. A part in
 * square brackets is left out when one of its fields is absent. */
static const struct summary_form {
	const char *form;
	enum dnc_field first, second;
} summary_forms[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = {"{n} suppressed: {1}[ ({2})]", FIELD_SUPPRESS_REASON,
		FIELD_SOURCE},
	[DNC_NUMBER_RELEASED] = {"{n} released: {1}[ by {2}]", FIELD_RELEASE_REASON,
		FIELD_RELEASED_BY},
	[DNC_CHECK_PERFORMED] = {"{n} checked: {1}[ ({2})]", FIELD_RESULT, FIELD_CHECK_REASON},
	[DNC_LIST_SYNCED] = {"{p} list sync: {1}[, {2} added]", FIELD_SYNC_STATUS,
		FIELD_RECORDS_ADDED},
	[DNC_COMPLIANCE_VIOLATION] = {"{n} violation: {1}", FIELD_VIOLATION_TYPE, FIELD_NONE},
	[DNC_PROVIDER_STATUS_CHANGE] = {"{p} is {1}[, was {2}]", FIELD_NEW_STATUS,
		FIELD_OLD_STATUS},
};

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

void draft_write_summary(const struct draft *d, struct dnc_buf *b)
{
	const struct summary_form *form = &summary_forms[d->type];
	const char *p = form->form;

	while (*p) {
		enum dnc_field f = p[1] == '1' ? form->first : form->second;

		if (*p == '[') {
			if (!d->field[form->second])
				break; /* a bracket is always last */
			p++;
		} else if (*p == ']') {
			p++;
		} else if (*p != '{') {
			dnc_buf_chr(b, *p++);
		} else {
			if (p[1] == 'n')
				dnc_phone_mask(b, d->e164);
			else
				write_value(
					d, b, p[1] == 'p' ? d->provider_name : draft_text(d, f));
			p += 3;
		}
	}
}
