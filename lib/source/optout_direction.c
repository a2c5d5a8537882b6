/* optout_direction.c - who sent a message: the consumer, or the business, as in copies and reports of what it sent. */
#include <ctype.h>
#include "base/words.h"
#include "priv/optout.h"

enum { WORD_MAX = 20 };

/* Names of members in lower case, letters and digits only, and their values that mean a message from the consumer. A word
 * may go on after a "-": "outbound-api". */
static const struct {
	const char *names, *inbound;
} strict[] = {{"direction messagedirection smsdirection msgdirection",
		      "inbound incoming in mo mobileoriginated received"},
	{"messagestatus smsstatus", "received receiving"}};

/* Members that say what kind of message or report this is, and words in them that mean a message to the consumer. Only a
 * value of one word, as systems write it, is certain. */
static const char kinds[] =
	"type eventtype event eventname messagetype status notificationtype webhooktype";
static const char outbound_words[] =
	"outbound outgoing sent send sending delivered delivrd delivery delivering undelivered dlr queued scheduled "
	"finalized failed submitted dispatched autoreply echo";

/* Members that may say so, or something else: a state of the postal address. */
static const char weak_kinds[] = "state topic kind action subtype";

/* Members that say so by true or false. */
static const char true_names[] =
	"outbound isoutbound outgoing isoutgoing fromme isfromme echo isecho autoreply isautoreply",
		  false_names[] = "inbound isinbound incoming isincoming";

/* Takes the next word off TEXT, in lower case: letters and digits up to another character, or a capital that starts
 * a word, as in "messageSent" and "SMSSent". Empty if it is too long. */
static struct dnc_str next_word(struct dnc_str *text, char out[WORD_MAX])
{
	size_t n = 0;

	while (text->n && !isalnum((unsigned char)*text->p))
		*text = (struct dnc_str){text->p + 1, text->n - 1};
	while (text->n && isalnum((unsigned char)*text->p)) {
		unsigned char c = (unsigned char)*text->p;

		if (n && isupper(c) &&
			(islower((unsigned char)text->p[-1]) ||
				(text->n > 1 && islower((unsigned char)text->p[1]))))
			break;
		if (n < WORD_MAX)
			out[n] = (char)tolower(c);
		n++;
		*text = (struct dnc_str){text->p + 1, text->n - 1};
	}
	return (struct dnc_str){out, n <= WORD_MAX ? n : 0};
}

static bool has_outbound_word(struct dnc_str text)
{
	char word[WORD_MAX];

	if (dnc_str_caseeq(text, DNC_STR("out")))
		return true; /* as a whole: "opt-out" is another matter */
	while (text.n) {
		struct dnc_str next = next_word(&text, word);

		if (next.n && dnc_words_have(outbound_words, next))
			return true;
	}
	return false;
}

static bool is_inbound(struct dnc_str text, const char *words)
{
	char word[WORD_MAX];
	size_t n = 0;

	for (; n < text.n && text.p[n] != '-'; n++) {
		if (n == sizeof word)
			return false;
		word[n] = (char)tolower((unsigned char)text.p[n]);
	}
	return n && dnc_words_have(words, (struct dnc_str){word, n});
}

static bool starts_with(struct dnc_str text, const char *words)
{
	char word[WORD_MAX];
	struct dnc_str first = next_word(&text, word);

	return first.n && dnc_words_have(words, first);
}

/* Of a member that says what kind of message or report this is. */
static enum optout_direction of_kind(struct dnc_str name, struct dnc_str value)
{
	if (dnc_words_have("type messagetype", name) && dnc_str_caseeq(value, DNC_STR("mt")))
		return OPTOUT_REPORT;
	if (!has_outbound_word(value))
		return OPTOUT_SAYS_NOTHING;
	return dnc_words_have(kinds, name) && !memchr(value.p, ' ', value.n)
	               ? OPTOUT_REPORT
	               : OPTOUT_PERHAPS_OUTBOUND;
}

enum optout_direction optout_direction(struct dnc_str name, struct dnc_str value)
{
	value = dnc_str_trim(value);
	for (size_t i = 0; value.n && i < sizeof strict / sizeof strict[0]; i++)
		if (dnc_words_have(strict[i].names, name))
			return !is_inbound(value, strict[i].inbound) ? OPTOUT_OUTBOUND
			       : i == 0                              ? OPTOUT_INBOUND
			                                             : OPTOUT_SAYS_NOTHING;
	if ((dnc_words_have(true_names, name) && starts_with(value, "true yes 1")) ||
		(dnc_words_have(false_names, name) && starts_with(value, "false no 0")))
		return OPTOUT_OUTBOUND;
	if (dnc_words_have(kinds, name) || dnc_words_have(weak_kinds, name))
		return of_kind(name, value);
	return OPTOUT_SAYS_NOTHING;
}
