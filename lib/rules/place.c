#include "priv/place.h"
#include <errno.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/words.h"

static const char keys[] =
	"id type phone_number provider provider_id severity timestamp summary rule";

/* What follows PREFIX in PATH; p is NULL if it does not start so. */
static struct dnc_str below(struct dnc_str path, struct dnc_str prefix)
{
	if (!dnc_str_starts(path, prefix) || path.n == prefix.n)
		return (struct dnc_str){0};
	return (struct dnc_str){path.p + prefix.n, path.n - prefix.n};
}

bool rule_field_known(struct dnc_str field)
{
	return below(field, DNC_STR("metadata.")).p || below(field, DNC_STR("event_data.")).p ||
	       dnc_words_have(keys, field);
}

static int add_piece(struct rule_text *t, bool place, struct dnc_str text, struct dnc_error *err)
{
	if (!text.n && !place)
		return 0;
	if (!dnc_array_grow(&t->piece, &t->room, t->count + 1))
		return dnc_error_nomem(err);
	t->piece[t->count++] = (struct rule_piece){place, text};
	return 0;
}

static int fail_at(const struct rule_text *t, const char *p, const char *why, struct dnc_error *err)
{
	dnc_error_set(err, EINVAL, "%s", why);
	err->offset = (size_t)(p - t->copy);
	return -1;
}

/* The place at P, a "{". Returns what follows it; NULL with ERR. */
static const char *read_place(
	struct rule_text *t, const char *p, bool expected, struct dnc_error *err)
{
	const char *end = strchr(p, '}');
	struct dnc_str field = {p + 1, end ? (size_t)(end - p) - 1 : 0};
	struct dnc_str near;

	if (!end) {
		fail_at(t, p, "\"{\" has no \"}\"; write \"{{\" for the character", err);
		return NULL;
	}
	if (!rule_field_known(field) && !(expected && dnc_str_eq(field, DNC_STR("last_seen")))) {
		near = dnc_words_nearest(keys, field);
		if (near.p)
			dnc_error_set(err, EINVAL, "unknown field \"%.*s\"; did you mean \"%.*s\"?",
				field.n > 60 ? 60 : (int)field.n, field.p, DNC_STR_ARG(near));
		else
			dnc_error_set(err, EINVAL, "unknown field \"%.*s\": use " RULE_FIELDS,
				field.n > 60 ? 60 : (int)field.n, field.p);
		err->offset = (size_t)(p + 1 - t->copy);
		return NULL;
	}
	return add_piece(t, true, field, err) < 0 ? NULL : end + 1;
}

int rule_text_read(struct rule_text *t, struct dnc_str text, bool expected, struct dnc_error *err)
{
	const char *p, *from;

	*t = (struct rule_text){.copy = malloc(text.n + 1)};
	if (!t->copy)
		return dnc_error_nomem(err);
	memcpy(t->copy, text.p, text.n);
	t->copy[text.n] = '\0';
	for (p = from = t->copy; *p;) {
		if (*p != '{') {
			p++;
			continue;
		}
		/* The second of two braces is text. */
		if (p[1] == '{') {
			if (add_piece(t, false, (struct dnc_str){from, (size_t)(p - from)}, err) <
				0)
				return -1;
			from = p + 1;
			p += 2;
			continue;
		}
		if (add_piece(t, false, (struct dnc_str){from, (size_t)(p - from)}, err) < 0)
			return -1;
		p = from = read_place(t, p, expected, err);
		if (!p)
			return -1;
	}
	return add_piece(t, false, (struct dnc_str){from, (size_t)(p - from)}, err);
}

void rule_text_finish(struct rule_text *t)
{
	free(t->copy);
	free(t->piece);
	*t = (struct rule_text){0};
}

static struct dnc_str top_field(const struct dnc_event *e, struct dnc_str field)
{
	const struct {
		struct dnc_str name, value;
	} fields[] = {
		{DNC_STR("id"), e->id},
		{DNC_STR("type"), dnc_type_names[e->type]},
		{DNC_STR("phone_number"), e->phone_number},
		{DNC_STR("provider"), e->provider},
		{DNC_STR("provider_id"), e->provider_id},
		{DNC_STR("severity"), e->severity->name},
		{DNC_STR("timestamp"), e->timestamp},
		{DNC_STR("summary"), e->summary},
	};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (dnc_str_eq(fields[i].name, field))
			return fields[i].value;
	return (struct dnc_str){0};
}

int rule_field(const struct dnc_event *event, struct dnc_str field, struct dnc_buf *scratch,
	struct dnc_str *out)
{
	struct dnc_str name = below(field, DNC_STR("metadata."));
	bool metadata = name.p != NULL;
	const struct dnc_json *doc;
	uint32_t at;

	*out = (struct dnc_str){"", 0};
	if (!metadata && !(name = below(field, DNC_STR("event_data."))).p) {
		struct dnc_str value = top_field(event, field);

		if (value.p)
			*out = value;
		return 0;
	}
	doc = dnc_event_doc(event);
	if (!doc)
		return -1;
	at = dnc_json_get(
		doc, metadata ? dnc_event_metadata_node(doc) : dnc_event_data_node(doc), name);
	if (!at || doc->node[at].type == DNC_JSON_NULL)
		return 0;
	*out = doc->node[at].text;
	if (doc->node[at].type < DNC_JSON_ARRAY)
		return 0;
	dnc_buf_clear(scratch);
	dnc_json_write_node(scratch, doc, at);
	*out = dnc_buf_view(scratch);
	return dnc_buf_ok(scratch) ? 0 : -1;
}

int rule_text_write(const struct rule_text *t, const struct dnc_event *event, const char *name,
	struct dnc_buf *out)
{
	struct dnc_buf scratch = {0};
	int rc = 0;

	for (size_t i = 0; i < t->count && rc == 0; i++) {
		struct dnc_str text = t->piece[i].text;

		if (t->piece[i].place && dnc_str_eq(text, DNC_STR("rule")))
			text = dnc_str(name);
		else if (t->piece[i].place)
			rc = rule_field(event, text, &scratch, &text);
		dnc_buf_str(out, text);
	}
	dnc_buf_free(&scratch);
	return rc == 0 && dnc_buf_ok(out) ? 0 : -1;
}
