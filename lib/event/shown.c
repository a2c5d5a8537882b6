/* shown.c - which fields a masked view shows: the table, and how a role changes it. */
#include "priv/shown.h"
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "priv/derivation.h"
#include "priv/draft.h"

enum { CHANGES_MAX = 32, DERIVED_MAX = 64, NAME_MAX_BYTES = 64 };

/* What stands beside the domain fields and the derived members. */
static const struct {
	struct dnc_str name;
	enum dnc_object object;
	enum dnc_show show;
} beside[] = {
	{DNC_STR("phone_number"), OBJECT_TOP, SHOW_PHONE},
	{DNC_STR("provider"), OBJECT_TOP, SHOW_PROVIDER},
	{DNC_STR("provider_id"), OBJECT_TOP, SHOW_PROVIDER},
	{DNC_STR("source_id"), OBJECT_DATA, SHOW_ID},
	{DNC_STR("jurisdiction"), OBJECT_DATA, SHOW_REGION},
	{DNC_STR("country"), OBJECT_DATA, SHOW_REGION},
	{DNC_STR("state"), OBJECT_DATA, SHOW_REGION},
	{DNC_STR("unknown_values"), OBJECT_METADATA, SHOW_FIELDS},
	{DNC_STR("requires_approval"), OBJECT_METADATA, SHOW_BOOL},
	{DNC_STR("ingested_at"), OBJECT_METADATA, SHOW_INGESTED_AT},
	{DNC_STR("source_format"), OBJECT_METADATA, SHOW_WORD},
};

enum { BESIDE = sizeof beside / sizeof beside[0] };

/* One name of a role's lists. */
struct change {
	struct dnc_str name; /* points into one of the lists, or is constant */
	unsigned objects;    /* of enum dnc_object */
	unsigned types;      /* a bit each */
	bool shows;
};

struct dnc_mask {
	atomic_uint refs;
	struct dnc_buf shows, hides; /* the lists */
	struct dnc_buf idle;         /* of HIDES what is never shown */
	unsigned hidden_severities;  /* a bit for each type */
	size_t count;
	struct change changes[CHANGES_MAX + DERIVED_MAX]; /* the listed ones first */
};

static struct dnc_shown show_beside(enum dnc_object object, struct dnc_str key)
{
	for (size_t i = 0; i < BESIDE; i++)
		if (beside[i].object == object && dnc_str_eq(beside[i].name, key))
			return (struct dnc_shown){.how = beside[i].show, .domain = beside[i].name};
	return (struct dnc_shown){.how = SHOW_NOT};
}

/* A field has a domain of its own, but what refers to an entry has that of entries, so that a release can be matched with the
 * suppression that it ends. */
static struct dnc_shown of_field(enum dnc_field f)
{
	enum dnc_field domain = f == FIELD_PREVIOUS_ENTRY_ID ? FIELD_DNC_ENTRY_ID : f;

	return (struct dnc_shown){.how = dnc_fields[f].show,
		.values = dnc_fields[f].values,
		.domain = dnc_fields[domain].name};
}

/* As the table says. */
static struct dnc_shown in_table(enum dnc_type type, enum dnc_object object, struct dnc_str key)
{
	if (object == OBJECT_DATA) {
		enum dnc_field f = dnc_field_find(type, key);

		if (f != FIELD_NONE)
			return of_field(f);
	} else if (object == OBJECT_METADATA) {
		int row = dnc_derived_find(type, key);
		enum dnc_field f;
		enum dnc_show show;

		if (row >= 0) {
			show = draft_derived_show(type, row, &f);
			return f != FIELD_NONE ? of_field(f) : (struct dnc_shown){.how = show};
		}
	}
	return show_beside(object, key);
}

struct dnc_shown shown_of(
	const struct dnc_mask *mask, enum dnc_type type, enum dnc_object object, struct dnc_str key)
{
	struct dnc_shown shown = in_table(type, object, key);

	for (size_t i = 0; mask && i < mask->count; i++) {
		const struct change *c = &mask->changes[i];

		if (!(c->objects & object) || !(c->types & T(type)) || !dnc_str_eq(c->name, key))
			continue;
		if (!c->shows)
			return (struct dnc_shown){.how = SHOW_NOT};
		shown.otherwise = shown.how;
		shown.how = SHOW_LITERAL;
	}
	return shown;
}

