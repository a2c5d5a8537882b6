/* change.c - events that rules change, and events that they make. */
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/decide.h"
#include "priv/ids.h"

static int write_assignments(const struct rule_assignments *list, const struct rule *rule,
	const struct dnc_event *event, struct dnc_buf *b)
{
	struct dnc_buf text = {0};
	int rc = 0;

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		dnc_buf_clear(&text);
		rc = rule_text_write(&list->v[i].text, event, rule->name, &text);
		dnc_json_write_key(b, dnc_str(list->v[i].key));
		dnc_json_write_str(b, dnc_buf_view(&text));
	}
	dnc_buf_free(&text);
	return rc;
}

static bool is_assigned(const struct rule_assignments *list, struct dnc_str key)
{
	for (size_t i = 0; i < list->n; i++)
		if (dnc_str_eq(dnc_str(list->v[i].key), key))
			return true;
	return false;
}

/* The metadata of EVENT with what RULE sets. */
static int write_metadata(const struct rule *rule, const struct dnc_event *event,
	const struct dnc_json *doc, struct dnc_buf *b)
{
	uint32_t at = dnc_event_metadata_node(doc);
	const struct dnc_json_node *node = doc->node;

	dnc_buf_chr(b, '{');
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		if (is_assigned(&rule->metadata, node[i].key))
			continue;
		dnc_json_write_key(b, node[i].key);
		dnc_json_write_node(b, doc, i);
	}
	if (write_assignments(&rule->metadata, rule, event, b) < 0)
		return -1;
	dnc_buf_chr(b, '}');
	return 0;
}

/* EVENT as a record that has what RULE sets. */
static int write_changed(const struct rule *rule, const struct dnc_event *event, struct dnc_buf *b)
{
	const struct dnc_json *doc = dnc_event_doc(event);
	const struct dnc_json_node *node;

	if (!doc)
		return -1;
	node = doc->node;
	dnc_buf_chr(b, '{');
	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		dnc_json_write_key(b, node[i].key);
		if (rule->severity && dnc_str_eq(node[i].key, DNC_STR("severity")))
			dnc_json_write_str(b, rule->severity->name);
		else if (rule->metadata.n && i == dnc_event_metadata_node(doc)) {
			if (write_metadata(rule, event, doc, b) < 0)
				return -1;
		} else
			dnc_json_write_node(b, doc, i);
	}
	dnc_buf_chr(b, '}');
	return dnc_buf_ok(b) && dnc_buf_reserve(b, DNC_JSON_PADDING) ? 0 : -1;
}

