/* fields.c - the table of fields, and the hash that finds a field by name. */
#include "priv/draft.h"
#include <pthread.h>
#include "base/words.h"

const struct dnc_field_spec dnc_fields[FIELD_COUNT] = {
#define X(id, name, kind, show, types, values)                                                     \
	{DNC_STR(name), KIND_##kind, SHOW_##show, types, values},
	DNC_FIELDS(X)
#undef X
};

/* Open addressing, one table for each type; a slot holds the entry's number plus one. */
enum { SLOTS = 256 };

static uint8_t field_slots[DNC_TYPES][SLOTS];
static uint8_t derived_slots[DNC_TYPES][SLOTS];
static struct dnc_str derived_names[DNC_TYPES][DRAFT_MAX_DERIVED];

static unsigned hash(struct dnc_str s)
{
	/* Length, first, middle and last letters distinguish the names well enough. */
	unsigned h = (unsigned)s.n * 31;

	if (s.n)
		h += (unsigned char)s.p[0] * 7u + (unsigned char)s.p[s.n - 1] * 57u +
		     (unsigned char)s.p[s.n / 2] * 131u;
	return h ^ h >> 7;
}

static void insert(uint8_t *slots, struct dnc_str name, int number)
{
	unsigned at = hash(name) % SLOTS;

	while (slots[at])
		at = (at + 1) % SLOTS;
	slots[at] = (uint8_t)(number + 1);
}

static void build(void)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		for (int t = 0; t < DNC_TYPES; t++)
			if (dnc_fields[f].types & T(t))
				insert(field_slots[t], dnc_fields[f].name, f);
	for (int t = 0; t < DNC_TYPES; t++)
		for (int row = 0; row < DRAFT_MAX_DERIVED && draft_derived_name(t, row); row++) {
			derived_names[t][row] = dnc_str(draft_derived_name(t, row));
			insert(derived_slots[t], derived_names[t][row], row);
		}
}

void dnc_fields_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, build);
}

enum dnc_field dnc_field_find(enum dnc_type type, struct dnc_str name)
{
	const uint8_t *slots = field_slots[type];

	for (unsigned at = hash(name) % SLOTS; slots[at]; at = (at + 1) % SLOTS)
		if (dnc_str_eq(dnc_fields[slots[at] - 1].name, name))
			return slots[at] - 1;
	return FIELD_NONE;
}

int dnc_derived_find(enum dnc_type type, struct dnc_str name)
{
	const uint8_t *slots = derived_slots[type];

	for (unsigned at = hash(name) % SLOTS; slots[at]; at = (at + 1) % SLOTS)
		if (dnc_str_eq(derived_names[type][slots[at] - 1], name))
			return slots[at] - 1;
	return -1;
}

bool dnc_value_known(const char *values, struct dnc_str value)
{
	return !*values || dnc_words_have(values, value);
}

/* Top-level members that are not domain fields, except event_data and metadata, which hold others,
 * and seq, which the hub assigns. */
static const struct dnc_str top_fields[] = {DNC_STR("id"), DNC_STR("type"), DNC_STR("severity"),
	DNC_STR("timestamp"), DNC_STR("summary")};

enum { TOP_FIELDS = sizeof top_fields / sizeof top_fields[0] };

static bool is_of(const struct dnc_field_spec *spec, enum dnc_type type)
{
	return type == DNC_TYPES || (spec->types & T(type));
}

const char *dnc_event_known_values(enum dnc_type type, struct dnc_str field)
{
	if (dnc_str_eq(field, DNC_STR("severity")))
		return "info success low medium warning high error critical";
	for (int f = 0; f < FIELD_COUNT; f++)
		if (is_of(&dnc_fields[f], type) && dnc_str_eq(dnc_fields[f].name, field))
			return dnc_fields[f].values;
	return "";
}

bool dnc_event_has_field(enum dnc_type type, struct dnc_str field)
{
	for (size_t i = 0; i < TOP_FIELDS; i++)
		if (dnc_str_eq(top_fields[i], field))
			return true;
	for (int f = 0; f < FIELD_COUNT; f++)
		if (is_of(&dnc_fields[f], type) && dnc_str_eq(dnc_fields[f].name, field))
			return true;
	return false;
}

bool dnc_event_derives(enum dnc_type type, struct dnc_str name)
{
	dnc_fields_init();
	return dnc_derived_find(type, name) >= 0;
}

void dnc_event_field_names(enum dnc_type type, struct dnc_buf *names)
{
	for (size_t i = 0; i < TOP_FIELDS; i++) {
		dnc_buf_str(names, top_fields[i]);
		dnc_buf_chr(names, ' ');
	}
	for (int f = 0; f < FIELD_COUNT; f++) {
		if (!is_of(&dnc_fields[f], type))
			continue;
		dnc_buf_str(names, dnc_fields[f].name);
		dnc_buf_chr(names, ' ');
	}
}
