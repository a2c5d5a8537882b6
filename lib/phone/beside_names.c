/* beside_names.c - what columns and members are called that say more of the number beside them. */
#include <ctype.h>
#include "base/plain.h"
#include "base/words.h"
#include "beside.h"

/* What a word of a name means. */
enum {
	W_COUNTRY = 1 << 0,
	W_REGION = 1 << 1,
	W_ISO = 1 << 2,
	W_DIAL = 1 << 3,   /* it dials a country */
	W_PHONE = 1 << 4,  /* it is of a telephone */
	W_MOBILE = 1 << 5, /* of a mobile one */
	W_CODE = 1 << 6,
	W_PREFIX = 1 << 7,
	W_AREA = 1 << 8,
	W_AREA_CODE = 1 << 9, /* it is an area code for certain */
	W_PLACE = 1 << 10,    /* its code may be an area code */
	W_CC = 1 << 11,
	W_CALLER = 1 << 12,
	W_CALLED = 1 << 13,
	W_ISO_DIGITS = 1 << 14, /* of ISO 3166-1 alpha-2 */
	W_DIGITS = 1 << 15,
	W_UNKNOWN = 1 << 16,
	W_FILLER = 1 << 17, /* it says nothing of this */
	W_NUMBER = 1 << 18, /* of anything */
	W_LAND = 1 << 19,   /* a country in German; in English it is something else */
	W_LINE = 1 << 20,
	W_ID = 1 << 21, /* digits are a key */
	/* Telephones of one person, and W_MOBILE: */
	W_HOME = 1 << 22,
	W_WORK = 1 << 23,
	W_SECOND = 1 << 24,
	W_LANDLINE = 1 << 25,
};

/* A country that may be another one than the number's. */
enum { W_OTHER_COUNTRY = W_COUNTRY | W_UNKNOWN };

enum { NAME_MAX_BYTES = 64, WORD_MAX_BYTES = 32 };

struct word {
	const char *text;
	unsigned means;
};

/* Words by their first letter, in English and in the languages of other exports; without accents. */
static const struct word words_a[] = {{"abbr", W_FILLER}, {"abbreviation", W_FILLER},
	{"address", W_FILLER}, {"alpha", W_ISO}, {"alternate", W_SECOND}, {"area", W_AREA}, {0}};
static const struct word words_b[] = {{"business", W_WORK}, {0}};
static const struct word words_c[] = {{"called", W_CALLED}, {"callee", W_CALLED},
	{"caller", W_CALLER}, {"calling", W_DIAL}, {"cc", W_CC}, {"ccode", W_COUNTRY | W_CODE},
	{"cd", W_CODE}, {"cell", W_PHONE | W_MOBILE}, {"cellular", W_PHONE | W_MOBILE},
	{"city", W_PLACE}, {"client", W_FILLER}, {"cntry", W_COUNTRY}, {"cod", W_CODE},
	{"code", W_CODE}, {"codes", W_CODE}, {"codice", W_CODE}, {"codigo", W_CODE},
	{"consumer", W_FILLER}, {"contact", W_FILLER}, {"country", W_COUNTRY}, {"ctry", W_COUNTRY},
	{"customer", W_FILLER}, {0}};
static const struct word words_d[] = {{"da", W_FILLER}, {"ddd", W_AREA_CODE},
	{"ddi", W_OTHER_COUNTRY}, {"de", W_FILLER}, {"default", W_FILLER}, {"del", W_FILLER},
	{"des", W_FILLER}, {"dest", W_CALLED}, {"destination", W_CALLED}, {"di", W_FILLER},
	{"dial", W_DIAL}, {"dialed", W_CALLED}, {"dialing", W_DIAL}, {"dialled", W_CALLED},
	{"dialling", W_DIAL}, {"do", W_FILLER}, {"du", W_FILLER}, {0}};
