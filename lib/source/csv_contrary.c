/* csv_contrary.c - columns that may say that a row is no suppression: action=D, opt_out=false. */
#include <ctype.h>
#include <math.h>
#include "base/words.h"
#include "priv/record.h"

/* Words for yes and no, and those for a row that is gone; several languages write the first. */
#define YES_WORDS "y yes true t ja oui si sim 1"
#define NO_WORDS  "n no false f nein non nee nej 0 off"
#define GONE_WORDS                                                                                             \
	"d del delete deleted rem remove removed removal release released drop dropped optin optedin "         \
	"resubscribe resubscribed unblock unblocked unsuppress unsuppressed allow allowed start rescind "      \
	"rescinded subscribe subscribed reinstate reinstated restore restored whitelist whitelisted callable " \
	"inactive expired"
/* Of a number that is on no list; "not on DNC" starts like "not on". */
#define UNLISTED_WORDS                                                                               \
	" clear cleared clean noton notin notlisted notfound notregistered notsuppressed notblocked" \
	" notblacklisted notunsubscribed notopted notdnc nota notactive"

/* Columns, and what their values mean. Headers and words have no blanks and punctuation, and are in lower case; a word may be
 * two that are written apart (opt-in). A row with a CONTRARY word is not guessed to be a release, and not taken for a
 * suppression; it may be one or not with an UNCLEAR one. FITTING words say nothing against it, as every value does that has
 * none of the words, unless DECIDES. A value that has both is not clear. */
static const struct kind {
	const char *headers, *contrary, *fitting, *unclear;
	const char *first; /* contrary as the first word of the value only */
	const char *
		topics; /* contrary words that what follows may turn round ("Consent: none"): they decide nothing if they are first */
	bool anywhere; /* each word counts ("D - delete", "marked as deleted"); else only the first one ("No (web form)") */
	bool decides; /* a value without any of these words is not clear; a date is contrary, and so is a first contrary word */
} kinds[] = {
	{.headers = "action change changetype operation op status recordaction updatetype listaction rowaction "
		    "recordtype recordstatus rowstatus changeflag adddelete addordelete",
		.contrary = GONE_WORDS " notactive",
		.unclear = "nolonger",
		.anywhere = true},
	{.headers = "dncstatus optoutstatus donotcallstatus suppressionstatus",
		.contrary = NO_WORDS " " GONE_WORDS UNLISTED_WORDS,
		.fitting = "nocall nocalls nocontact nophone",
		.unclear = "unknown undetermined unverified maybe pending",
		.anywhere = true},
	{.headers = "optout optedout isoptout isoptedout hasoptedout optoutflag donotcall donotcallflag donotcontact "
		    "nocall nocalls dnc dncflag isdnc ondnc isondnc ondnclist isondnclist dnclisted isdnclisted "
		    "suppress suppressed issuppressed suppressedflag blocked isblocked unsubscribed isunsubscribed "
		    "blacklisted blocklisted isblacklisted isblocklisted consentrevoked consentwithdrawn "
		    "isconsentrevoked permissionrevoked",
		.contrary = NO_WORDS UNLISTED_WORDS,
		.fitting = "nocall nocalls nocontact nophone",
		.unclear = "unknown undetermined unverified maybe pending never"},
	{.headers = "active isactive enabled isenabled listed islisted",
		.contrary = NO_WORDS
		" inactive disabled expired ended removed deleted unlisted notactive notlisted",
		.unclear = "unknown undetermined maybe pending"},
	{.headers = "optin optedin isoptin isoptedin optinstatus callable iscallable cancall maycall oktocall oktophone "
		    "allowcall allowcalls allowcalling callsallowed callallowed contactable subscribed issubscribed "
		    "subscriptionstatus consent consented hasconsent consentgiven consentstatus permission "
		    "permissiontocall callpermission",
		.contrary = YES_WORDS
		" on ok okay given granted active optin optedin subscribed subscribe consent consented "
		"confirmed allowed allow permitted express expressed explicit implied written verbal oral "
		"obtained accepted agreed approved callable",
		.fitting = NO_WORDS
		" null none na nil nan not never without revoked withdrawn denied declined refused "
		"rejected unsubscribed optout optedout stop dnc expired inactive invalid missing absent "
		"unknown pending noconsent donotcontact donotcall consentrevoked consentwithdrawn "
		"consentdenied consentrefused consentexpired",
		.topics =
			"optin subscribe consent express expressed explicit implied written verbal oral",
		.anywhere = true,
		.decides = true},
	{.headers = "deleted isdeleted softdeleted deletedat deletedon deleteddate deletedate datedeleted deletiondate "
		    "deletiontime deletedtime dateofdeletion removed isremoved removedat removedon dateremoved "
		    "removaldate removeddate dateofremoval released isreleased releasedat releasedon releasedate "
		    "releaseddate datereleased dateofrelease rescinded rescindedat rescindedon unblocked unblockedat "
		    "unblockedon unsuppressedat resubscribedat reinstatedat tombstone",
		.contrary = YES_WORDS
		" deleted delete removed released rescinded unblocked unsuppressed "
		"resubscribed reinstated gone",
		.fitting = NO_WORDS
		" null none na nil nan nat not never active current live open existing undeleted",
		.first = "x on by",
		.anywhere = true,
		.decides = true}};

