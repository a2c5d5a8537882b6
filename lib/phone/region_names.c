#include "phone/region_names.h"
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include "base/buf.h"
#include "base/words.h"
#include "priv/region_names.h"

/* Fewer bytes of a translation may be a code that means something else. */
enum { SHORTEST = 3 };

struct dnc_region_names {
	struct dnc_buf words; /* folded, with a blank after each */
};

/* Names that ICU lacks, folded: parts of a country, former names, and the letters of its cars, which Germans write. */
const struct region_other region_others[] = {
	{"AT", "a oesterreich republikosterreich"},
	{"BE", "b"},
	{"CH", "confoederatiohelvetica swissconfederation"},
	{"CZ", "czechrepublic ceskarepublika"},
	{"DE", "d brd bundesrepublikdeutschland federalrepublicofgermany"},
	{"ES", "e reinodeespana"},
	{"FR", "f republiquefrancaise"},
	{"GB", "uk greatbritain britain england scotland wales northernireland grossbritannien "
	       "grandebretagne angleterre granbretana inglaterra granbretagna inghilterra grootbrittannie engeland"},
	{"HU", "h"},
	{"IE", "eire republicofireland"},
	{"IN", "republicofindia"},
	{"IT", "i repubblicaitaliana"},
	{"KR", "korea republicofkorea"},
	{"LU", "l"},
	{"MX", "estadosunidosmexicanos"},
	{"NL", "holland"},
	{"PT", "p"},
	{"RU", "russianfederation"},
	{"SE", "s"},
	{"SK", "slovakrepublic"},
	{"TR", "turkey"},
	{NULL, NULL},
};

static bool is_dropped(UChar32 c)
{
	return (c >= 0x300 && c <= 0x36F) || u_isUWhiteSpace(c) || u_ispunct(c) || u_iscntrl(c) ||
	       u_charType(c) == U_FORMAT_CHAR;
}

struct dnc_str region_fold(const UChar *text, int32_t n, char out[FOLDED_MAX])
{
	UChar lower[UNITS], plain[UNITS];
	UErrorCode err = U_ZERO_ERROR;
	const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&err),
			   *decompose = unorm2_getNFKDInstance(&err);
	UChar32 points[UNITS];
	int32_t len = 0, end = 0;

	n = unorm2_normalize(fold, text, n, lower, UNITS, &err);
	n = unorm2_normalize(decompose, lower, n, plain, UNITS, &err);
	if (U_FAILURE(err))
		return (struct dnc_str){out, 0};
	u_strToUTF32(points, UNITS, &n, plain, n, &err);
	for (int32_t i = 0; U_SUCCESS(err) && i < n; i++)
		if (!is_dropped(points[i]))
			points[end++] = points[i];
	u_strFromUTF32(plain, UNITS, &n, points, end, &err);
	u_strToUTF8(out, FOLDED_MAX, &len, plain, n, &err);
	return (struct dnc_str){out, U_FAILURE(err) ? 0 : (size_t)len};
}

static void add_word(struct dnc_buf *words, struct dnc_str word)
{
	if (word.n < SHORTEST)
		return;
	dnc_buf_str(words, word);
	dnc_buf_lit(words, " ");
}

/* Adds what the languages call the country of LOCALE, "und_DE". */
static void add_translations(struct dnc_buf *words, const char *locale)
{
	for (int32_t i = 0; i < uloc_countAvailable(); i++) {
		const char *language = uloc_getAvailable(i);
		UErrorCode err = U_ZERO_ERROR;
		UChar name[NAME_BYTES];
		char folded[FOLDED_MAX];
		int32_t n;

		if (strchr(language, '_'))
			continue;
		n = uloc_getDisplayCountry(locale, language, name, NAME_BYTES, &err);
		if (err == U_ZERO_ERROR) /* not that of another language, nor cut */
			add_word(words, region_fold(name, n, folded));
	}
}

struct dnc_region_names *dnc_region_names_new(const char *region)
{
	struct dnc_region_names *names = calloc(1, sizeof *names);
	char locale[16];

	if (!names)
		return NULL;
	snprintf(locale, sizeof locale, "und_%.2s", region);
	for (const char *p = uloc_getISO3Country(locale); *p; p++)
		dnc_buf_chr(&names->words, (char)(*p | 0x20));
	dnc_buf_lit(&names->words, " ");
	for (const struct region_other *o = region_others; o->region; o++)
		if (strcmp(o->region, region) == 0)
			dnc_buf_printf(&names->words, "%s ", o->names);
	add_translations(&names->words, locale);
	dnc_buf_chr(&names->words, '\0');
	if (!dnc_buf_ok(&names->words)) {
		dnc_region_names_free(names);
		return NULL;
	}
	return names;
}

void dnc_region_names_free(struct dnc_region_names *names)
{
	if (!names)
		return;
	dnc_buf_free(&names->words);
	free(names);
}

struct dnc_str region_fold_text(struct dnc_str text, char folded[FOLDED_MAX])
{
	UErrorCode err = U_ZERO_ERROR;
	UChar name[NAME_BYTES];
	int32_t n = 0;

	if (text.n > 4 && dnc_str_caseeq((struct dnc_str){text.p, 4}, DNC_STR("the ")))
		text = (struct dnc_str){text.p + 4, text.n - 4};
	if (!text.n || text.n > NAME_BYTES)
		return (struct dnc_str){folded, 0};
	u_strFromUTF8(name, NAME_BYTES, &n, text.p, (int32_t)text.n, &err);
	return U_FAILURE(err) ? (struct dnc_str){folded, 0} : region_fold(name, n, folded);
}

bool dnc_region_names_have(const struct dnc_region_names *names, struct dnc_str text)
{
	char folded[FOLDED_MAX];
	struct dnc_str word = region_fold_text(text, folded);

	return word.n && dnc_words_have(names->words.p, word);
}
