#include "priv/fields.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/words.h"

static const struct {
	struct dnc_str name;
	enum show_place place;
	size_t slot;
} known[] = {
	{DNC_STR("seq"), SHOW_SEQ, 0},
	{DNC_STR("id"), SHOW_OF_EVENT, offsetof(struct dnc_event, id)},
	{DNC_STR("type"), SHOW_TYPE, 0},
	{DNC_STR("phone_number"), SHOW_OF_EVENT, offsetof(struct dnc_event, phone_number)},
	{DNC_STR("provider"), SHOW_OF_EVENT, offsetof(struct dnc_event, provider)},
	{DNC_STR("provider_id"), SHOW_OF_EVENT, offsetof(struct dnc_event, provider_id)},
	{DNC_STR("severity"), SHOW_OF_EVENT, offsetof(struct dnc_event, severity_text)},
	{DNC_STR("timestamp"), SHOW_OF_EVENT, offsetof(struct dnc_event, timestamp)},
	{DNC_STR("summary"), SHOW_OF_EVENT, offsetof(struct dnc_event, summary)},
	{DNC_STR("ingested_at"), SHOW_OF_EVENT, offsetof(struct dnc_event, ingested_at)},
	{DNC_STR("time"), SHOW_TIME, 0},
	{DNC_STR("event_data"), SHOW_DATA, 0},
	{DNC_STR("metadata"), SHOW_METADATA, 0},
};

enum { KNOWN = sizeof known / sizeof known[0] };

static bool is_derived(struct dnc_str name)
{
	for (int type = 0; type < DNC_TYPES; type++)
		if (dnc_event_derives(type, name))
			return true;
	return dnc_str_eq(name, DNC_STR("source_format"));
}

/* Sets *NEAREST to the known field that is spelled most like NAME; it points into ALL, which is the caller's. */
static int find_nearest(struct dnc_str name, struct dnc_buf *all, struct dnc_str *nearest)
{
	struct dnc_nearest search = dnc_nearest_start(name);
	char *word, *rest;

	for (size_t i = 0; i < KNOWN; i++)
		dnc_nearest_try(&search, known[i].name);
	dnc_event_field_names(DNC_TYPES, all);
	dnc_buf_chr(all, '\0');
	if (!dnc_buf_ok(all))
		return -1;
	for (word = strtok_r(all->p, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		dnc_nearest_try(&search, dnc_str(word));
	*nearest = search.best;
	return 0;
}

static int refuse(struct dnc_str name, struct dnc_error *err)
{
	struct dnc_buf all = {0};
	struct dnc_str nearest, shown = {name.p, name.n < 60 ? name.n : 60};

	if (find_nearest(name, &all, &nearest) < 0)
		dnc_error_nomem(err);
	else if (nearest.p)
		dnc_error_set(err, EINVAL, "no event has a field \"%.*s\"; did you mean \"%.*s\"?",
			DNC_STR_ARG(shown), DNC_STR_ARG(nearest));
	else
		dnc_error_set(err, EINVAL,
			"no event has a field \"%.*s\" (see dnc-events(7)); write event_data. or "
			"metadata. before a name that is not listed there",
			DNC_STR_ARG(shown));
	dnc_buf_free(&all);
	return -1;
}

static bool starts(struct dnc_str *name, struct dnc_str object)
{
	if (name->n <= object.n + 1 || !dnc_str_starts(*name, object) || name->p[object.n] != '.')
		return false;
	name->p += object.n + 1;
	name->n -= object.n + 1;
	return true;
}

static struct dnc_str first_part(struct dnc_str path)
{
	const char *dot = memchr(path.p, '.', path.n);

	return (struct dnc_str){path.p, dot ? (size_t)(dot - path.p) : path.n};
}

int show_field_read(struct show_field *f, struct dnc_str name, struct dnc_error *err)
{
	struct dnc_str rest = name;

	*f = (struct show_field){.name = name};
	for (size_t i = 0; i < KNOWN; i++) {
		if (!dnc_str_eq(name, known[i].name))
			continue;
		f->place = known[i].place;
		f->slot = known[i].slot;
		return 0;
	}
	if (starts(&rest, DNC_STR("event_data"))) {
		f->place = SHOW_DATA;
		if (!dnc_event_has_field(DNC_TYPES, first_part(rest)))
			dnc_warn("no type of event is known to have %.*s; it may be misspelled",
				DNC_STR_ARG(name));
	} else if (starts(&rest, DNC_STR("metadata"))) {
		f->place = SHOW_METADATA;
	} else if (name.n && (dnc_event_has_field(DNC_TYPES, first_part(name)) ||
				     is_derived(first_part(name)))) {
		f->place = SHOW_ANYWHERE;
	} else {
		return refuse(name, err);
	}
	f->path = rest;
	return 0;
}

int show_fields_read(struct show_fields *f, const char *names, struct dnc_error *err)
{
	char *name, *rest;

	f->names = strdup(names);
	if (!f->names)
		return dnc_error_nomem(err);
	for (rest = f->names; (name = strsep(&rest, ","));) {
		if (f->count == SHOW_FIELDS_MAX)
			return dnc_error_set(
				err, EINVAL, "more than %d fields", (int)SHOW_FIELDS_MAX);
		if (show_field_read(&f->field[f->count], dnc_str_trim(dnc_str(name)), err) < 0)
			return -1;
		for (size_t i = 0; i < f->count; i++)
			if (dnc_str_eq(f->field[i].name, f->field[f->count].name))
				return dnc_error_set(err, EINVAL, "%.60s is named twice", name);
		f->count++;
	}
	return 0;
}

void show_fields_free(struct show_fields *f)
{
	free(f->names);
	*f = (struct show_fields){0};
}

/* Node of the element NAME of the array; 0: none. */
static uint32_t element(const struct dnc_json *doc, uint32_t array, struct dnc_str name)
{
	unsigned long wanted = 0;
	uint32_t at = array + 1;

	if (!name.n || name.n > 5)
		return 0;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < '0' || name.p[i] > '9')
			return 0;
		wanted = wanted * 10 + (unsigned long)(name.p[i] - '0');
	}
	while (wanted-- && at < doc->node[array].next)
		at = doc->node[at].next;
	return at < doc->node[array].next ? at : 0;
}