enum { WORD_MAX = 16 };

uint8_t csv_contrary_header(struct dnc_str header)
{
	char text[CSV_NAME_MAX];
	struct dnc_str name = csv_squeeze_header(header, text);

	for (size_t i = 0; name.n && i < sizeof kinds / sizeof kinds[0]; i++)
		if (dnc_words_have(kinds[i].headers, name))
			return (uint8_t)(i + 1);
	return 0;
}

/* Letters and digits, in lower case. */
struct word {
	char text[WORD_MAX];
	size_t n; /* more than WORD_MAX: it is longer */
};

static void add(struct word *w, char c)
{
	if (w->n < WORD_MAX)
		w->text[w->n] = (char)tolower((unsigned char)c);
	w->n += w->n <= WORD_MAX;
}

static bool is_listed(const char *words, const struct word *w)
{
	return words && w->n && w->n <= WORD_MAX &&
	       dnc_words_have(words, (struct dnc_str){w->text, w->n});
}

/* Cuts the first word off VALUE; false if there is none. *PARTED is set if a comma or the like stands before it. */
static bool cut_word(struct dnc_str *value, struct word *w, bool *parted)
{
	w->n = 0;
	*parted = false;
	while (value->n && !(w->n && !isalnum((unsigned char)value->p[0]))) {
		if (isalnum((unsigned char)value->p[0]))
			add(w, value->p[0]);
		else
			*parted |= memchr(",;:.", value->p[0], 4) != NULL;
		value->p++, value->n--;
	}
	return w->n > 0;
}

/* What the words of a value say. */
struct said {
	bool contrary, fitting, unclear;
	bool begins; /* the first word is contrary, and no topic */
};

static void hear(struct said *said, const struct kind *k, const struct word *w, bool first)
{
	said->fitting |= is_listed(k->fitting, w);
	said->unclear |= is_listed(k->unclear, w);
	if (!is_listed(k->contrary, w) && !(first && is_listed(k->first, w)))
		return;
	said->contrary = true;
	said->begins |= first && !is_listed(k->topics, w);
}

static bool is_heard(const struct kind *k, const struct word *w)
{
	return is_listed(k->fitting, w) || is_listed(k->contrary, w) || is_listed(k->unclear, w);
}

/* Two words count as one if the list has this. Letters and digits alone mean something only at the start; and a word after
 * "not" does not ("not callable", "not yet deleted"), unless both are one of the list. */
static struct said listen(const struct kind *k, struct dnc_str value)
{
	static const char negations[] = "not no longer never non isnt cannot",
			  fillers[] = "yet been be being a an the";
	struct said said = {0};
	struct word word, next;
	bool negated = false, more, parted, first = true;

	for (more = cut_word(&value, &word, &parted); more && (first || k->anywhere);
		first = false) {
		struct word pair = word;
		bool by_comma;

		more = cut_word(&value, &next, &by_comma);
		for (size_t i = 0; more && i < next.n && i < WORD_MAX; i++)
			add(&pair, next.text[i]);
		negated &= !parted;
		if (more && is_heard(k, &pair)) {
			hear(&said, k, &pair, first);
			word = next;
			more = cut_word(&value, &next, &by_comma);
		} else if (first || (word.n > 1 && !negated)) {
			hear(&said, k, &word, first);
		}
		negated = is_listed(negations, &word) || (negated && is_listed(fillers, &word));
		word = next;
		parted = by_comma;
	}
	return said;
}

