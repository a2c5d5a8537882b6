/* beside_country.c - telephone numbers whose country is beside them. */
#include <ctype.h>
#include <stdio.h>
#include "base/words.h"
#include "priv/beside.h"
#include "priv/country_names.h"
#include "region_names.h"

enum {
	TEXT_MAX = 40,
	CODE_MAX = 4, /* digits of a calling code, or of "1" and an area code */
};

/* Names of members of the North American plan, in lower case, without blanks and punctuation. */
static const char nanp_names[] =
	"us usa unitedstates unitedstatesofamerica theunitedstates theunitedstatesofamerica america ca can canada "
	"puertorico guam americansamoa northernmarianaislands usvirginislands jamaica bahamas thebahamas bermuda "
	"barbados dominicanrepublic trinidadandtobago caymanislands";

/* The numbers of ISO 3166-1 (of countries today, and 230, 280 and 886 of former ones) that are calling codes of other
 * countries: 250 is France, and +250 is Rwanda. */
static const char iso_numbers[] =
	"212 214 218 222 226 230 231 232 233 234 238 239 242 246 248 250 254 258 260 262 266 268 270 275 276 280 288 "
	"292 296 352 356 372 376 380 384 388 500 504 508 591 598 674 678 682 686 688 690 800 850 882 886";

/* What stands for no country, folded. */
static const char nothing_names[] =
	"unknown none null nil undefined unspecified notset notspecified notavailable unbekannt desconocido inconnu "
	"zz xx";

/* Mobile country codes (ITU-T E.212) of members of the North American plan: the United States, Canada, Puerto Rico. */
static const char nanp_networks[] = "310 311 312 313 314 315 316 302 330";

/* Letters in lower case, and digits. Empty if it is too long, or has letters that are not ASCII. */
static struct dnc_str fold(struct dnc_str country, char out[TEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < country.n; i++) {
		unsigned char c = (unsigned char)country.p[i];

		if (c >= 0x80 || (isalnum(c) && n == TEXT_MAX))
			return (struct dnc_str){out, 0};
		if (isalnum(c))
			out[n++] = (char)tolower(c);
	}
	return (struct dnc_str){out, n};
}

/* A country, and a number beside it. */
struct pair {
	const char *region; /* the country's; NULL if only its code is known */
	struct dnc_str
		code; /* its calling code, or that of the North American plan with an area code: 1876 */
	struct dnc_str national; /* the number as it is written */
};

/* Normalizes the number as a national one of the country, or if WHOLE as one that starts with the country's code. */
static bool read_as(
	const struct pair *b, bool whole, bool strict, char e164[DNC_PHONE_MAX], size_t *n)
{
	char text[2 * TEXT_MAX + 4];
	struct dnc_str number = b->national, code = whole ? DNC_STR("") : b->code;

	if (number.n > TEXT_MAX)
		return false;
	if (whole || !b->region)
		number = (struct dnc_str){
			text, (size_t)snprintf(text, sizeof text, "+%.*s%s%.*s", DNC_STR_ARG(code),
				      code.n ? " " : "", DNC_STR_ARG(number))};
	return dnc_phone_normalize(number, b->region ? b->region : "ZZ", strict, e164, n) ==
	               DNC_PHONE_OK &&
	       dnc_str_starts((struct dnc_str){e164 + 1, *n - 1}, b->code);
}

/* Some write the country's code in the number again: 91 beside 919812345678. If both readings are possible, only one of
 * them may be valid. */
static struct dnc_str read_beside(const struct pair *b, bool strict, char e164[DNC_PHONE_MAX])
{
	char whole[DNC_PHONE_MAX];
	size_t n = 0, whole_n = 0;
	bool national = read_as(b, false, strict, e164, &n);
	bool twice = read_as(b, true, strict, whole, &whole_n);

	if (national && twice &&
		!dnc_str_eq((struct dnc_str){e164, n}, (struct dnc_str){whole, whole_n})) {
		national = read_as(b, false, true, e164, &n);
		twice = read_as(b, true, true, whole, &whole_n);
		if (national == twice)
			return (struct dnc_str){0};
	}
	if (!national && twice) {
		memcpy(e164, whole, whole_n + 1);
		n = whole_n;
	}
	return national || twice ? (struct dnc_str){e164, n} : (struct dnc_str){0};
}

/* Reads NUMBER as one of REGION, two letters. */
static struct dnc_str of_region(const struct dnc_beside_context *c, struct dnc_str number,
	struct dnc_str region, bool strict, char e164[DNC_PHONE_MAX])
{
	const char name[] = {(char)toupper((unsigned char)region.p[0]),
		(char)toupper((unsigned char)region.p[1]), '\0'};
	char code[12];
	struct pair b = {name, {0}, number};

	if (strcmp(name, c->region) == 0 ||
		(dnc_phone_region_nanp(name) && dnc_phone_region_nanp(c->region)))
		return number;
	if (!dnc_phone_region_known(name))
		return (struct dnc_str){0};
	b.code = (struct dnc_str){
		code, (size_t)snprintf(code, sizeof code, "%d", dnc_phone_region_code(name))};
	return read_beside(&b, strict, e164);
}