bool shown_severity(const struct dnc_mask *mask, enum dnc_type type)
{
	return !mask || !(mask->hidden_severities & T(type));
}

/* True if some event type has a field of this name that the table shows. */
static bool is_shown(struct dnc_str name, unsigned objects)
{
	for (int t = 0; t < DNC_TYPES; t++)
		for (unsigned o = OBJECT_TOP; o <= OBJECT_METADATA; o *= 2)
			if (objects & o && in_table((enum dnc_type)t, o, name).how != SHOW_NOT)
				return true;
	return false;
}

static bool is_name(struct dnc_str s)
{
	if (!s.n || s.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"\\.,", s.p[i]))
			return false;
	return true;
}

/* What every masked event has, and what makes it masked. */
static bool is_fixed(struct dnc_str name)
{
	static const char *const fixed[] = {"seq", "id", "type", "severity", "timestamp", "summary",
		"event_data", "metadata", "ingested_at"};

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (dnc_str_eq(dnc_str(fixed[i]), name))
			return true;
	return false;
}

bool dnc_mask_may_show(const struct dnc_mask *m, enum dnc_type type, struct dnc_str path)
{
	static const struct {
		struct dnc_str start;
		enum dnc_object object;
	} objects[] = {
		{DNC_STR("event_data."), OBJECT_DATA}, {DNC_STR("metadata."), OBJECT_METADATA}};
	enum dnc_object object = OBJECT_TOP;
	const char *dot;

	dnc_fields_init();
	for (size_t i = 0; object == OBJECT_TOP && i < 2; i++)
		if (dnc_str_starts(path, objects[i].start)) {
			object = objects[i].object;
			path = (struct dnc_str){
				path.p + objects[i].start.n, path.n - objects[i].start.n};
		}
	if (object == OBJECT_TOP && is_fixed(path))
		return true;
	/* A member of an object that is shown, such as compliance_flags. */
	dot = memchr(path.p, '.', path.n);
	if (dot)
		path.n = (size_t)(dot - path.p);
	return shown_of(m, type, object, path).how != SHOW_NOT;
}

static int set_error(struct dnc_error *err, struct dnc_str name, const char *why)
{
	return dnc_error_set(
		err, EINVAL, "\"%.*s\" %s", name.n > 80 ? 80 : (int)name.n, name.p, why);
}

static int add_change(struct dnc_mask *m, struct dnc_str word, bool shows, struct dnc_error *err)
{
	static const struct dnc_str data = DNC_STR("event_data."), metadata = DNC_STR("metadata.");
	struct change c = {word, OBJECT_TOP | OBJECT_DATA | OBJECT_METADATA, T_ALL, shows};

	if (dnc_str_starts(word, data)) {
		c.objects = OBJECT_DATA;
		c.name = (struct dnc_str){word.p + data.n, word.n - data.n};
	} else if (dnc_str_starts(word, metadata)) {
		c.objects = OBJECT_METADATA;
		c.name = (struct dnc_str){word.p + metadata.n, word.n - metadata.n};
	}
	if (!is_name(c.name))
		return set_error(err, word,
			"is not a field: must be NAME, event_data.NAME or metadata.NAME");
	if (is_fixed(c.name))
		return set_error(err, word, "is in every event and can't be listed");
	if (shows && dnc_str_eq(c.name, DNC_STR("phone_number")))
		return set_error(err, word, "can't be listed: whole numbers need dnc:pii");
	for (size_t i = 0; i < m->count; i++)
		if (m->changes[i].objects & c.objects && dnc_str_eq(m->changes[i].name, c.name))
			return set_error(err, word, "is listed twice");
	if (m->count == CHANGES_MAX)
		return dnc_error_set(err, EINVAL, "more than %d fields", CHANGES_MAX);
	m->changes[m->count++] = c;
	if (!shows && !is_shown(c.name, c.objects)) {
		if (m->idle.n)
			dnc_buf_lit(&m->idle, ", ");
		dnc_buf_str(&m->idle, word);
	}
	return dnc_buf_ok(&m->idle) ? 0 : dnc_error_nomem(err);
}