/* All of VALUE as one word. */
static struct word squeeze(struct dnc_str value)
{
	struct word whole = {.n = 0};

	for (size_t i = 0; i < value.n; i++)
		if (isalnum((unsigned char)value.p[i]))
			add(&whole, value.p[i]);
	return whole;
}

/* VALUE up to its first digit, and from its first letter. */
static struct dnc_str before_digits(struct dnc_str value)
{
	size_t n = 0;

	while (n < value.n && !isdigit((unsigned char)value.p[n]))
		n++;
	return (struct dnc_str){value.p, n};
}

static struct dnc_str from_letters(struct dnc_str value)
{
	while (value.n && !isalpha((unsigned char)value.p[0]))
		value.p++, value.n--;
	return value;
}

/* What a value says that must be a word or a date that is known: a first contrary word or a date decides, unless a fitting
 * word is before the date; and words that contradict each other are not clear. */
static enum csv_meaning decide(const struct kind *k, struct dnc_str value)
{
	double number;
	struct said said = {0};

	switch (csv_moment(value, &number)) {
	case MOMENT_NEVER:
		said = listen(k, from_letters(value));
		return said.contrary ? MEANS_UNCLEAR : MEANS_NOTHING;
	case MOMENT_PAST:
		said = listen(k, before_digits(value));
		said.contrary |= !said.fitting;
		break;
	case MOMENT_NONE:
		if (!isnan(number))
			return number == 1 ? MEANS_CONTRARY : MEANS_UNCLEAR;
		said = listen(k, value);
		break;
	}
	if (said.begins || (said.contrary && !said.fitting))
		return MEANS_CONTRARY;
	return said.fitting && !said.contrary ? MEANS_NOTHING : MEANS_UNCLEAR;
}

enum csv_meaning csv_column_means(uint8_t header, struct dnc_str value)
{
	const struct kind *k;
	struct word whole = squeeze(value);
	struct said said = {0};

	if (!header || !whole.n)
		return MEANS_NOTHING;
	k = &kinds[header - 1];
	hear(&said, k, &whole, true);
	if (said.fitting || is_listed("na", &whole))
		return MEANS_NOTHING;
	if (said.contrary)
		return MEANS_CONTRARY;
	if (k->decides)
		return decide(k, value);
	said = listen(k, value);
	if (said.contrary && !said.fitting)
		return MEANS_CONTRARY;
	return said.contrary || said.unclear ? MEANS_UNCLEAR : MEANS_NOTHING;
}

/* What the field of column I means: a column has few values. */
static enum csv_meaning field_means(struct csv_state *csv, size_t i)
{
	const struct dnc_str value = field_at(csv, i);
	const uint8_t kind = csv->contrary[i];
	size_t at;

	if (!value.n)
		return MEANS_NOTHING;
	if (value.n > CSV_MEANT_MAX)
		return csv_column_means(kind, value);
	at = (value.n * 5 + (unsigned char)value.p[0] + (unsigned char)value.p[value.n - 1] * 3 +
		     kind * 11) %
	     CSV_MEANT;
	if (csv->meant[at].kind != kind || csv->meant[at].n != value.n ||
		memcmp(csv->meant[at].text, value.p, value.n) != 0) {
		csv->meant[at].kind = kind;
		csv->meant[at].n = (uint8_t)value.n;
		memcpy(csv->meant[at].text, value.p, value.n);
		csv->meant[at].meaning = (uint8_t)csv_column_means(kind, value);
	}
	return csv->meant[at].meaning;
}

enum csv_meaning csv_row_means(struct csv_state *csv, size_t *at)
{
	enum csv_meaning all = MEANS_NOTHING;

	for (size_t i = 0; i < csv->columns && all != MEANS_CONTRARY; i++) {
		enum csv_meaning one = csv->contrary[i] ? field_means(csv, i) : MEANS_NOTHING;

		if (one > all) {
			all = one;
			*at = i;
		}
	}
	return all;
}