static int value_of(struct dnc_str digits)
{
	int value = 0;

	for (size_t i = 0; i < digits.n && i < CODE_MAX; i++)
		value = value * 10 + (digits.p[i] - '0');
	return value;
}

/* How the digits of a country were written. */
struct written {
	bool plus;    /* + or 00 stood before them: they are a calling code */
	bool calling; /* their name says so */
	bool network; /* three of them may be a mobile country code, another one than the calling code */
};

/* True if the digits CODE, written as TEXT with zeros before them, may be another thing than a calling code: a number in ISO 3166
 * (036 and 250), or a mobile country code. */
static bool may_be_other(struct dnc_str text, struct dnc_str code, const struct written *w)
{
	if (w->plus)
		return false;
	return (w->network && text.n == 3) ||
	       (!w->calling &&
		       ((text.n == 3 && text.p[0] == '0') || dnc_words_have(iso_numbers, code)));
}

/* Reads NUMBER as one of the country with the calling code TEXT. */
static struct dnc_str of_code(const struct dnc_beside_context *c, struct dnc_str number,
	struct dnc_str text, const struct written *w, bool strict, char e164[DNC_PHONE_MAX])
{
	struct pair b = {NULL, text, number};

	while (b.code.n && b.code.p[0] == '0')
		b.code = (struct dnc_str){b.code.p + 1, b.code.n - 1};
	if (!b.code.n)
		return number;
	if (w->network && !w->plus && dnc_phone_region_nanp(c->region) &&
		dnc_words_have(nanp_networks, text))
		return number;
	if (b.code.n > CODE_MAX || may_be_other(text, b.code, w))
		return (struct dnc_str){0};
	if (value_of(b.code) == dnc_phone_region_code(c->region))
		return number;
	/* What is dialled with a zero before it is an area code: 020. */
	if (!w->plus && text.n > b.code.n)
		return (struct dnc_str){0};
	if (b.code.n == CODE_MAX && b.code.p[0] == '1')
		b.region = "US";
	else if (!dnc_phone_code_known(value_of(b.code)))
		return (struct dnc_str){0};
	return read_beside(&b, strict, e164);
}

static bool all_digits(struct dnc_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!isdigit((unsigned char)text.p[i]))
			return false;
	return text.n > 0;
}

static struct written written_so(const struct beside_value *v)
{
	return (struct written){.plus = dnc_str_starts(v->text, DNC_STR("+")) ||
	                                dnc_str_starts(v->text, DNC_STR("00")),
		.calling = v->kind == DNC_BESIDE_CALLING,
		.network = v->kind == DNC_BESIDE_NETWORK};
}

/* Reads NUMBER as one of the country V; p is NULL if it is none. */
static struct dnc_str read_number(const struct dnc_beside_context *c, const struct beside_value *v,
	struct dnc_str number, char e164[DNC_PHONE_MAX])
{
	const struct written written = written_so(v);
	char text[TEXT_MAX];
	struct dnc_str name = fold(v->text, text);

	if (dnc_phone_region_nanp(c->region) && dnc_words_have(nanp_names, name))
		return number;
	if (all_digits(name))
		return of_code(c, number, name, &written, c->strict, e164);
	if (dnc_region_names_have(c->names, v->text))
		return number;
	return name.n == 2 && v->text.n == 2 ? of_region(c, number, name, c->strict, e164)
	                                     : (struct dnc_str){0};
}

/* True if both are one number. What is no number at all is only equal to itself. */
static bool is_same(const struct dnc_beside_context *c, struct dnc_str one, struct dnc_str other)
{
	char e164[2][DNC_PHONE_MAX];
	size_t n[2];

	return dnc_str_eq(one, other) ||
	       (dnc_phone_normalize(one, c->region, false, e164[0], &n[0]) == DNC_PHONE_OK &&
		       dnc_phone_normalize(other, c->region, false, e164[1], &n[1]) ==
			       DNC_PHONE_OK &&
		       dnc_str_eq(
			       (struct dnc_str){e164[0], n[0]}, (struct dnc_str){e164[1], n[1]}));
}

static bool is_valid(const struct dnc_beside_context *c, struct dnc_str number)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	return dnc_phone_normalize(number, c->region, true, e164, &n) == DNC_PHONE_OK;
}

/* True if the text, which is NAME folded, stands for no country: unknown, N/A, -. */
static bool is_nothing(const struct beside_value *v, struct dnc_str name)
{
	if (dnc_words_have(nothing_names, name))
		return true;
	if (dnc_str_eq(name, DNC_STR("na")))
		return v->text.n > name.n; /* NA is Namibia */
	for (size_t i = 0; i < v->text.n; i++)
		if (v->text.p[i] == '+' || (unsigned char)v->text.p[i] >= 0x80 ||
			isalnum((unsigned char)v->text.p[i]))
			return false;
	return true;
}