/* The node that PATH leads to from NODE; 0: none. A key may have dots in it. */
static uint32_t follow(const struct dnc_json *doc, uint32_t node, struct dnc_str path)
{
	while (path.n) {
		struct dnc_str part = first_part(path);
		uint32_t whole =
			doc->node[node].type == DNC_JSON_OBJECT ? dnc_json_get(doc, node, path) : 0;

		if (whole)
			return whole;
		if (doc->node[node].type == DNC_JSON_OBJECT)
			node = dnc_json_get(doc, node, part);
		else if (doc->node[node].type == DNC_JSON_ARRAY)
			node = element(doc, node, part);
		else
			return 0;
		if (!node || part.n == path.n)
			return node;
		path.p += part.n + 1;
		path.n -= part.n + 1;
	}
	return node;
}

static void take_node(const struct dnc_json *doc, uint32_t node, struct show_value *v)
{
	v->there = node != 0;
	if (!node)
		return;
	v->node = node;
	v->text = doc->node[node].type == DNC_JSON_STRING;
	v->str = doc->node[node].text;
}

static void take_text(struct show_value *v, struct dnc_str text)
{
	v->there = text.p != NULL;
	v->text = true;
	v->str = text;
}

static void look_up(const struct show_field *f, const struct dnc_event *e, struct show_value *v)
{
	const struct dnc_json *doc = dnc_event_doc(e);
	uint32_t data, metadata;

	if (!doc)
		return;
	data = dnc_event_data_node(doc);
	metadata = dnc_event_metadata_node(doc);
	if (f->place != SHOW_METADATA)
		take_node(doc, follow(doc, data, f->path), v);
	if (!v->there && f->place != SHOW_DATA)
		take_node(doc, follow(doc, metadata, f->path), v);
}

void show_field_value(const struct show_field *f, const struct dnc_event *e, struct show_zone *z,
	struct show_value *v)
{
	v->there = v->text = false;
	v->node = 0;
	switch (f->place) {
	case SHOW_OF_EVENT:
		take_text(v, *(const struct dnc_str *)((const char *)e + f->slot));
		return;
	case SHOW_SEQ:
		v->there = e->seq != 0;
		v->str = (struct dnc_str){v->digits, (size_t)snprintf(v->digits, sizeof v->digits,
							     "%llu", (unsigned long long)e->seq)};
		return;
	case SHOW_TYPE:
		take_text(v, dnc_type_names[e->type]);
		return;
	case SHOW_TIME:
		take_text(v, (struct dnc_str){v->digits, show_time(z, v->digits, e->timestamp_ms)});
		return;
	default:
		look_up(f, e, v);
	}
}

void show_value_write(struct dnc_buf *out, const struct dnc_event *e, const struct show_value *v)
{
	const struct dnc_json *doc = v->node ? dnc_event_doc(e) : NULL;

	if (!v->there)
		return;
	if (doc && doc->node[v->node].type >= DNC_JSON_ARRAY)
		dnc_json_write_node(out, doc, v->node);
	else
		dnc_buf_str(out, v->str);
}
