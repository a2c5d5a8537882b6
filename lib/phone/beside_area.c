/* beside_area.c - telephone numbers whose area code may be beside them. */
#include <stdio.h>
#include "priv/beside.h"

/* Digits of a number, and of what an area code joined with one may have. */
enum { NUMBER_MAX = 20, JOINED_MAX = 2 * NUMBER_MAX };

/* Digits of an area code of the North American plan. */
enum { NANP_AREA = 3 };

/* An area code, and the number beside it. */
struct area {
	const struct dnc_beside_context *c;
	const struct dnc_beside_number *number;
	struct dnc_str
		digits; /* of the code, as written, but without the calling code of the number */
	struct dnc_str national; /* the digits of the number; empty if it has other characters */
	bool abroad;             /* the code starts with the calling code of another country */
	bool calls;              /* it was nothing but the calling code of the number */
	bool own;                /* the number is one of the region of the options */
	char text[NUMBER_MAX], number_text[NUMBER_MAX];
};

/* The digits of TEXT; false if it has other characters than separate them, or too many. */
static bool digits_of(struct dnc_str text, char out[NUMBER_MAX], struct dnc_str *digits)
{
	*digits = (struct dnc_str){out, 0};
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9') {
			if (digits->n == NUMBER_MAX)
				return false;
			out[digits->n++] = text.p[i];
		} else if (!text.p[i] || !strchr(" +()-./", text.p[i])) {
			return false;
		}
	}
	return digits->n > 0;
}

static struct dnc_str without_zeros(struct dnc_str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = (struct dnc_str){digits.p + 1, digits.n - 1};
	return digits;
}

/* The calling code of the number as it is read: of what is national in E.164, the start that is a code. */
static struct dnc_str calling_code(const struct area *a, char text[12])
{
	int code = 0;

	if (a->own)
		return (struct dnc_str){text,
			(size_t)snprintf(text, 12, "%d", dnc_phone_region_code(a->c->region))};
	for (size_t i = 1; i < a->number->read.n && i <= 3; i++) {
		code = code * 10 + (a->number->read.p[i] - '0');
		if (dnc_phone_code_known(code))
			break;
	}
	return (struct dnc_str){text, (size_t)snprintf(text, 12, "%d", code)};
}

/* True if the two are one number of the region. */
static bool join(const struct area *a, struct dnc_str area, bool strict)
{
	char joined[JOINED_MAX], e164[DNC_PHONE_MAX];
	size_t n;

	memcpy(joined, area.p, area.n);
	memcpy(joined + area.n, a->national.p, a->national.n);
	return dnc_phone_normalize((struct dnc_str){joined, area.n + a->national.n}, a->c->region,
		       strict, e164, &n) == DNC_PHONE_OK;
}

/* The same with the zero that is dialled before an area code, and as it is written. */
static bool is_joined(const struct area *a)
{
	char zero[NUMBER_MAX + 1] = "0";

	memcpy(zero + 1, a->digits.p, a->digits.n);
	return join(a, a->digits, true) || join(a, (struct dnc_str){zero, a->digits.n + 1}, true);
}

/* The number is dialled with its area code: it starts with a zero. */
static bool is_dialled_whole(const struct area *a)
{
	return a->national.n && a->national.p[0] == '0';
}

/* True if the number has the area code already: with the zero that is dialled before it; or without one, if the two can't be
 * joined because that is no number's length. */
static bool contains(const struct area *a, struct dnc_str area)
{
	return dnc_str_starts(without_zeros(a->national), without_zeros(area)) &&
	       (is_dialled_whole(a) || !join(a, area, false));
}

/* Writes the number, which is whole, to E164. False if it is no valid one. */
static bool normalize(const struct area *a, char e164[DNC_PHONE_MAX], size_t *n)
{
	return dnc_phone_normalize(a->number->read, a->c->region, true, e164, n) == DNC_PHONE_OK;
}

/* True if the number is whole, and of a kind that has no area code, such as that of a mobile telephone. */
static bool has_no_area(const struct area *a)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	return normalize(a, e164, &n) && dnc_phone_has_no_area((struct dnc_str){e164, n}) &&
	       (is_dialled_whole(a) || (a->own && !is_joined(a)));
}

