/* number.c - reads the number of a record. */
#include "priv/draft.h"

/* Reads the number in node AT as E.164, with the members beside it unless BESIDE is NULL. */
static int read_number(const struct draft *d, uint32_t at, const struct dnc_event_options *options,
	struct dnc_beside_context *beside, char e164[DNC_PHONE_MAX], size_t *n,
	struct dnc_error *err)
{
	const uint32_t objects[] = {0, d->event_data};
	struct dnc_beside_number number = dnc_beside_number(d->doc->node[at].text);
	enum dnc_phone_verdict v;

	if (beside && dnc_beside_apply_members(beside, (struct dnc_beside_owner){0}, d->doc,
			      objects, d->event_data ? 2 : 1, &number, err) < 0) {
		if (err->code == DNC_BESIDE_REJECTED) {
			err->code = DNC_REJECT_INVALID_PHONE_NUMBER;
			dnc_error_place(err, "phone_number");
		}
		return -1;
	}
	v = dnc_phone_normalize(number.read, options->region, options->strict_phone, e164, n);
	return v == DNC_PHONE_OK ? 0
	                         : draft_reject(err, DNC_REJECT_INVALID_PHONE_NUMBER,
					   "phone_number", dnc_phone_explain(v, number.read));
}

int draft_read_number(struct draft *d, const struct dnc_event_options *options,
	struct dnc_beside_context *beside, struct dnc_error *err)
{
	static const bool required[DNC_TYPES] = {[DNC_NUMBER_SUPPRESSED] = true,
		[DNC_NUMBER_RELEASED] = true,
		[DNC_CHECK_PERFORMED] = true,
		[DNC_COMPLIANCE_VIOLATION] = true};
	uint32_t inner = d->field[FIELD_PHONE_NUMBER];
	uint32_t at = d->phone ? d->phone : inner;
	char other[DNC_PHONE_MAX];
	size_t n, other_n;

	if (!at) {
		if (required[d->type])
			return draft_reject(
				err, DNC_REJECT_MISSING_FIELD, "phone_number", "is missing");
		return 0;
	}
	if (read_number(d, at, options, beside, d->e164_text, &n, err) < 0)
		return -1;
	d->e164 = (struct dnc_str){d->e164_text, n};
	if (!d->phone || !inner)
		return 0;
	/* With two numbers in one event, the wrong one might be suppressed. */
	if (read_number(d, inner, options, beside, other, &other_n, err) < 0 ||
		!dnc_str_eq(d->e164, (struct dnc_str){other, other_n}))
		return err->code == DNC_ERROR_NO_MEMORY
		               ? -1
		               : draft_reject(err, DNC_REJECT_INVALID_FIELD,
					 "event_data.phone_number", "differs from phone_number");
	return 0;
}
