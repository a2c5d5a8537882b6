/* country.c - telephone numbers whose country is in a field beside them. */
#include <ctype.h>
#include <stdio.h>
#include "base/words.h"
#include "phone/phone.h"
#include "priv/record.h"

enum { TEXT_MAX = 40 };

/* Names of members of the North American plan, in lower case, without blanks and punctuation. */
static const char nanp_names[] = "us usa unitedstates unitedstatesofamerica america ca can canada";

/* Headers of such fields, in the same form. */
static const char headers[] =
	"country countrycode countryiso countryisocode phonecountry phonecountrycode phonecc dialcode "
	"diallingcode dialingcode callingcode countrycallingcode countrydialcode isocountry";

bool source_is_country_header(struct dnc_str header)
{
	char text[CSV_NAME_MAX];
	struct dnc_str name = csv_squeeze_header(header, text);

	return name.n && dnc_words_have(headers, name);
}

/* Letters in lower case and digits without zeros before them: "+044" is "44". Empty if it is too long. */
static struct dnc_str fold(struct dnc_str country, char out[TEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < country.n; i++) {
		unsigned char c = (unsigned char)country.p[i];

		if (!isalnum(c) || (c == '0' && !n))
			continue;
		if (n == TEXT_MAX)
			return (struct dnc_str){out, 0};
		out[n++] = (char)tolower(c);
	}
	return (struct dnc_str){out, n};
}

/* True if NUMBER has a country code itself. */
static bool is_international(struct dnc_str number)
{
	return dnc_str_starts(number, DNC_STR("+")) || dnc_str_starts(number, DNC_STR("00")) ||
	       dnc_str_starts(number, DNC_STR("tel:"));
}

/* Reads NUMBER as one of REGION, two letters. */
static struct dnc_str of_region(struct dnc_source *s, struct dnc_str number, struct dnc_str region,
	char e164[DNC_PHONE_MAX])
{
	const char name[] = {(char)toupper((unsigned char)region.p[0]),
		(char)toupper((unsigned char)region.p[1]), '\0'};
	size_t n;

	if (strcmp(name, s->options.region) == 0 ||
		(dnc_phone_region_nanp(name) && dnc_phone_region_nanp(s->options.region)))
		return number;
	if (!dnc_phone_region_known(name) ||
		dnc_phone_normalize(number, name, false, e164, &n) != DNC_PHONE_OK)
		return (struct dnc_str){0};
	return (struct dnc_str){e164, n};
}

/* Reads NUMBER as one of the country with this CODE. */
static struct dnc_str of_code(
	struct dnc_source *s, struct dnc_str number, struct dnc_str code, char e164[DNC_PHONE_MAX])
{
	char text[2 * TEXT_MAX + 2];
	size_t n;

	if (dnc_phone_normalize(number, s->options.region, false, e164, &n) == DNC_PHONE_OK &&
		dnc_str_starts((struct dnc_str){e164 + 1, n - 1}, code))
		return number;
	if (number.n > TEXT_MAX)
		return (struct dnc_str){0};
	n = (size_t)snprintf(
		text, sizeof text, "+%.*s %.*s", DNC_STR_ARG(code), DNC_STR_ARG(number));
	if (dnc_phone_normalize((struct dnc_str){text, n}, s->options.region, false, e164, &n) !=
		DNC_PHONE_OK)
		return (struct dnc_str){0};
	return (struct dnc_str){e164, n};
}

enum dnc_source_result source_apply_country(struct dnc_source *s, struct dnc_str country,
	struct dnc_str *number, char e164[DNC_PHONE_MAX])
{
	char text[TEXT_MAX];
	struct dnc_str name = fold(country, text), read = *number;
	bool nanp = dnc_phone_region_nanp(s->options.region), code = true;

	*number = dnc_str_trim(*number);
	if (!name.n || !number->n || is_international(*number) ||
		(nanp && dnc_words_have(nanp_names, name)))
		return DNC_SOURCE_MORE;
	for (size_t i = 0; i < name.n; i++)
		code &= isdigit((unsigned char)name.p[i]) != 0;
	if (code && name.n <= 4)
		read = of_code(s, *number, name, e164);
	else if (name.n == 2)
		read = of_region(s, *number, name, e164);
	else if (nanp)
		read.p = NULL;
	if (!read.p)
		return source_reject(s, DNC_REJECT_INVALID_PHONE_NUMBER, "phone_number",
			"phone_number is none of the country %.*s beside it: write it with \"+\" and its country code, "
			"or say with --column or a map what the field means",
			country.n > 30 ? 30 : (int)country.n, country.p);
	*number = read;
	return DNC_SOURCE_MORE;
}
