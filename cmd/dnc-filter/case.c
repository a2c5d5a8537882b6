#include "case.h"
#include "base/escape.h"
#include "base/words.h"
#include "cli/cli.h"

static const struct {
	struct dnc_str name;
	enum dnc_json_type type;
	bool needed; /* of an event */
} keys[KEYS] = {
	[KEY_NAME] = {DNC_STR("name"), DNC_JSON_STRING, false},
	[KEY_EVENT] = {DNC_STR("event"), DNC_JSON_OBJECT, true},
	[KEY_VERDICT] = {DNC_STR("verdict"), DNC_JSON_STRING, true},
	[KEY_RULE] = {DNC_STR("rule"), DNC_JSON_STRING, false},
	[KEY_FIELDS] = {DNC_STR("fields"), DNC_JSON_OBJECT, false},
	[KEY_MADE] = {DNC_STR("made"), DNC_JSON_ARRAY, false},
	[KEY_ROUTES] = {DNC_STR("routes"), DNC_JSON_ARRAY, false},
	[KEY_AT] = {DNC_STR("at"), DNC_JSON_STRING, false},
};

void case_refuse(const char *path, unsigned line, const char *why, struct dnc_str what)
{
	char text[120];

	dnc_escape_into(text, sizeof text, what, DNC_ESCAPE_TEXT);
	dnc_cli_die(DNC_EXIT_USAGE, "%s:%u: %s%s", path, line, why, text);
}

void case_read(const char *path, unsigned line, const struct dnc_json *doc, uint32_t at[KEYS])
{
	static const char known[] = "name event verdict rule fields made routes at";
	struct dnc_buf why = {0};
	uint32_t at_time;

	if (doc->node[0].type != DNC_JSON_OBJECT)
		case_refuse(path, line, "a case must be a JSON object", DNC_STR(""));
	for (uint32_t i = 1; i < doc->node[0].next; i = doc->node[i].next)
		if (!dnc_words_check(known, doc->node[i].key, &why))
			case_refuse(path, line, "unknown key: ", dnc_buf_view(&why));
	at_time = dnc_json_get(doc, 0, keys[KEY_AT].name);
	for (int k = 0; k < KEYS; k++) {
		at[k] = dnc_json_get(doc, 0, keys[k].name);
		if (!at[k] && keys[k].needed && !at_time)
			case_refuse(path, line, "a case must have ", keys[k].name);
		if (at[k] && at_time && k != KEY_AT && k != KEY_NAME && k != KEY_MADE)
			case_refuse(path, line, "a case with \"at\" has no ", keys[k].name);
		if (at[k] && doc->node[at[k]].type != keys[k].type)
			case_refuse(path, line, "wrong type of ", keys[k].name);
	}
	for (int k = KEY_FIELDS; !at_time && k < KEYS; k++)
		if (at[k] && k != KEY_MADE &&
			dnc_str_eq(doc->node[at[KEY_VERDICT]].text, DNC_STR("reject")))
			case_refuse(
				path, line, "a case with the verdict reject has no ", keys[k].name);
	if (!at_time && !dnc_words_have("pass drop route reject", doc->node[at[KEY_VERDICT]].text))
		case_refuse(path, line, "verdict must be pass, drop, route or reject, not ",
			doc->node[at[KEY_VERDICT]].text);
}
