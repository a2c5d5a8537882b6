#include "answer.h"
#include <string.h>

/* The value of a member that is a whole number and not negative. */
static bool read_count(
	const struct dnc_json *doc, uint32_t object, struct dnc_str key, uint64_t *out)
{
	uint32_t at = dnc_json_get(doc, object, key);
	int64_t value;

	if (!at || !dnc_json_int(&doc->node[at], &value) || value < 0)
		return false;
	*out = (uint64_t)value;
	return true;
}

/* A member that is a string; missing if there is none. */
static struct dnc_str read_text(const struct dnc_json *doc, uint32_t object, struct dnc_str key)
{
	uint32_t at = dnc_json_get(doc, object, key);

	if (!at || doc->node[at].type != DNC_JSON_STRING)
		return (struct dnc_str){0};
	return doc->node[at].text;
}

/* Copies TEXT, cut at a character's start, with a final NUL. */
static void copy_text(char out[ANSWER_TEXT_BYTES], struct dnc_str text)
{
	size_t n = text.n < ANSWER_TEXT_BYTES ? text.n : ANSWER_TEXT_BYTES - 1;

	while (n && n < text.n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
		n--;
	memcpy(out, text.n ? text.p : "", n);
	out[n] = '\0';
	/* What would end the text is no part of it. */
	for (char *nul = memchr(out, '\0', n); nul;
		nul = memchr(nul, '\0', (size_t)(out + n - nul)))
		*nul = '?';
}

static enum dnc_reject code_named(struct dnc_str name)
{
	for (int code = DNC_REJECT_NONE + 1; code < DNC_REJECTS; code++)
		if (dnc_str_eq(name, dnc_str(dnc_reject_name((enum dnc_reject)code))))
			return (enum dnc_reject)code;
	return DNC_REJECTS;
}

/* One element of "rejected". */
static bool read_reject(
	const struct dnc_json *doc, uint32_t at, size_t sent, struct answer_reject *reject)
{
	struct dnc_str code, message;
	uint64_t index;

	if (doc->node[at].type != DNC_JSON_OBJECT ||
		!read_count(doc, at, DNC_STR("index"), &index) || index >= sent)
		return false;
	code = read_text(doc, at, DNC_STR("code"));
	message = read_text(doc, at, DNC_STR("message"));
	reject->index = (size_t)index;
	reject->code = code_named(code);
	copy_text(reject->message, message.n ? message : code);
	return code.n > 0;
}

static bool read_rejects(const struct dnc_json *doc, uint32_t list, size_t sent, struct answer *a)
{
	bool seen[ANSWER_REJECTS_MAX] = {false};

	if (doc->node[list].type != DNC_JSON_ARRAY || doc->node[list].count > sent)
		return false;
	for (uint32_t i = list + 1; i < doc->node[list].next; i = doc->node[i].next) {
		struct answer_reject *reject = &a->rejects[a->reject_count++];

		if (!read_reject(doc, i, sent, reject) || seen[reject->index])
			return false;
		seen[reject->index] = true;
	}
	return true;
}

bool answer_read(struct dnc_json_parser *parser, struct dnc_str text, size_t sent, struct answer *a)
{
	struct dnc_json doc;
	struct dnc_error err;
	uint64_t rejected;
	uint32_t list;

	a->reject_count = 0;
	if (sent > ANSWER_REJECTS_MAX || dnc_json_parse(parser, text.p, text.n, &doc, &err) < 0 ||
		doc.node[0].type != DNC_JSON_OBJECT)
		return false;
	list = dnc_json_get(&doc, 0, DNC_STR("rejected"));
	return list && read_rejects(&doc, list, sent, a) &&
	       read_count(&doc, 0, DNC_STR("accepted"), &a->accepted) &&
	       read_count(&doc, 0, DNC_STR("duplicates"), &a->duplicates) &&
	       read_count(&doc, 0, DNC_STR("rejected_count"), &rejected) &&
	       rejected == a->reject_count && a->accepted <= sent && a->duplicates <= sent &&
	       a->accepted + a->duplicates + rejected == sent;
}

/* JSON and markup are for programs. */
static struct dnc_str first_line(struct dnc_str text)
{
	const char *end = memchr(text.p, '\n', text.n);

	if (end)
		text.n = (size_t)(end - text.p);
	text = dnc_str_trim(text);
	return !text.n || strchr("{[<\"", text.p[0]) ? (struct dnc_str){0} : text;
}

void answer_detail(struct dnc_json_parser *parser, struct dnc_str text, char out[ANSWER_TEXT_BYTES])
{
	struct dnc_json doc;
	struct dnc_error err;
	bool json = dnc_json_parse(parser, text.p, text.n, &doc, &err) == 0 &&
	            doc.node[0].type == DNC_JSON_OBJECT;

	copy_text(out, json ? read_text(&doc, 0, DNC_STR("detail")) : first_line(text));
}