static const struct word words_e[] = {{"el", W_FILLER}, {0}};
static const struct word words_f[] = {{"from", W_CALLER}, {0}};
static const struct word words_h[] = {{"handy", W_PHONE | W_MOBILE},
	{"heimatland", W_OTHER_COUNTRY}, {"herkunftsland", W_OTHER_COUNTRY}, {"home", W_HOME}, {0}};
static const struct word words_i[] = {{"id", W_ID}, {"idd", W_DIAL | W_CODE}, {"ids", W_ID},
	{"in", W_FILLER}, {"indicatif", W_PREFIX}, {"internacional", W_DIAL},
	{"international", W_DIAL}, {"internazionale", W_DIAL}, {"intl", W_DIAL},
	{"isd", W_DIAL | W_CODE}, {"iso", W_ISO}, {0}};
static const struct word words_k[] = {{"kengetal", W_AREA_CODE}, {"kennzahl", W_PREFIX},
	{"kennzeichen", W_CODE}, {"key", W_ID}, {"kod", W_CODE}, {"kode", W_CODE},
	{"kraj", W_COUNTRY}, {"kraju", W_COUNTRY}, {"kuerzel", W_CODE},
	{"kundenland", W_OTHER_COUNTRY}, {"kurzel", W_CODE}, {0}};
static const struct word words_l[] = {{"la", W_FILLER}, {"laender", W_LAND}, {"land", W_LAND},
	{"lande", W_LAND}, {"lander", W_LAND}, {"landes", W_LAND},
	{"landline", W_PHONE | W_LANDLINE}, {"lands", W_LAND}, {"le", W_FILLER}, {"lead", W_FILLER},
	{"letter", W_FILLER}, {"letters", W_FILLER}, {"lieferland", W_OTHER_COUNTRY},
	{"line", W_LINE}, {"local", W_PLACE}, {"long", W_FILLER}, {0}};
static const struct word words_m[] = {{"main", W_FILLER}, {"mob", W_PHONE | W_MOBILE},
	{"mobile", W_PHONE | W_MOBILE}, {"msisdn", W_PHONE}, {0}};
static const struct word words_n[] = {{"name", W_FILLER}, {"nazwa", W_FILLER},
	{"netnummer", W_AREA_CODE}, {"no", W_NUMBER}, {"nom", W_FILLER}, {"nombre", W_FILLER},
	{"nome", W_FILLER}, {"npa", W_AREA_CODE}, {"nr", W_NUMBER}, {"num", W_NUMBER},
	{"number", W_NUMBER}, {0}};
static const struct word words_o[] = {{"o", W_FILLER}, {"oder", W_FILLER}, {"of", W_FILLER},
	{"office", W_WORK}, {"onkz", W_AREA_CODE}, {"originating", W_CALLER},
	{"origination", W_CALLER}, {"originator", W_CALLER}, {"ortskennzahl", W_AREA_CODE},
	{"ortsnetzkennzahl", W_AREA_CODE}, {"ortsvorwahl", W_AREA_CODE}, {"other", W_SECOND},
	{"ou", W_FILLER}, {0}};
static const struct word words_p[] = {{"paese", W_COUNTRY}, {"pais", W_COUNTRY},
	{"paises", W_COUNTRY}, {"pays", W_COUNTRY}, {"person", W_FILLER}, {"pfx", W_PREFIX},
	{"phone", W_PHONE}, {"phones", W_PHONE}, {"prefijo", W_PREFIX}, {"prefisso", W_PREFIX},
	{"prefix", W_PREFIX}, {"prefixo", W_PREFIX}, {"primary", W_FILLER}, {0}};
static const struct word words_r[] = {{"receiver", W_CALLED}, {"rechnungsland", W_OTHER_COUNTRY},
	{"recipient", W_CALLED}, {"region", W_REGION}, {"regions", W_REGION}, {0}};
static const struct word words_s[] = {{"second", W_SECOND}, {"secondary", W_SECOND},
	{"sender", W_CALLER}, {"short", W_FILLER}, {"sms", W_SECOND},
	{"staat", W_COUNTRY | W_REGION}, {"std", W_AREA_CODE}, {"subscriber", W_FILLER}, {0}};
