/* optout_message.c - the keywords of consumers, and the names that providers give to the parts of a message. */
#include <ctype.h>
#include <string.h>
#include "base/words.h"
#include "priv/optout.h"

/* The FCC's words to revoke consent (47 CFR 64.1200(a)(10)), those of the CTIA's messaging principles, and those that
 * providers act on by default. */
static const struct {
	const char *words;
	enum optout_action action;
} keywords[] = {{"STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE ARRET", OPTOUT_STOP},
	{"START YES UNSTOP OPTIN", OPTOUT_START}, {"HELP INFO AIDE", OPTOUT_HELP}};

enum { KEYWORD_MAX = 16, MAX_DEPTH = 4, NAME_MAX_BYTES = 32 };

static enum optout_action find_keyword(struct dnc_str word)
{
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (word.n && dnc_words_have(keywords[i].words, word))
			return keywords[i].action;
	return OPTOUT_NONE;
}

/* The bytes of the white space or punctuation mark at the start of S; 0: it is part of a word. Of Unicode: the no-break
 * space, and the block of General Punctuation, with the quotes and dashes that telephones write. */
static size_t separator(struct dnc_str s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c < 0x80)
		return !isalnum(c);
	if (dnc_str_starts(s, DNC_STR("\xC2\xA0")))
		return 2;
	return s.n >= 3 && (dnc_str_starts(s, DNC_STR("\xE2\x80")) ||
				   (dnc_str_starts(s, DNC_STR("\xE2\x81")) &&
					   (unsigned char)s.p[2] <= 0xAF))
	               ? 3
	               : 0;
}

/* Adds a word to another; false if the result is too long for a keyword. */
static bool join(char *to, size_t *n, struct dnc_str word)
{
	if (*n + word.n > KEYWORD_MAX)
		return false;
	for (size_t i = 0; i < word.n; i++)
		to[(*n)++] = (char)toupper((unsigned char)word.p[i]);
	return true;
}

/* True if TEXT is one word of ASCII letters, or "opt in", with white space and punctuation marks around it alone. */
static bool is_plain(struct dnc_str text)
{
	size_t n = 0, mark;

	for (size_t i = 0; i < text.n; i++)
		if (iscntrl((unsigned char)text.p[i]) &&
			!strchr("\t\r\n", text.p[i] ? text.p[i] : ' '))
			return false;
	while (text.n && (mark = separator(text)))
		text = (struct dnc_str){text.p + mark, text.n - mark};
	while (n < text.n && isalpha((unsigned char)text.p[n]))
		n++;
	if (n == 3 && n < text.n && (text.p[n] == '-' || text.p[n] == ' ') &&
		dnc_str_caseeq((struct dnc_str){text.p, n}, DNC_STR("opt")))
		for (n++; n < text.n && isalpha((unsigned char)text.p[n]);)
			n++;
	while (n < text.n && (mark = separator((struct dnc_str){text.p + n, text.n - n})))
		n += mark;
	return n == text.n;
}

/* All words are keywords of one action, as "STOP! STOP!", or together they are one, as "opt-out". */
static enum optout_action action_of_words(struct dnc_str text)
{
	char all[KEYWORD_MAX], one[KEYWORD_MAX];
	size_t all_n = 0, words = 0;
	bool joined = true, same = true;
	enum optout_action action = OPTOUT_NONE;

	while (text.n && same | joined) {
		size_t n = 0, mark = separator(text), one_n = 0;
		struct dnc_str word = {text.p, 0};
		enum optout_action found;

		if (mark) {
			text.p += mark;
			text.n -= mark;
			continue;
		}
		for (; n < text.n && !separator((struct dnc_str){text.p + n, text.n - n}); n++)
			word.n++;
		text.p += n;
		text.n -= n;
		joined = joined && join(all, &all_n, word);
		found = join(one, &one_n, word) ? find_keyword((struct dnc_str){one, one_n})
		                                : OPTOUT_NONE;
		same = same && found && (!words++ || found == action);
		action = found;
	}
	if (same && words)
		return action;
	return joined ? find_keyword((struct dnc_str){all, all_n}) : OPTOUT_NONE;
}

enum optout_action optout_action(struct dnc_str text)
{
	enum optout_action action = action_of_words(text);

	return action == OPTOUT_START && !is_plain(text) ? OPTOUT_NONE : action;
}

