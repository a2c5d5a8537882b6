/* roles_keys.c - the keys of a role's section. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "priv/roles.h"

/* The keys of a section, as bits. */
enum key { PERMISSIONS = 1, SEES = 2, SHOWS = 4, HIDES = 8, LIMIT = 16, BURSTS = 32 };

static int set_sees(struct dnc_role *role, const char *text, struct dnc_error *err)
{
	const struct dnc_filter *filter = NULL;

	role->sees_nothing = strcmp(text, "nothing") == 0;
	if (!role->sees_nothing && strcmp(text, "all") != 0) {
		filter = dnc_filter_compile_owned(text, strlen(text), DNC_FILTER_OF_ROLE, err);
		if (!filter)
			return -1;
	}
	dnc_filter_unref(role->sees);
	role->sees = filter;
	return 0;
}

static bool starts_comment(struct dnc_str list)
{
	return list.n && (memchr(list.p, ';', list.n) || memchr(list.p, '#', list.n));
}

/* Sets one of the two lists of fields, and leaves the other. */
static int set_mask(
	struct dnc_role *role, struct dnc_str shows, struct dnc_str hides, struct dnc_error *err)
{
	const struct dnc_mask *mask = NULL;

	if (starts_comment(shows) || starts_comment(hides))
		return dnc_error_set(err, EINVAL,
			"a name of a field must not contain ; or #, which start comments");
	if ((dnc_str_trim(shows).n || dnc_str_trim(hides).n) &&
		!(mask = dnc_mask_new(shows, hides, err)))
		return -1;
	dnc_mask_unref(role->mask);
	role->mask = mask;
	return 0;
}

static int set_permissions(struct dnc_role *role, const char *text, struct dnc_error *err)
{
	unsigned permissions = 0;

	for (size_t n; *(text += strspn(text, " ,\t\n")); text += n) {
		unsigned one;

		n = strcspn(text, " ,\t\n");
		one = dnc_permission_from_name((struct dnc_str){text, n});
		if (!one)
			return dnc_error_set(
				err, EINVAL, "unknown permission \"%.*s\"", (int)n, text);
		permissions |= one;
	}
	role->permissions = permissions;
	return 0;
}

static int set_number(unsigned *out, const char *text, const char *unit, struct dnc_error *err)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || strcmp(end, unit) != 0 || n < 1 || n > 1000000000)
		return dnc_error_set(err, EINVAL, "\"%s\" is not a number%s%s", text,
			*unit ? " like 100" : "", unit);
	*out = (unsigned)n;
	return 0;
}

static enum key key_of(const char *name)
{
	static const char *const names[] = {
		"permissions", "sees", "shows", "hides", "rate", "burst"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum key)(1u << i);
	return 0;
}

static int set_rate(struct dnc_role *role, const char *value, struct dnc_error *err)
{
	if (strcmp(value, "none") == 0) {
		role->per_minute = 0;
		return 0;
	}
	if (set_number(&role->per_minute, value, "/min", err) < 0)
		return -1;
	if (!role->burst)
		role->burst = 2 * role->per_minute;
	return 0;
}

int role_set(struct dnc_role *role, const char *name, const char *value, struct dnc_error *err)
{
	enum key key = key_of(name);

	role->keys |= key;
	switch (key) {
	case PERMISSIONS:
		return set_permissions(role, value, err);
	case SEES:
		return set_sees(role, value, err);
	case SHOWS:
		return set_mask(role, dnc_str(value), dnc_mask_hides(role->mask), err);
	case HIDES:
		return set_mask(role, dnc_mask_shows(role->mask), dnc_str(value), err);
	case LIMIT:
		return set_rate(role, value, err);
	case BURSTS:
		return set_number(&role->burst, value, "", err);
	}
	return dnc_error_set(err, EINVAL,
		"unknown key \"%s\": must be permissions, sees, shows, hides, rate or burst", name);
}

int role_inherit(struct dnc_role *role, const struct dnc_role *other, struct dnc_error *err)
{
	unsigned omitted = ROLE_ALL_KEYS & ~role->keys;

	if (omitted & PERMISSIONS)
		role->permissions = other->permissions;
	if (omitted & SEES) {
		role->sees_nothing = other->sees_nothing;
		role->sees = other->sees ? dnc_filter_ref(other->sees) : NULL;
	}
	if (omitted & LIMIT)
		role->per_minute = other->per_minute;
	if (omitted & BURSTS)
		role->burst = other->burst ? other->burst : 2 * role->per_minute;
	if (!(omitted & (SHOWS | HIDES)))
		return 0;
	if (omitted & SHOWS && omitted & HIDES) {
		role->mask = dnc_mask_ref(other->mask); /* one view serves both roles */
		return 0;
	}
	return set_mask(role, dnc_mask_shows(omitted & SHOWS ? other->mask : role->mask),
		dnc_mask_hides(omitted & HIDES ? other->mask : role->mask), err);
}