static const struct word words_t[] = {{"tel", W_PHONE}, {"telefon", W_PHONE}, {"telefone", W_PHONE},
	{"telefonica", W_PHONE}, {"telefonico", W_PHONE}, {"telefono", W_PHONE},
	{"telephone", W_PHONE}, {"telephonique", W_PHONE}, {"text", W_FILLER}, {"the", W_FILLER},
	{"three", W_FILLER}, {"to", W_CALLED}, {"two", W_FILLER}, {0}};
static const struct word words_u[] = {{"und", W_FILLER}, {"user", W_FILLER}, {0}};
static const struct word words_v[] = {
	{"value", W_FILLER}, {"versandland", W_OTHER_COUNTRY}, {"vorwahl", W_AREA_CODE}, {0}};
static const struct word words_w[] = {
	{"whatsapp", W_SECOND}, {"wohnland", W_OTHER_COUNTRY}, {"work", W_WORK}, {0}};
static const struct word words_y[] = {{"y", W_FILLER}, {0}};
static const struct word words_z[] = {{"zielland", W_OTHER_COUNTRY}, {0}};

static const struct word *const words[26] = {['a' - 'a'] = words_a,
	['b' - 'a'] = words_b,
	['c' - 'a'] = words_c,
	['d' - 'a'] = words_d,
	['e' - 'a'] = words_e,
	['f' - 'a'] = words_f,
	['h' - 'a'] = words_h,
	['i' - 'a'] = words_i,
	['k' - 'a'] = words_k,
	['l' - 'a'] = words_l,
	['m' - 'a'] = words_m,
	['n' - 'a'] = words_n,
	['o' - 'a'] = words_o,
	['p' - 'a'] = words_p,
	['r' - 'a'] = words_r,
	['s' - 'a'] = words_s,
	['t' - 'a'] = words_t,
	['u' - 'a'] = words_u,
	['v' - 'a'] = words_v,
	['w' - 'a'] = words_w,
	['y' - 'a'] = words_y,
	['z' - 'a'] = words_z};

/* The longest known word that TEXT starts with, which is in lower case; NULL if there is none. */
static const struct word *known_start(struct dnc_str text, size_t *n)
{
	const struct word *found = NULL;

	*n = 0;
	if (text.p[0] < 'a' || text.p[0] > 'z' || !words[text.p[0] - 'a'])
		return NULL;
	for (const struct word *w = words[text.p[0] - 'a']; w->text; w++) {
		size_t length = strlen(w->text);

		if (length > *n && length <= text.n && memcmp(w->text, text.p, length) == 0) {
			found = w;
			*n = length;
		}
	}
	return found;
}

static bool has_in(struct dnc_str word, const char *part)
{
	return memmem(word.p, word.n, part, strlen(part));
}

/* What WORD means, or the words that are joined in it: countrycode. */
static unsigned meaning(struct dnc_str word)
{
	struct dnc_str rest = word;
	unsigned means = 0;
	size_t n;

	while (rest.n) {
		const struct word *known = known_start(rest, &n);

		if (!known)
			break;
		means |= known->means;
		rest = (struct dnc_str){rest.p + n, rest.n - n};
	}
	if (!rest.n)
		return means;
	return W_UNKNOWN | (has_in(word, "countr") ? W_COUNTRY : 0) |
	       (has_in(word, "vorwahl") ? W_AREA_CODE : 0);
}

static unsigned meaning_of_digits(struct dnc_str digits)
{
	return dnc_words_have("1 2 3 3166", digits) ? W_ISO_DIGITS : W_DIGITS;
}

/* True if a new word starts at S.p[I], of letters: fromCountry, ISOCode. */
static bool is_hump(struct dnc_str s, size_t i)
{
	return isupper((unsigned char)s.p[i]) &&
	       (islower((unsigned char)s.p[i - 1]) ||
		       (i + 1 < s.n && islower((unsigned char)s.p[i + 1])));
}

