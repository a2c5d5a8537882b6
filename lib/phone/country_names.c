#include "priv/country_names.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uloc.h>
#include "base/buf.h"
#include "priv/region_names.h"

/* The languages of names; more would take longer than a program may wait. */
static const char *const languages[] = {
	"en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs"};

enum { REGION_SIZE = 3, SHORTEST = 3 };

/* A name, at an offset in the text. */
struct name {
	uint32_t at;
	char region[REGION_SIZE];
};

struct dnc_country_names {
	struct dnc_buf text;  /* names folded, each with a NUL after it */
	struct dnc_buf names; /* struct name, sorted by the text */
	size_t count;
};

static void add(struct dnc_country_names *all, struct dnc_str word, const char *region)
{
	struct name name = {.at = (uint32_t)all->text.n};

	snprintf(name.region, sizeof name.region, "%.2s", region);
	dnc_buf_str(&all->text, word);
	dnc_buf_chr(&all->text, '\0');
	dnc_buf_add(&all->names, &name, sizeof name);
	all->count++;
}

/* Adds the name in each language, and the three letters. */
static void add_country(struct dnc_country_names *all, const char *region)
{
	char locale[16], folded[FOLDED_MAX];

	snprintf(locale, sizeof locale, "und_%.2s", region);
	add(all, region_fold_text(dnc_str(uloc_getISO3Country(locale)), folded), region);
	for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
		UErrorCode err = U_ZERO_ERROR;
		UChar name[NAME_BYTES];
		int32_t n = uloc_getDisplayCountry(locale, languages[i], name, NAME_BYTES, &err);
		struct dnc_str word = {folded, 0};

		if (err == U_ZERO_ERROR) /* not that of another language, nor cut */
			word = region_fold(name, n, folded);
		if (word.n >= SHORTEST)
			add(all, word, region);
	}
}

/* Adds the names that ICU lacks. A single letter is more often another thing. */
static void add_others(struct dnc_country_names *all)
{
	for (const struct region_other *o = region_others; o->region; o++)
		for (const char *p = o->names; *p;) {
			struct dnc_str word = {p, strcspn(p, " ")};

			if (word.n > 1)
				add(all, word, o->region);
			p += word.n + (p[word.n] == ' ');
		}
}

static int compare(const void *a, const void *b, void *text)
{
	const struct name *one = a, *other = b;

	return strcmp((const char *)text + one->at, (const char *)text + other->at);
}

struct dnc_country_names *dnc_country_names_new(void)
{
	struct dnc_country_names *all = calloc(1, sizeof *all);

	if (!all)
		return NULL;
	for (const char *const *region = uloc_getISOCountries(); *region; region++)
		add_country(all, *region);
	add_others(all);
	if (!dnc_buf_ok(&all->text) || !dnc_buf_ok(&all->names)) {
		dnc_country_names_free(all);
		return NULL;
	}
	qsort_r(all->names.p, all->count, sizeof(struct name), compare, all->text.p);
	return all;
}

void dnc_country_names_free(struct dnc_country_names *all)
{
	if (!all)
		return;
	dnc_buf_free(&all->text);
	dnc_buf_free(&all->names);
	free(all);
}

/* Folds a text of ASCII, which most are, faster. False if it is another one. */
static bool fold_ascii(struct dnc_str text, char out[FOLDED_MAX], struct dnc_str *word)
{
	*word = (struct dnc_str){out, 0};
	if (text.n > 4 && dnc_str_caseeq((struct dnc_str){text.p, 4}, DNC_STR("the ")))
		text = (struct dnc_str){text.p + 4, text.n - 4};
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c >= 0x80 || !c || text.n >= NAME_BYTES)
			return false;
		if (isalnum(c))
			out[word->n++] = (char)tolower(c);
	}
	return true;
}

bool dnc_country_names_find(
	const struct dnc_country_names *all, struct dnc_str text, char region[3])
{
	const struct name *names = (const struct name *)(const void *)all->names.p;
	size_t from = 0, to = all->count;
	char folded[FOLDED_MAX];
	struct dnc_str word;

	if (!fold_ascii(text, folded, &word))
		word = region_fold_text(text, folded);
	while (word.n && from < to) {
		size_t middle = from + (to - from) / 2;
		const char *name = all->text.p + names[middle].at;
		size_t n = strlen(name);
		int order = memcmp(word.p, name, n < word.n ? n : word.n);

		if (!order && n == word.n) {
			memcpy(region, names[middle].region, REGION_SIZE);
			return true;
		}
		if (order < 0 || (!order && word.n < n))
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}