/* Names in lower case, letters and digits only; the first one that is found counts. */
static const char *const part_names[OPTOUT_PARTS] = {
	[PART_SENDER] = ("from msisdn sender originator fromnumber sendernumber originationnumber "
			 "phonenumber phone mobile mobilenumber"),
	[PART_RECEIVER] = "to tonumber recipient destination destinationnumber receiver shortcode",
	[PART_TYPE] = "optouttype",
	[PART_BODY] =
		("body text messagebody messagetext content message msg smstext smsbody messagecontent "
		 "textcontent rawtext rawbody originaltext originalbody originalmessage comment"),
	[PART_KEYWORD] = "keyword",
	[PART_ID] = "messagesid smsmessagesid smssid messageid messageuuid inboundmessageid id",
	[PART_TIME] =
		"timestamp receivedat receivedtimestamp messagetimestamp receivedon occurredat createdat time",
	[PART_SCOPE] = "scope",
	[PART_CHANNEL] = "channel",
};

/* Objects that messages are wrapped in. */
static const char wrappers[] = "data payload message attributes event record sms";

/* Folds NAME into OUT; empty if it is too long to be known. */
static struct dnc_str fold(struct dnc_str name, char out[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c >= 0x80 || n == NAME_MAX_BYTES)
			return (struct dnc_str){out, 0};
		if (isalnum(c))
			out[n++] = (char)tolower(c);
	}
	return (struct dnc_str){out, n};
}

/* The text or number of a value: itself, or of a PARTY what an object names its number, or the only element of an array.
 * 0 if there is none. */
static uint32_t scalar_of(const struct dnc_json *doc, uint32_t at, bool party)
{
	static const struct dnc_str keys[] = {DNC_STR("phone_number"), DNC_STR("phoneNumber"),
		DNC_STR("number"), DNC_STR("endpoint")};
	const struct dnc_json_node *node = &doc->node[at];

	if (party && node->type == DNC_JSON_ARRAY && node->count == 1)
		node = &doc->node[++at];
	if (party && node->type == DNC_JSON_OBJECT)
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
			uint32_t inner = dnc_json_get(doc, at, keys[i]);

			if (inner) {
				at = inner;
				break;
			}
		}
	node = &doc->node[at];
	return (node->type == DNC_JSON_STRING || node->type == DNC_JSON_NUMBER) &&
	                       dnc_str_trim(node->text).n
	               ? at
	               : 0;
}

/* The place of NAME in a list of words, from 1; 0: it is not there. */
static unsigned place_in(const char *words, struct dnc_str name)
{
	unsigned place = 1;

	for (const char *p = words; *p; place++) {
		size_t n = strcspn(p, " ");

		if (dnc_str_eq((struct dnc_str){p, n}, name))
			return place;
		p += n + (p[n] == ' ');
	}
	return 0;
}

static void note_sender(struct optout_message *m, uint32_t at, struct dnc_str name)
{
	uint32_t kept = m->part[PART_SENDER];

	if (kept && !dnc_str_eq(dnc_str_trim(m->doc->node[kept].text),
			    dnc_str_trim(m->doc->node[at].text)))
		m->other_sender = at;
	if (!kept) {
		m->part[PART_SENDER] = at;
		m->international = dnc_str_eq(name, DNC_STR("msisdn"));
	}
}

/* Two texts of one name must ask for the same, and so must two that ask for something at all. */
static void compare_texts(
	struct optout_message *m, enum optout_part part, uint32_t at, bool same_name)
{
	enum optout_action a = optout_action(optout_text(m, part)),
			   b = optout_action(dnc_str_trim(m->doc->node[at].text));

	if (a != b && (same_name || (a != OPTOUT_NONE && b != OPTOUT_NONE)))
		m->other_text = at;
}

static bool is_text(int part)
{
	return part == PART_TYPE || part == PART_BODY || part == PART_KEYWORD;
}

/* Notes what forbids a release: a text, under whatever name and in whatever form, that does not ask for one, and a value of
 * any member that asks to stop. */
static void note_text(struct optout_message *m, uint32_t at, struct dnc_str name, bool read_inside)
{
	const struct dnc_json_node *node = &m->doc->node[at];
	bool text = false;
	enum optout_action action = OPTOUT_NONE;

	for (int p = 0; p < OPTOUT_PARTS; p++)
		text |= is_text(p) && place_in(part_names[p], name);
	if (node->type == DNC_JSON_OBJECT || node->type == DNC_JSON_ARRAY) {
		if (text && node->count && !read_inside)
			m->no_start = at;
		return;
	}
	if (node->type == DNC_JSON_NULL || !dnc_str_trim(node->text).n)
		return;
	action = optout_action(dnc_str_trim(node->text));
	if (action == OPTOUT_STOP || (text && action != OPTOUT_START))
		m->no_start = at;
	m->stops |= text && action == OPTOUT_STOP;
}