static bool is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* What all words of a name mean. */
struct meaning {
	unsigned means;
	unsigned number; /* of the telephone: 2 for phone_2, 0 if it says none */
};

/* Letters or digits from *AT on, in lower case; the letters of one word. */
static struct dnc_str next_word(struct dnc_str name, size_t *at, char text[WORD_MAX_BYTES + 1])
{
	struct dnc_str word = {text, 0};
	size_t i = *at;

	if (isdigit((unsigned char)name.p[i])) {
		while (i < name.n && isdigit((unsigned char)name.p[i]))
			i++;
		word = (struct dnc_str){name.p + *at, i - *at};
	} else {
		for (; i < name.n && is_letter(name.p[i]) && (i == *at || !is_hump(name, i)); i++)
			if (word.n <= WORD_MAX_BYTES)
				text[word.n++] = (char)tolower((unsigned char)name.p[i]);
	}
	*at = i;
	return word;
}

static struct meaning read_name(struct dnc_str name)
{
	char plain[NAME_MAX_BYTES], text[WORD_MAX_BYTES + 1];
	struct meaning m = {0};
	unsigned last = 0;
	size_t i = 0;

	name = dnc_plain(name, plain, sizeof plain);
	while (i < name.n) {
		struct dnc_str word;

		if (!isdigit((unsigned char)name.p[i]) && !is_letter(name.p[i])) {
			i++;
			continue;
		}
		word = next_word(name, &i, text);
		if (isdigit((unsigned char)word.p[0])) {
			m.means |= meaning_of_digits(word);
			if (word.n == 1 && last & (W_PHONE | W_NUMBER))
				m.number = (unsigned)(word.p[0] - '0');
			last = 0;
		} else {
			last = word.n > WORD_MAX_BYTES ? W_UNKNOWN : meaning(word);
			m.means |= last;
		}
	}
	if (!m.number && m.means & W_PHONE)
		m.number = 1;
	return m;
}

/* The kind of a name with a word for a country in German. */
static enum dnc_beside kind_of_land(unsigned w)
{
	if (w & W_LINE)
		return DNC_BESIDE_NOTHING;
	if (w & W_UNKNOWN)
		return DNC_BESIDE_PERHAPS_COUNTRY;
	return w & (W_AREA_CODE | W_DIAL | W_PREFIX) ? DNC_BESIDE_CALLING
	       : w & W_CODE && !(w & W_AREA)         ? DNC_BESIDE_COUNTRY
	       : w == W_LAND                         ? DNC_BESIDE_COUNTRY
	                                             : DNC_BESIDE_PERHAPS_COUNTRY;
}

static enum dnc_beside kind_of_country(unsigned w)
{
	if (w & W_ID)
		return DNC_BESIDE_COUNTRY_ID;
	if (w & W_LAND)
		return kind_of_land(w);
	if (w & W_UNKNOWN)
		return DNC_BESIDE_PERHAPS_COUNTRY;
	if (w & W_CC && !(w & (W_DIAL | W_CODE | W_PHONE)))
		return DNC_BESIDE_PERHAPS_COUNTRY; /* or a copy of a mail, or a kind of card */
	return w & (W_DIAL | W_PREFIX)      ? DNC_BESIDE_CALLING
	       : w & W_MOBILE && w & W_CODE ? DNC_BESIDE_NETWORK
	                                    : DNC_BESIDE_COUNTRY;
}

static enum dnc_beside kind_of_area(unsigned w)
{
	if (w & W_ID)
		return DNC_BESIDE_NOTHING;
	if (w & W_UNKNOWN)
		return DNC_BESIDE_PERHAPS_AREA;
	return w & (W_AREA_CODE | W_CODE | W_PREFIX | W_PHONE) ? DNC_BESIDE_AREA
	                                                       : DNC_BESIDE_PERHAPS_AREA;
}