/* The changes that are not listed: what a hidden field can be found out from. */
static void hide_derived(void *ctx, unsigned types, enum dnc_object object, struct dnc_str name)
{
	struct dnc_mask *m = ctx;
	size_t i = 0;

	if (object == OBJECT_TOP && dnc_str_eq(name, DNC_STR("severity"))) {
		m->hidden_severities |= types;
		return;
	}
	while (i < m->count && (m->changes[i].shows || m->changes[i].objects != object ||
				       !dnc_str_eq(m->changes[i].name, name)))
		i++;
	if (i == m->count) {
		assert(m->count < CHANGES_MAX + DERIVED_MAX); /* the tables have 45 names */
		m->changes[m->count++] = (struct change){name, object, 0, false};
	}
	m->changes[i].types |= types;
}

static void add_derived(struct dnc_mask *m)
{
	size_t listed = m->count;

	for (size_t i = 0; i < listed; i++)
		if (!m->changes[i].shows && m->changes[i].objects & OBJECT_DATA)
			derivation_of(m->changes[i].name, hide_derived, m);
}

/* Writes LIST in canonical form. The names in it are added later: the buffer may still move. */
static void copy_list(struct dnc_buf *to, struct dnc_str list)
{
	const char *p = list.p, *end = list.p + list.n;

	while (p < end) {
		const char *from = p;

		while (p < end && *p && !strchr(" ,\t\r\n", *p))
			p++;
		if (p > from) {
			if (to->n)
				dnc_buf_lit(to, ", ");
			dnc_buf_add(to, from, (size_t)(p - from));
		} else {
			p++;
		}
	}
	dnc_buf_chr(to, '\0');
	to->n -= dnc_buf_ok(to);
}

static int add_changes(
	struct dnc_mask *m, const struct dnc_buf *list, bool shows, struct dnc_error *err)
{
	for (size_t at = 0; at < list->n;) {
		size_t n = strcspn(list->p + at, ",");

		if (add_change(m, (struct dnc_str){list->p + at, n}, shows, err) < 0)
			return -1;
		at += n + 2;
	}
	return 0;
}

const struct dnc_mask *dnc_mask_new(
	struct dnc_str shows, struct dnc_str hides, struct dnc_error *err)
{
	struct dnc_mask *m = calloc(1, sizeof *m);

	dnc_fields_init();
	if (!m) {
		dnc_error_nomem(err);
		return NULL;
	}
	m->refs = 1;
	copy_list(&m->shows, shows);
	copy_list(&m->hides, hides);
	if (!dnc_buf_ok(&m->shows) || !dnc_buf_ok(&m->hides))
		dnc_error_nomem(err);
	else if (add_changes(m, &m->shows, true, err) == 0 &&
		 add_changes(m, &m->hides, false, err) == 0) {
		add_derived(m);
		return m;
	}
	dnc_mask_unref(m);
	return NULL;
}

const struct dnc_mask *dnc_mask_ref(const struct dnc_mask *m)
{
	if (m)
		atomic_fetch_add_explicit(
			&((struct dnc_mask *)(uintptr_t)m)->refs, 1, memory_order_relaxed);
	return m;
}

void dnc_mask_unref(const struct dnc_mask *constant)
{
	struct dnc_mask *m = (struct dnc_mask *)(uintptr_t)constant;

	if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) > 1)
		return;
	dnc_buf_free(&m->shows);
	dnc_buf_free(&m->hides);
	dnc_buf_free(&m->idle);
	free(m);
}

struct dnc_str dnc_mask_shows(const struct dnc_mask *m)
{
	return m ? dnc_buf_view(&m->shows) : DNC_STR("");
}

struct dnc_str dnc_mask_idle(const struct dnc_mask *m)
{
	return m ? dnc_buf_view(&m->idle) : DNC_STR("");
}

struct dnc_str dnc_mask_hides(const struct dnc_mask *m)
{
	return m ? dnc_buf_view(&m->hides) : DNC_STR("");
}

bool dnc_mask_same(const struct dnc_mask *a, const struct dnc_mask *b)
{
	return a == b || (dnc_str_eq(dnc_mask_shows(a), dnc_mask_shows(b)) &&
				 dnc_str_eq(dnc_mask_hides(a), dnc_mask_hides(b)));
}
