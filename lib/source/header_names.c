/* header_names.c - the headers that dialers, vendors and registries use, and the event field that each means. */
#include "priv/header_names.h"
#include <ctype.h>
#include <stdio.h>
#include "base/plain.h"
#include "base/words.h"
#include "event/event.h"

/* Headers without blanks and punctuation, in lower case. */
static const struct {
	const char *field, *headers;
} synonyms[] = {
	{"phone_number",
		"number numero ani aninumber callerani callerid calleridnumber clid cli dnis dnisnumber did tn btn wtn "
		"destination "
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
	"phone phones telephone tel mobile cell cellphone phonenumber phonenum phoneno msisdn landline handy "
	"telephonenumber telno mobilenumber mobileno cellnumber mobilephone homephone workphone leadphone "
	"contactphone customerphone primaryphone telefon telefono telefone telefonnummer rufnummer celular "
	/* Danish, Dutch, Finnish, French, German, Italian, Norwegian, Polish, Portuguese, Spanish, Swedish, Turkish. */
	"mobil mobiltelefon mobilnummer mobilnr mobilfunk mobilfunknummer mobiltelefonnummer festnetz festnetznummer "
	"festnetznr telefonnr telnr handynr tlf telefoon telefoonnummer mobiel mobielnummer puhelin puhelinnumero "
	"matkapuhelin gsm cellulare telefonino movil telemovel telefonszam komorka komorkowy ceptelefonu";
/* What a column of one of several numbers is called. */
static const char line_words[] =
	"number numero nummer numer num no nr n home work business office cell mobile alt alternate primary secondary "
	"other main day daytime evening private night weekend residence residential portable "
	"fixe fixo fijo fisso fest festanschluss domicile domicilio maison casa hogar bureau buro buero oficina "
	"ufficio escritorio trabajo trabalho lavoro travail privat privatnummer prive privado privada privato "
	"particulier particular arbeit geschaftlich geschaeftlich gewerblich dienstlich beruflich firma abend abends tagsuber "
	"tagsueber zuhause thuis werk vast hemma arbete hjem arbejde arbeid koti tyo dom domowy sluzbowy "
	"stacjonarny principal principale secundario secondaire secondario alternativo alternativa altro autre "
	"otro outro weitere zweite zweitnummer noche noite soir sera";
/* Words beside these that say whose it is, or what it is for. */
static const char party_words[] =
	"contact customer consumer company caller calling called lead subscriber dialed dialled opted out optout dnc "
	"de du del di da do la le el of";

static bool is_attribute(struct dnc_str word)
{
	return dnc_words_have(line_words, word) || dnc_words_have(party_words, word) ||
	       dnc_str_eq(word, DNC_STR("e164"));
}

static bool means_number(const char *folded)
{
	bool found = false;

	for (const char *p = folded; *p;) {
		size_t n = strcspn(p, "_");
		struct dnc_str word = {p, n};

		while (word.n && !is_attribute(word) && isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (dnc_words_have(number_words, word))
			found = true;
		else if (word.n && !is_attribute(word))
			return false;
		p += n + (p[n] == '_');
	}
	return found;
}

/* Converts to lower case, with one "_" in place of other characters between letters and digits. */
static void fold(struct dnc_str header, char out[CSV_NAME_MAX])
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

/* The same with letters that have accents as those without: "M\u00f3vil" is "movil", and "Tel\u00e9fono" is "telefono". */
static void fold_plain(struct dnc_str header, char out[CSV_NAME_MAX])
{
	char text[CSV_NAME_MAX];

	fold(dnc_plain(header, text, sizeof text), out);
}

/* Removes the "_": "caller_id" is "callerid". */
static struct dnc_str squeeze(char folded[CSV_NAME_MAX])
{
	size_t n = 0;

	for (const char *p = folded; *p; p++)
		if (*p != '_')
			folded[n++] = *p;
	return (struct dnc_str){folded, n};
}

/* Nothing else has these names, though another column may hold the number that counts. */
static const char line_names[] = "ani dnis callerid clid";

int csv_number_header(struct dnc_str header)
{
	char folded[CSV_NAME_MAX];

	fold_plain(header, folded);
	if (means_number(folded))
		return 2;
	return dnc_words_have(line_names, squeeze(folded));
}

struct dnc_str csv_squeeze_header(struct dnc_str header, char text[CSV_NAME_MAX])
{
	fold(header, text);
	return squeeze(text);
}

/* Words of headers of the line that calls, and of the line that is called. With others of a number they tell the side, so that
 * "Caller ID" does and "Caller Name" does not. */
static const char *const side_words[] = {
	[CSV_CALLER] =
		"ani caller calling callerid calleridnumber callernumber callerphone callingnumber clid cli "
		"from fromnumber src srcnumber originating origin originator origination sender",
	[CSV_CALLED] =
		"dnis did called callednumber calledphone calledid dialed dialled dialednumber dialeddigits "
		"dst dest destination destinationnumber destnumber to tonumber terminating "
		"termination recipient receiver callee"};
static const char side_companions[] = "id call party digits line address addr msisdn";

enum csv_side csv_header_side(struct dnc_str header)
{
	enum csv_side side = CSV_NO_SIDE;
	char folded[CSV_NAME_MAX];

	fold(header, folded);
	for (const char *p = folded; *p;) {
		struct dnc_str word = {p, strcspn(p, "_")};

		p += word.n + (p[word.n] == '_');
		while (word.n && isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (dnc_words_have(side_words[CSV_CALLER], word))
			side = CSV_CALLER;
		else if (dnc_words_have(side_words[CSV_CALLED], word))
			side = CSV_CALLED;
		else if (word.n && !is_attribute(word) && !dnc_words_have(number_words, word) &&
			 !dnc_words_have(side_companions, word))
			return CSV_NO_SIDE;
	}
	return side;
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

/* True if all words are those of one number of several: "home", "number_2", "alternate_number"; not "customer_number", which
 * may be as long as a phone number. */
static bool means_attribute(const char *folded)
{
	for (const char *p = folded; *p;) {
		struct dnc_str word = {p, strcspn(p, "_")};

		p += word.n + (p[word.n] == '_');
		while (word.n && isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (word.n && !dnc_words_have(line_words, word) &&
			!dnc_str_eq(word, DNC_STR("e164")))
			return false;
	}
	return *folded;
}

bool csv_header_may_be_number(struct dnc_str header)
{
	char folded[CSV_NAME_MAX], field[CSV_NAME_MAX];

	if (csv_header_side(header))
		return false;
	fold_plain(header, folded);
	return means_attribute(folded) ||
	       (find_synonym(folded, field) && strcmp(field, "phone_number") == 0);
}

/* Words of headers whose fields are no number of the consumer that is called. */
static const char never_words[] =
	"fax telefax agent agents rep representative operator employee staff csr dialer";
/* Of those whose fields may be digits that look like a telephone number. */
static const char plain_words[] =
	"id ids uid uuid guid key keys ref reference account acct konto kontonummer order invoice ticket case policy contract loan "
	"membership kundennummer kundennr npi ssn ein vat tax zip plz postal postcode postalcode zipcode code batch file record row "
	"seq sequence serial barcode ean card iban date time datetime timestamp ts epoch at on created updated modified added since "
	"until count amount balance score lat lon latitude longitude mrn sku upc isbn imei imsi iccid encounter visit chart claim "
	"transaction txn tracking shipment parcel package campaign list segment group queue session interaction conversation "
	"matter docket incident request quote quotation booking reservation confirmation receipt payment check cheque statement "
	"license licence permit vehicle vin device asset item product job project lot auftrag rechnung vertrag vorgang fall "
	"pedido factura contrato commande facture contrat dossier";
/* The same, if no word of a telephone is in the header: who has numbers of their own. */
static const char owner_words[] =
	"number nummer member customer client kunde kunden cliente subscriber user patient claimant debtor creditor lead prospect "
	"store dealer merchant vendor supplier employer site location branch";

bool csv_header_excludes_number(struct dnc_str header, bool plain)
{
	char folded[CSV_NAME_MAX];
	bool owner = false, number = false;

	if (csv_header_side(header))
		return true;
	fold_plain(header, folded);
	for (const char *p = folded; *p;) {
		struct dnc_str word = {p, strcspn(p, "_")};

		p += word.n + (p[word.n] == '_');
		while (word.n && isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (dnc_words_have(plain ? plain_words : never_words, word))
			return true;
		owner |= dnc_words_have(owner_words, word);
		number |= dnc_words_have(number_words, word);
		if (plain && word.n > 2 && memcmp(word.p + word.n - 2, "id", 2) == 0)
			return true;
	}
	return plain && owner && !number;
}

/* These members of an event do not hold text. */
static bool is_reserved(struct dnc_str name)
{
	return dnc_words_have("seq event_data metadata", name);
}

bool csv_header_field(struct dnc_str header, bool certain, char field[CSV_NAME_MAX])
{
	char folded[CSV_NAME_MAX];

	fold(header, folded);
	if (!certain && find_synonym(folded, field))
		return true;
	fold_plain(header, folded);
	if (!certain)
		return find_synonym(folded, field);
	if (means_number(folded)) {
		strcpy(field, "phone_number");
		return true;
	}
	fold(header, folded);
	strcpy(field, folded);
	return *folded && !is_reserved(dnc_str(folded)) &&
	       dnc_event_has_field(DNC_TYPES, dnc_str(folded));
}

void csv_header_own_name(struct dnc_str header, size_t index, char name[CSV_NAME_MAX])
{
	char folded[CSV_NAME_MAX];

	fold(header, folded);
	if (!*folded)
		snprintf(name, CSV_NAME_MAX, "column_%zu", index + 1);
	else if (is_reserved(dnc_str(folded)))
		snprintf(name, CSV_NAME_MAX, "column_%.40s", folded);
	else
		strcpy(name, folded);
}