/* The kind of a name whose words together mean W. */
static enum dnc_beside kind_of(unsigned w)
{
	bool pure = !(w & (W_UNKNOWN | W_ID)), code = w & (W_CODE | W_PREFIX);
	bool country = w & (W_COUNTRY | W_LAND);

	/* A region may be a state. */
	if (w & W_REGION)
		return !(w & W_ID) && (country || w & (W_PHONE | W_DIAL | W_PREFIX))
		               ? DNC_BESIDE_COUNTRY_REGION
		               : DNC_BESIDE_REGION;
	if (country || (w & W_CC && pure && !(w & W_NUMBER)))
		return kind_of_country(w);
	if (w & (W_AREA | W_AREA_CODE))
		return kind_of_area(w);
	if (w & W_DIAL)
		return pure && code ? DNC_BESIDE_CALLING : DNC_BESIDE_NOTHING;
	if (w & W_ISO)
		return !pure || w & W_DIGITS                   ? DNC_BESIDE_NOTHING
		       : w & (W_ISO_DIGITS | W_CODE | W_PHONE) ? DNC_BESIDE_COUNTRY
		                                               : DNC_BESIDE_PERHAPS_COUNTRY;
	if (w & W_PLACE)
		return pure && code ? DNC_BESIDE_PERHAPS_AREA : DNC_BESIDE_NOTHING;
	return pure && (w & W_PREFIX || (w & W_CODE && w & W_PHONE)) ? DNC_BESIDE_CODE
	                                                             : DNC_BESIDE_NOTHING;
}

bool dnc_beside_certain(enum dnc_beside kind)
{
	return kind == DNC_BESIDE_COUNTRY || kind == DNC_BESIDE_CALLING ||
	       kind == DNC_BESIDE_NETWORK || kind == DNC_BESIDE_AREA;
}

static enum dnc_beside perhaps(enum dnc_beside kind)
{
	return kind == DNC_BESIDE_AREA    ? DNC_BESIDE_PERHAPS_AREA
	       : dnc_beside_certain(kind) ? DNC_BESIDE_PERHAPS_COUNTRY
	                                  : kind;
}

/* The bits of dnc_beside_owner.lines. */
static const unsigned lines[] = {W_MOBILE, W_HOME, W_WORK, W_SECOND, W_LANDLINE};

static uint8_t lines_of(unsigned means)
{
	uint8_t bits = 0;

	for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
		bits |= (uint8_t)((means & lines[i] ? 1u : 0u) << i);
	return bits;
}

struct dnc_beside_owner dnc_beside_owner(struct dnc_str name, enum dnc_side side)
{
	struct meaning m = read_name(name);

	return (struct dnc_beside_owner){
		.side = (uint8_t)side, .lines = lines_of(m.means), .number = (uint8_t)m.number};
}

/* True if the name may be of another telephone of the same person: mobile_country_code beside home_phone. */
static bool is_of_other(
	const struct meaning *m, enum dnc_beside kind, struct dnc_beside_owner owner)
{
	uint8_t others = lines_of(m->means) & (uint8_t)~owner.lines;

	/* "Mobile country code" is the name of a thing of its own, which is not that of another telephone. */
	if (kind == DNC_BESIDE_NETWORK && !owner.lines)
		others &= (uint8_t)~lines_of(W_MOBILE);
	return others || (m->number && m->number != (owner.number ? owner.number : 1));
}

enum dnc_beside dnc_beside_of(struct dnc_str name, struct dnc_beside_owner owner)
{
	static const unsigned own[] = {[DNC_SIDE_CALLER] = W_CALLER, [DNC_SIDE_CALLED] = W_CALLED};
	const struct meaning m = read_name(name);
	enum dnc_beside kind = kind_of(m.means);
	unsigned sides = m.means & (W_CALLER | W_CALLED);

	if (kind && is_of_other(&m, kind, owner))
		kind = perhaps(kind);
	if (!kind || !sides || (owner.side && sides == own[owner.side]))
		return kind;
	return owner.side ? DNC_BESIDE_NOTHING /* of the other one */ : perhaps(kind);
}
