#include "beside.h"
#include "priv/country_names.h"
#include "priv/beside.h"
#include "region_names.h"

void dnc_beside_finish(struct dnc_beside_context *c)
{
	dnc_region_names_free(c->names);
	c->names = NULL;
	dnc_country_names_free(c->countries);
	c->countries = NULL;
}

/* VALUE without blanks around, and without ".0" after digits. */
static struct dnc_str clean(struct dnc_str value)
{
	size_t n;

	value = dnc_str_trim(value);
	n = value.n;
	if (n < 3 || value.p[n - 2] != '.' || value.p[n - 1] != '0')
		return value;
	for (size_t i = 0; i < n - 2; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return value;
	return (struct dnc_str){value.p, n - 2};
}

int dnc_beside_apply(struct dnc_beside_context *c, enum dnc_beside kind, struct dnc_str name,
	struct dnc_str value, struct dnc_beside_number *number, struct dnc_error *err)
{
	const struct beside_value v = {kind, name, clean(value)};

	if (!v.text.n || !number->written.n || dnc_beside_is_international(number->written))
		return 0;
	switch (kind) {
	case DNC_BESIDE_COUNTRY:
	case DNC_BESIDE_CALLING:
	case DNC_BESIDE_NETWORK:
		return beside_apply_country(c, &v, number, err);
	case DNC_BESIDE_PERHAPS_COUNTRY:
	case DNC_BESIDE_COUNTRY_ID:
	case DNC_BESIDE_COUNTRY_REGION:
	case DNC_BESIDE_REGION:
		return beside_check_country(c, &v, number, err);
	case DNC_BESIDE_CODE:
	case DNC_BESIDE_AREA:
	case DNC_BESIDE_PERHAPS_AREA:
		return beside_check_area(c, &v, number, err);
	default:
		return 0;
	}
}

static int apply_member(struct dnc_beside_context *c, enum dnc_beside kind,
	const struct dnc_json_node *node, struct dnc_beside_number *number, struct dnc_error *err)
{
	if (node->type == DNC_JSON_NULL)
		return 0;
	if (node->type != DNC_JSON_ARRAY && node->type != DNC_JSON_OBJECT)
		return dnc_beside_apply(c, kind, node->key, node->text, number, err);
	if (!node->count || !dnc_beside_certain(kind))
		return 0;
	return beside_reject(c, err,
		"the country or area code of the number is in %.*s beside it, which is no text: write the number with "
		"\"+\" and its country code",
		node->key.n > 30 ? 30 : (int)node->key.n, node->key.p);
}

static size_t place_of(struct dnc_str name)
{
	uint32_t sum = (uint32_t)name.n | (uint32_t)(unsigned char)name.p[0] << 8 |
	               (uint32_t)(unsigned char)name.p[name.n / 2] << 16 |
	               (uint32_t)(unsigned char)name.p[name.n - 1] << 24;

	return sum * UINT32_C(0x9E3779B1) >> 16; /* the golden ratio spreads them */
}

static bool is_kept(
	const struct dnc_beside_kept *kept, struct dnc_str name, struct dnc_beside_owner owner)
{
	return kept->n == name.n && memcmp(&kept->owner, &owner, sizeof owner) == 0 &&
	       memcmp(kept->name, name.p, name.n) == 0;
}

/* dnc_beside_of(), which is asked once for the names that records have again and again. */
static enum dnc_beside kind_of(
	struct dnc_beside_context *c, struct dnc_str name, struct dnc_beside_owner owner)
{
	struct dnc_beside_kept *kept;

	if (!name.n)
		return DNC_BESIDE_NOTHING;
	if (name.n > DNC_BESIDE_NAME_MAX)
		return dnc_beside_of(name, owner);
	kept = c->kept[place_of(name) % DNC_BESIDE_PLACES];
	for (size_t i = 0; i < DNC_BESIDE_KEPT; i++)
		if (is_kept(&kept[i], name, owner))
			return (enum dnc_beside)kept[i].kind;
	kept[1] = kept[0];
	kept[0] = (struct dnc_beside_kept){
		.n = (uint8_t)name.n, .owner = owner, .kind = (uint8_t)dnc_beside_of(name, owner)};
	memcpy(kept[0].name, name.p, name.n);
	return (enum dnc_beside)kept[0].kind;
}

/* The kinds of the members of OBJECT, one bit each. */
static unsigned kinds_in(struct dnc_beside_context *c, const struct dnc_json *doc, uint32_t object,
	struct dnc_beside_owner owner)
{
	const struct dnc_json_node *node = doc->node;
	unsigned kinds = 0;

	for (uint32_t i = object + 1; i < node[object].next; i = node[i].next)
		kinds |= 1u << kind_of(c, node[i].key, owner);
	return kinds & ~(1u << DNC_BESIDE_NOTHING);
}

int dnc_beside_apply_members(struct dnc_beside_context *c, struct dnc_beside_owner owner,
	const struct dnc_json *doc, const uint32_t *objects, size_t count,
	struct dnc_beside_number *number, struct dnc_error *err)
{
	const struct dnc_json_node *node = doc->node;
	unsigned kinds = 0;

	if (!number->written.n || dnc_beside_is_international(number->written))
		return 0;
	for (size_t o = 0; o < count; o++)
		kinds |= kinds_in(c, doc, objects[o], owner);
	for (unsigned kind = 0; kinds >> kind; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		for (size_t o = 0; o < count; o++)
			for (uint32_t i = objects[o] + 1; i < node[objects[o]].next;
				i = node[i].next)
				if (kind_of(c, node[i].key, owner) == kind &&
					apply_member(c, kind, &node[i], number, err) < 0)
					return -1;
	}
	return 0;
}
