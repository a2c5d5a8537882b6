/* beside_number.c - a number before it is read with what is beside it, and why it is rejected. */
#include <stdarg.h>
#include "priv/beside.h"

bool dnc_beside_is_international(struct dnc_str number)
{
	static const char context[] = "phone-context=+";

	if (dnc_str_starts(number, DNC_STR("tel:")))
		return dnc_str_starts(number, DNC_STR("tel:+")) ||
		       memmem(number.p, number.n, context, sizeof context - 1);
	return dnc_str_starts(number, DNC_STR("+")) || dnc_str_starts(number, DNC_STR("00"));
}

struct dnc_beside_number dnc_beside_number(struct dnc_str written)
{
	written = dnc_str_trim(written);
	return (struct dnc_beside_number){.written = written, .read = written};
}

int beside_reject(const struct dnc_beside_context *c, struct dnc_error *err, const char *fmt, ...)
{
	char why[sizeof err->message];
	va_list ap;

	va_start(ap, fmt);
	dnc_error_format(why, sizeof why, fmt, ap);
	va_end(ap);
	return dnc_error_set(err, DNC_BESIDE_REJECTED, "%s%s%s", why, c->advice ? ", or " : "",
		c->advice ? c->advice : "");
}

int beside_reject_doubtful(
	const struct dnc_beside_context *c, const struct beside_value *v, struct dnc_error *err)
{
	return beside_reject(c, err,
		"%.*s beside it, %.*s, may be its country or area code: write it with \"+\" and its country code",
		v->name.n > 30 ? 30 : (int)v->name.n, v->name.p,
		v->text.n > 20 ? 20 : (int)v->text.n, v->text.p);
}
