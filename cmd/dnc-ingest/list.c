/* list.c - what list a set holds, as text. */
#include "list.h"
#include <string.h>
#include "json/json.h"
#include "json/member.h"

/* Members of struct list that are text. */
static const struct {
	const char *key;
	size_t offset;
	bool required;
} members[] = {
	{"format", offsetof(struct list, format), true},
	{"provider", offsetof(struct list, provider), false},
	{"provider_id", offsetof(struct list, provider_id), false},
	{"source", offsetof(struct list, source), false},
	{"reason", offsetof(struct list, reason), true},
	{"release_reason", offsetof(struct list, release_reason), true},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

static const char **member_of(const struct list *list, size_t i)
{
	return (const char **)((uintptr_t)list + members[i].offset);
}

void list_write(struct dnc_buf *b, const struct list *list)
{
	dnc_buf_chr(b, '{');
	for (size_t i = 0; i < MEMBERS; i++)
		if (*member_of(list, i))
			dnc_json_member_text(b, members[i].key, *member_of(list, i));
	dnc_json_member_bool(b, "first", list->first);
	dnc_buf_chr(b, '}');
}

/* Values are shorter than the text, so that all fit. */
static int take(const struct dnc_json *doc, struct list_text *out)
{
	char *to = out->text;

	for (size_t i = 0; i < MEMBERS; i++) {
		uint32_t at = dnc_json_get(doc, 0, dnc_str(members[i].key));

		*member_of(&out->list, i) = NULL;
		if (at && doc->node[at].type == DNC_JSON_STRING) {
			memcpy(to, doc->node[at].text.p, doc->node[at].text.n);
			to[doc->node[at].text.n] = '\0';
			*member_of(&out->list, i) = to;
			to += doc->node[at].text.n + 1;
		} else if (members[i].required) {
			return -1;
		}
	}
	out->list.first =
		dnc_str_eq(doc->node[dnc_json_get(doc, 0, DNC_STR("first"))].raw, DNC_STR("true"));
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool list_same(const struct list *a, const struct list *b)
{
	return same(a->provider, b->provider) && same(a->provider_id, b->provider_id) &&
	       same(a->source, b->source);
}

int list_read(const char *path, struct dnc_str text, struct list_text *out, struct dnc_error *err)
{
	char padded[DNC_SET_TEXT_MAX + DNC_JSON_PADDING] = {0};
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_json doc;
	int rc = -1;

	if (!parser)
		return dnc_error_nomem(err);
	if (text.n)
		memcpy(padded, text.p, text.n);
	if (dnc_json_parse(parser, padded, text.n, &doc, err) < 0 ||
		doc.node[0].type != DNC_JSON_OBJECT || take(&doc, out) < 0)
		dnc_error_set(err, DNC_SET_DAMAGED,
			"%s does not say what list it is: it is damaged, or of another program; restore it, or start again with --baseline",
			path);
	else
		rc = 0;
	dnc_json_parser_free(parser);
	return rc;
}
