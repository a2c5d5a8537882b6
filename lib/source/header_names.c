/* header_names.c - the headers that dialers, vendors and registries use, and the event field that each means. */
#include "priv/header_names.h"
#include <ctype.h>
#include <stdio.h>
#include "base/words.h"
#include "event/event.h"

/* Headers without blanks and punctuation, in lower case. */
static const struct {
	const char *field, *headers;
} synonyms[] = {
	{"phone_number",
		"number numero callerid calleridnumber clid cli dnis did tn btn wtn destination "
		"destinationnumber dest destnumber dst dialednumber dialled dialednumber dialeddigits "
		"callednumber callingnumber contactnumber subscribernumber e164 e164number telfono "
		"tlphone handynummer contactno dncnumber donotcall"},
	{"suppressed_at",
		"registeredat registrationdate dateregistered dateadded addeddate addedat addedon "
		"dateofregistration dncdate dncaddeddate dnclistdate optoutdate dateoptedout optedoutat "
		"optedouton optoutat optouttime suppressiondate datesuppressed suppressedon "
		"suppresseddate unsubscribedate unsubscribedat dateunsubscribed blockeddate blockedat "
		"requestdate dateofrequest dateofoptout dateofoptingout dateofsuppression dateofunsubscribe "
		"dateofdnc dncdateadded optoutdatetime optouttimestamp"},
	{"released_at",
		"removedat removedon dateremoved removaldate removeddate releasedate releasedon"},
	{"expires_at", "expires expireson expiry expirydate expirationdate dateexpires validuntil"},
	{"timestamp", "date datetime dateandtime createddate datecreated complaintdate"},
	{"suppressed_by", "addedby enteredby suppressedbyuser"},
	{"reason", "dncreason optoutreason suppressionreason reasoncode suppressreason blockreason "
		   "unsubscribereason reasonfordnc"},
	{"source", "dncsource suppressionsource"}, {"provider", "providername vendor vendorname"},
	{"type", "eventtype"}, {"violation_at", "violationdate"}, {"details", "subject"},
	{"robocall", "recordedmessageorrobocall"}};

/* A header means a phone number if all its words are in these two lists and at least one is in the
 * first; digits at the end of a word do not count: "Cell Phone", "Phone #", "tel_no",
 * "home_phone2", but not "Phone Type". */
static const char number_words[] =
	"phone phones telephone tel mobile cell cellphone phonenumber phonenum phoneno msisdn ani landline "
	"telephonenumber telno mobilenumber mobileno cellnumber mobilephone homephone workphone leadphone "
	"contactphone customerphone primaryphone telefon telefono telefone telefonnummer rufnummer celular";
static const char number_attributes[] =
	"number num no nr home work business office cell mobile alt alternate primary secondary other "
	"main day daytime evening contact customer consumer company caller calling called lead e164 "
	"subscriber dialed dialled opted out optout dnc";

static bool means_number(const char *folded)
{
	bool found = false;

	for (const char *p = folded; *p;) {
		size_t n = strcspn(p, "_");
		struct dnc_str word = {p, n};

		while (word.n && !dnc_words_have(number_attributes, word) &&
			isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (dnc_words_have(number_words, word))
			found = true;
		else if (word.n && !dnc_words_have(number_attributes, word))
			return false;
		p += n + (p[n] == '_');
	}
	return found;
}

void csv_fold_header(struct dnc_str header, char out[CSV_NAME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < header.n && n < CSV_NAME_MAX - 1; i++) {
		unsigned char c = (unsigned char)header.p[i];

		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}

bool csv_is_number_header(struct dnc_str header)
{
	char folded[CSV_NAME_MAX];

	csv_fold_header(header, folded);
	return means_number(folded);
}

/* Removes the "_", and digits at the end: "caller_id_1" is "callerid". */
static struct dnc_str squeeze(char folded[CSV_NAME_MAX])
{
	size_t n = 0;

	for (const char *p = folded; *p; p++)
		if (*p != '_')
			folded[n++] = *p;
	return (struct dnc_str){folded, n};
}

struct dnc_str csv_squeeze_header(struct dnc_str header, char text[CSV_NAME_MAX])
{
	csv_fold_header(header, text);
	return squeeze(text);
}

static bool find_synonym(char folded[CSV_NAME_MAX], char field[CSV_NAME_MAX])
{
	struct dnc_str header = squeeze(folded);

	for (size_t i = 0; header.n && i < sizeof synonyms / sizeof synonyms[0]; i++)
		if (dnc_words_have(synonyms[i].headers, header)) {
			snprintf(field, CSV_NAME_MAX, "%s", synonyms[i].field);
			return true;
		}
	return false;
}

/* These members of an event do not hold text. */
static bool is_reserved(struct dnc_str name)
{
	return dnc_words_have("seq event_data metadata", name);
}

bool csv_header_field(struct dnc_str header, bool certain, char field[CSV_NAME_MAX])
{
	char folded[CSV_NAME_MAX];

	csv_fold_header(header, folded);
	if (!certain)
		return find_synonym(folded, field);
	if (means_number(folded)) {
		strcpy(field, "phone_number");
		return true;
	}
	strcpy(field, folded);
	return *folded && !is_reserved(dnc_str(folded)) &&
	       dnc_event_has_field(DNC_TYPES, dnc_str(folded));
}

void csv_header_own_name(struct dnc_str header, size_t index, char name[CSV_NAME_MAX])
{
	char folded[CSV_NAME_MAX];

	csv_fold_header(header, folded);
	if (!*folded)
		snprintf(name, CSV_NAME_MAX, "column_%zu", index + 1);
	else if (is_reserved(dnc_str(folded)))
		snprintf(name, CSV_NAME_MAX, "column_%.40s", folded);
	else
		strcpy(name, folded);
}