static bool is_nanp(const struct area *a)
{
	return a->own && dnc_phone_region_nanp(a->c->region);
}

/* True if the code may be the calling code of another country. */
static bool may_be_country(const struct area *a)
{
	struct dnc_str code = a->digits;
	int value = 0;

	if (!code.n || code.n > 3 || code.p[0] == '0')
		return false;
	for (size_t i = 0; i < code.n; i++)
		value = value * 10 + (code.p[i] - '0');
	return dnc_phone_code_known(value);
}

/* Sets A for the value V; false if that says nothing. */
static bool read_area(struct area *a, const struct beside_value *v)
{
	char code_text[12];
	struct dnc_str code, rest;
	bool plus = dnc_beside_is_international(v->text);

	a->own = dnc_str_eq(a->number->read, a->number->written);
	if (!digits_of(v->text, a->text, &a->digits) || !without_zeros(a->digits).n)
		return false;
	if (!digits_of(a->number->written, a->number_text, &a->national))
		a->national.n = 0;
	code = calling_code(a, code_text);
	rest = without_zeros(a->digits);
	/* Without a plus sign, "49 30" may be an area code itself, which the number has. */
	if (!plus && (a->digits.p[0] == '0' || !dnc_str_starts(rest, code) ||
			     (rest.n > code.n && contains(a, a->digits))))
		return true;
	a->abroad = !dnc_str_starts(rest, code);
	a->calls = !a->abroad && rest.n == code.n;
	if (!a->abroad)
		a->digits = (struct dnc_str){rest.p + code.n, rest.n - code.n};
	else
		a->digits = rest;
	return true;
}

/* True if the calling code alone is beside a number that is whole. */
static bool is_whole(const struct area *a, const struct beside_value *v)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	return dnc_beside_is_international(v->text) || is_nanp(a) || !a->own ||
	       is_dialled_whole(a) || normalize(a, e164, &n);
}

/* True if the number does not lack the area code, which is one for certain. */
static bool has_area(const struct area *a)
{
	/* Without their area code the numbers of the North American plan are rejected, because they are local. */
	if (is_nanp(a))
		return a->digits.p[0] != '0' && (a->digits.n == NANP_AREA || !may_be_country(a));
	if (!a->national.n)
		return false;
	return (contains(a, a->digits) && (a->own || is_dialled_whole(a))) || has_no_area(a);
}

/* True if the value may be an area code, and the number lacks it: the two are a valid number, or the number alone is none
 * and the two may be one. */
static bool may_lack_area(const struct area *a)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	return !is_nanp(a) && a->own && a->national.n && !is_dialled_whole(a) &&
	       !contains(a, a->digits) && !has_no_area(a) &&
	       (is_joined(a) || (!normalize(a, e164, &n) && join(a, a->digits, false)));
}

static int reject_area(
	const struct dnc_beside_context *c, const struct beside_value *v, struct dnc_error *err)
{
	return beside_reject(c, err,
		"its area code may be in %.*s beside it: write it with \"+\", its country code and its area code",
		v->name.n > 30 ? 30 : (int)v->name.n, v->name.p);
}

int beside_check_area(struct dnc_beside_context *c, const struct beside_value *v,
	const struct dnc_beside_number *number, struct dnc_error *err)
{
	struct area a = {.c = c, .number = number};

	if (!read_area(&a, v))
		return 0;
	if (a.calls)
		return is_whole(&a, v) ? 0 : reject_area(c, v, err);
	if (v->kind == DNC_BESIDE_AREA)
		return !a.abroad && has_area(&a) ? 0 : reject_area(c, v, err);
	if (a.abroad && v->kind == DNC_BESIDE_CODE)
		return beside_reject_doubtful(c, v, err);
	if (may_lack_area(&a))
		return reject_area(c, v, err);
	return v->kind == DNC_BESIDE_CODE || a.abroad ? beside_check_country(c, v, number, err) : 0;
}