/* True if the number is a whole one of the region, of which the reading with the country makes no valid one. */
static bool contradicts(const struct dnc_beside_context *c, const struct dnc_beside_number *number,
	struct dnc_str read)
{
	return read.p != number->written.p && !is_valid(c, read) && is_valid(c, number->written);
}

int beside_apply_country(struct dnc_beside_context *c, const struct beside_value *v,
	struct dnc_beside_number *number, struct dnc_error *err)
{
	int shown = v->text.n > 20 ? 20 : (int)v->text.n;
	char e164[DNC_PHONE_MAX], text[TEXT_MAX];
	struct dnc_str read;

	if (is_nothing(v, fold(v->text, text)))
		return 0;
	if (!c->names && !(c->names = dnc_region_names_new(c->region)))
		return dnc_error_nomem(err);
	read = read_number(c, v, number->written, e164);
	if (!read.p)
		return beside_reject(c, err,
			"not certainly a number of the country %.*s beside it: write that as two letters "
			"(GB, DE), or the number with \"+\" and its country code",
			shown, v->text.p);
	if (contradicts(c, number, read))
		return beside_reject(c, err,
			"a valid number of %s, and not of the country %.*s beside it: write it with \"+\" and its "
			"country code",
			c->region, shown, v->text.p);
	if (number->has_country && !is_same(c, number->read, read))
		return beside_reject(c, err,
			"two countries are beside it, such as %.*s in %.*s: write it with \"+\" and its country "
			"code",
			shown, v->text.p, v->name.n > 30 ? 30 : (int)v->name.n, v->name.p);
	if (!number->has_country && read.p == e164) {
		memcpy(number->e164, e164, read.n);
		read.p = number->e164;
	}
	if (!number->has_country)
		number->read = read;
	number->has_country = true;
	return 0;
}

/* States of the United States and provinces of Canada. */
static const char states[] =
	"al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok "
	"or pa ri sc sd tn tx ut vt va wa wv wi wy dc ab bc mb nb nl ns nt nu on pe qc sk yt";

/* The two letters of the country that V, which is NAME folded, is or names; false if it is none. */
static bool find_region(struct dnc_beside_context *c, const struct beside_value *v,
	struct dnc_str name, char region[3])
{
	if (name.n == 2 && v->text.n == 2) {
		region[0] = (char)toupper((unsigned char)name.p[0]);
		region[1] = (char)toupper((unsigned char)name.p[1]);
		region[2] = '\0';
		if (dnc_phone_region_known(region))
			return true;
	}
	return dnc_country_names_find(c->countries, v->text, region) &&
	       dnc_phone_region_known(region);
}

/* Reads the number with what may be a country. False if it is none; READ is empty if it is no valid number of it. */
static bool read_perhaps(struct dnc_beside_context *c, const struct beside_value *v,
	struct dnc_str number, char e164[DNC_PHONE_MAX], struct dnc_str *read)
{
	const struct written written = written_so(v);
	char text[TEXT_MAX], region[3];
	struct dnc_str name = fold(v->text, text), bare = name;

	if (!all_digits(name)) {
		if (!find_region(c, v, name, region))
			return false;
		/* Two letters are a state first. */
		if ((v->kind == DNC_BESIDE_REGION || v->kind == DNC_BESIDE_COUNTRY_REGION) &&
			dnc_phone_region_nanp(c->region) && dnc_words_have(states, name) &&
			is_valid(c, number))
			return false;
		*read = of_region(c, number, (struct dnc_str){region, 2}, true, e164);
		return true;
	}
	if (!written.plus && (v->kind == DNC_BESIDE_REGION || v->kind == DNC_BESIDE_COUNTRY_ID))
		return false;
	while (written.plus && bare.n && bare.p[0] == '0')
		bare = (struct dnc_str){bare.p + 1, bare.n - 1};
	if (!bare.n || bare.n >= CODE_MAX || bare.p[0] == '0' ||
		!dnc_phone_code_known(value_of(bare)))
		return false;
	*read = of_code(c, number, bare, &(struct written){.plus = true}, true, e164);
	return true;
}

/* A value that may be anything counts as a country if the number is a valid one of it, or none of the region. */
int beside_check_country(struct dnc_beside_context *c, const struct beside_value *v,
	const struct dnc_beside_number *number, struct dnc_error *err)
{
	char e164[DNC_PHONE_MAX];
	struct dnc_str read;

	if (number->has_country && v->kind != DNC_BESIDE_CODE)
		return 0;
	if (!c->countries && !(c->countries = dnc_country_names_new()))
		return dnc_error_nomem(err);
	if (!read_perhaps(c, v, number->written, e164, &read))
		return 0;
	if (read.p ? dnc_str_eq(read, number->written) || is_same(c, read, number->read)
		   : is_valid(c, number->read))
		return 0;
	return beside_reject_doubtful(c, v, err);
}
