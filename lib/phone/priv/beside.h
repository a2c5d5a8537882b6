/* beside.h - the parts of reading a number with what is beside it. Functions return as dnc_beside_apply(). */
#pragma once
#include "phone/beside.h"

/* A value under its name, trimmed and without the fraction .0 that a spreadsheet gives it; not empty. */
struct beside_value {
	enum dnc_beside kind;
	struct dnc_str name, text;
};

/* Reads NUMBER as one of the country V. */
int beside_apply_country(struct dnc_beside_context *c, const struct beside_value *v,
	struct dnc_beside_number *number, struct dnc_error *err);

/* Rejects NUMBER if V, which may be anything, is another country that it may be a number of. */
int beside_check_country(struct dnc_beside_context *c, const struct beside_value *v,
	const struct dnc_beside_number *number, struct dnc_error *err);

/* Rejects NUMBER if it may lack the area code V, or if that may be the calling code of another country. */
int beside_check_area(struct dnc_beside_context *c, const struct beside_value *v,
	const struct dnc_beside_number *number, struct dnc_error *err);

/* Rejects a number with this message and the advice of the context. Returns -1. */
int beside_reject(const struct dnc_beside_context *c, struct dnc_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Rejects a number because of V, of which it is not certain what it says. */
int beside_reject_doubtful(
	const struct dnc_beside_context *c, const struct beside_value *v, struct dnc_error *err);