static void note_direction(struct optout_message *m, uint32_t at, struct dnc_str name)
{
	switch (optout_direction(name, m->doc->node[at].text)) {
	case OPTOUT_INBOUND:
		m->inbound = true;
		break;
	case OPTOUT_PERHAPS_OUTBOUND:
		m->perhaps_outbound = at;
		break;
	case OPTOUT_REPORT:
		m->report = at;
		break;
	case OPTOUT_OUTBOUND:
		m->outbound = at;
		break;
	case OPTOUT_SAYS_NOTHING:
		break;
	}
}

/* A member with the folded NAME. Of several members that may be one part, that whose name is first in the list counts. */
static void read_member(
	struct optout_message *m, uint32_t at, struct dnc_str name, unsigned place[OPTOUT_PARTS])
{
	for (int p = 0; p < OPTOUT_PARTS; p++) {
		unsigned found = place_in(part_names[p], name);
		uint32_t value = found ? scalar_of(m->doc, at, p <= PART_RECEIVER) : 0;

		if (!value)
			continue;
		if (m->part[p] && is_text(p))
			compare_texts(m, p, value, found == place[p]);
		if (p == PART_SENDER) {
			note_sender(m, value, name);
		} else if (!m->part[p] || found <= place[p]) {
			m->part[p] = value;
			place[p] = found;
		}
	}
}

static void read_object(
	struct optout_message *m, uint32_t object, unsigned place[OPTOUT_PARTS], int depth)
{
	const struct dnc_json_node *node = m->doc->node;

	for (uint32_t i = object + 1; i < node[object].next; i = node[i].next) {
		char text[NAME_MAX_BYTES];
		struct dnc_str name = fold(node[i].key, text);
		bool inside = node[i].type == DNC_JSON_OBJECT && depth < MAX_DEPTH && name.n &&
		              dnc_words_have(wrappers, name);

		note_text(m, i, name, inside);
		if (!name.n)
			continue;
		if (node[i].type != DNC_JSON_OBJECT && node[i].type != DNC_JSON_ARRAY)
			note_direction(m, i, name);
		read_member(m, i, name, place);
		if (inside)
			read_object(m, i, place, depth + 1);
	}
}

static bool contains(struct dnc_str name, const char *words)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");

		if (memmem(name.p, name.n, p, n))
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static bool ends(struct dnc_str name, const char *words)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");

		if (name.n >= n && memcmp(name.p + name.n - n, p, n) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

/* True for the names of members in which somebody's words may stand. */
static bool is_speech(struct dnc_str name)
{
	static const char parts
		[] = "text body message msg content subject caption transcript reply response note "
		     "comment remark feedback reason",
	   not_speech[] =
		   "id sid uuid type kind class status state code time timestamp date at count "
		   "direction encoding format url uri language version service";

	return contains(name, parts) && !ends(name, not_speech);
}

static bool has_letter(struct dnc_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (isalpha((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

/* Notes what forbids a release, however deep in the message: words of somebody that are no request to start, and a direction
 * that is not the consumer's. A value in an array has the name of the array. */
static void look_for_speech(struct optout_message *m, uint32_t at, struct dnc_str name)
{
	const struct dnc_json_node *node = m->doc->node;
	char text[NAME_MAX_BYTES];
	struct dnc_str value;
	enum optout_action action;

	if (node[at].type == DNC_JSON_OBJECT || node[at].type == DNC_JSON_ARRAY) {
		for (uint32_t i = at + 1; i < node[at].next; i = node[i].next)
			look_for_speech(m, i,
				node[at].type == DNC_JSON_OBJECT ? fold(node[i].key, text) : name);
		return;
	}
	if (node[at].type != DNC_JSON_STRING)
		return;
	value = dnc_str_trim(node[at].text);
	action = optout_action(value);
	if (action == OPTOUT_STOP ||
		(action != OPTOUT_START && is_speech(name) && has_letter(value)))
		m->no_start = at;
	if (optout_direction(name, value) == OPTOUT_OUTBOUND)
		m->perhaps_outbound = at;
}

void optout_read(struct optout_message *m, const struct dnc_json *doc)
{
	unsigned place[OPTOUT_PARTS] = {0};

	*m = (struct optout_message){.doc = doc};
	read_object(m, 0, place, 0);
	look_for_speech(m, 0, (struct dnc_str){"", 0});
}

struct dnc_str optout_text(const struct optout_message *m, enum optout_part part)
{
	return m->part[part] ? dnc_str_trim(m->doc->node[m->part[part]].text) : (struct dnc_str){0};
}