/* A reject names the rule that made it. */
static int blame(const struct rule *rule, const struct dnc_error *why, struct dnc_error *err)
{
	if (why->code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(err);
	return dnc_error_set(err, why->code, "rule %s: %.160s", rule->name, why->message);
}

int rules_change(struct dnc_rules *r, const struct rule *rule, const struct dnc_event *event,
	struct rule_changed *into, struct dnc_event *out, struct dnc_error *err)
{
	struct dnc_error why;
	struct dnc_event changed;

	/* EVENT may be in INTO, which is overwritten only when all of it was read. */
	dnc_buf_clear(&r->edit);
	if (write_changed(rule, event, &r->edit) < 0)
		return dnc_error_nomem(err);
	dnc_buf_clear(&into->text);
	dnc_buf_str(&into->text, dnc_buf_view(&r->edit));
	if (!dnc_buf_ok(&into->text) || !dnc_buf_reserve(&into->text, DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	if (dnc_event_normalize(into->reader, into->text.p, into->text.n, &changed, &why) < 0)
		return blame(rule, &why, err);
	*out = changed;
	return 0;
}

/* KEY with the text T, or with ELSE; neither: no key. */
static int write_part(struct dnc_buf *b, const char *key, const struct rule_text *t,
	struct dnc_str otherwise, const struct rule *rule, const struct dnc_event *event)
{
	struct dnc_buf text = {0};
	int rc = t->copy ? rule_text_write(t, event, rule->name, &text) : 0;
	struct dnc_str value = t->copy ? dnc_buf_view(&text) : otherwise;

	if (value.n) {
		dnc_json_write_key(b, dnc_str(key));
		dnc_json_write_str(b, value);
	}
	dnc_buf_free(&text);
	return rc;
}

/* The record of the event that RULE makes of EVENT. */
static int write_made(const struct rule *rule, const struct dnc_event *event, struct dnc_buf *b)
{
	const struct rule_emission *e = &rule->emission;
	char uuid[DNC_UUID_LEN];

	/* The same each time that the rule sees the event: a repeat makes no second one. */
	rules_make_id((const struct dnc_str[]){DNC_STR("dnc-rule"), event->id, dnc_str(rule->name)},
		3, uuid);
	dnc_buf_chr(b, '{');
	dnc_json_write_key(b, DNC_STR("id"));
	dnc_json_write_str(b, (struct dnc_str){uuid, sizeof uuid});
	dnc_json_write_key(b, DNC_STR("type"));
	dnc_json_write_str(b, dnc_type_names[e->type]);
	if (write_part(b, "phone_number", &e->phone_number, event->phone_number, rule, event) < 0 ||
		write_part(b, "provider", &e->provider, event->provider, rule, event) < 0)
		return -1;
	if (e->severity) {
		dnc_json_write_key(b, DNC_STR("severity"));
		dnc_json_write_str(b, e->severity->name);
	}
	dnc_json_write_key(b, DNC_STR("timestamp"));
	dnc_json_write_str(b, event->timestamp);
	dnc_json_write_key(b, DNC_STR("event_data"));
	dnc_buf_chr(b, '{');
	if (write_assignments(&e->event_data, rule, event, b) < 0)
		return -1;
	dnc_buf_chr(b, '}');
	dnc_json_write_key(b, DNC_STR("metadata"));
	dnc_buf_chr(b, '{');
	/* When the source came in: a repeat makes the same bytes. */
	dnc_json_write_key(b, DNC_STR("ingested_at"));
	dnc_json_write_str(b, event->ingested_at);
	dnc_json_write_key(b, DNC_STR("rule"));
	dnc_json_write_str(b, dnc_str(rule->name));
	dnc_json_write_key(b, DNC_STR("source_event"));
	dnc_json_write_str(b, event->id);
	if (write_assignments(&e->metadata, rule, event, b) < 0)
		return -1;
	dnc_buf_lit(b, "}}");
	return dnc_buf_ok(b) && dnc_buf_reserve(b, DNC_JSON_PADDING) ? 0 : -1;
}

void rules_forget_made(struct dnc_rules *r)
{
	for (size_t i = 0; i < r->unmade_count; i++)
		free((char *)(uintptr_t)r->unmade[i].record.p);
	r->unmade_count = r->made_count = 0;
	dnc_buf_clear(&r->made_text);
}

/* The record in `edit`, as it was before it was read, is no event. */
static int keep_unmade(struct dnc_rules *r, const struct rule *rule, const struct dnc_error *why,
	struct dnc_error *err)
{
	struct dnc_unmade *u;
	char *copy;

	if (why->code == DNC_ERROR_NO_MEMORY ||
		!dnc_array_grow(&r->unmade, &r->unmade_room, r->unmade_count + 1) ||
		!(copy = strndup(r->edit.p, r->edit.n)))
		return dnc_error_nomem(err);
	u = &r->unmade[r->unmade_count++];
	u->record = (struct dnc_str){copy, r->edit.n};
	dnc_error_set(&u->why, why->code, "rule %s can't make a %s: %.120s", rule->name,
		dnc_type_names[rule->emission.type].p, why->message);
	return 0;
}

int rules_make(struct dnc_rules *r, const struct rule *rule, const struct dnc_event *event,
	struct dnc_error *err)
{
	struct dnc_event made;
	struct dnc_error why;

	dnc_buf_clear(&r->edit);
	if (write_made(rule, event, &r->edit) < 0)
		return dnc_error_nomem(err);
	if (dnc_event_normalize(r->made_reader, r->edit.p, r->edit.n, &made, &why) < 0)
		return keep_unmade(r, rule, &why, err);
	if (!dnc_array_grow(&r->made_at, &r->made_at_room, r->made_count + 1) ||
		!dnc_array_grow(&r->made, &r->made_room, r->made_count + 1))
		return dnc_error_nomem(err);
	r->made_at[r->made_count] = r->made_text.n;
	r->made[r->made_count++].n = made.line.n;
	dnc_buf_str(&r->made_text, made.line);
	return dnc_buf_ok(&r->made_text) ? 1 : dnc_error_nomem(err);
}
