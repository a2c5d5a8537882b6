/* csv_contrary.c - columns that may say that a row is no suppression: action=D, opt_out=false. */
#include <ctype.h>
#include "base/words.h"
#include "priv/record.h"

/* Headers and values, without blanks and punctuation, in lower case. A row that has one of the values is not guessed to be a
 * release, and not taken for a suppression. */
static const struct {
	const char *headers, *values;
} contraries[] = {
	{"action change changetype operation op status dncstatus recordaction updatetype",
		"d del delete deleted rem remove removed removal release released drop dropped optin optedin "
		"resubscribe resubscribed unblock unblocked unsuppress"},
	{"optout optedout isoptout isoptedout donotcall donotcallflag dnc dncflag isdnc suppress suppressed "
	 "issuppressed blocked isblocked unsubscribed",
		"n no false f 0 off"},
	{"optin optedin isoptin isoptedin callable cancall oktocall", "y yes true t 1 on"}};

enum { WORD_MAX = 16 };

uint8_t csv_contrary_header(struct dnc_str header)
{
	char text[CSV_NAME_MAX];
	struct dnc_str name = csv_squeeze_header(header, text);

	for (size_t i = 0; name.n && i < sizeof contraries / sizeof contraries[0]; i++)
		if (dnc_words_have(contraries[i].headers, name))
			return (uint8_t)(i + 1);
	return 0;
}

static bool is_contrary(struct dnc_str value, const char *values)
{
	char word[WORD_MAX];
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (!isalnum((unsigned char)value.p[i]))
			continue;
		if (n == WORD_MAX)
			return false;
		word[n++] = (char)tolower((unsigned char)value.p[i]);
	}
	return n && dnc_words_have(values, (struct dnc_str){word, n});
}

bool csv_is_contrary(const struct csv_state *csv, size_t *at)
{
	for (*at = 0; *at < csv->columns; ++*at)
		if (csv->contrary[*at] &&
			is_contrary(field_at(csv, *at), contraries[csv->contrary[*at] - 1].values))
			return true;
	return false;
}
