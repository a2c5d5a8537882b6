/* roles.c - built-in roles, and the file that changes them. */
#include "roles.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/ini.h"
#include "base/log.h"
#include "priv/roles.h"

enum { RATE = 100, BURST = 200 };

#define DESK (DNC_MAY_READ | DNC_MAY_STREAM | DNC_MAY_READ_TELEPHONY)
#define GUARD                                                                                      \
	(DNC_MAY_READ | DNC_MAY_STREAM | DNC_MAY_REPLAY | DNC_MAY_SEE_NUMBERS |                    \
		DNC_MAY_SEE_VIOLATIONS)

static const struct {
	const char *name;
	unsigned permissions;
	const char *sees;
	unsigned per_minute, burst;
} built_in[] = {
	{"admin", DNC_MAY_ALL, "all", 0, 0},
	{"compliance", GUARD, "all", 0, 0},
	{"security", GUARD,
		"[{\"event_types\":[\"dnc.compliance.violation\"]},{\"severities\":[\"high\","
		"\"critical\"]}]",
		RATE, BURST},
	{"operator", DESK, "all", RATE, BURST},
	{"telephony", DESK, "all", RATE, BURST},
	{"publisher", DNC_MAY_PUBLISH, "nothing", RATE, BURST},
	{"monitor", DNC_MAY_READ_METRICS, "nothing", RATE, BURST},
	{"other", 0, "all", RATE, BURST},
};

unsigned dnc_role_types(const struct dnc_role *role, unsigned permissions)
{
	unsigned types = role->sees_nothing ? 0 : (1u << DNC_TYPES) - 1;

	return permissions & DNC_MAY_SEE_VIOLATIONS ? types
	                                            : types & ~(1u << DNC_COMPLIANCE_VIOLATION);
}

static struct dnc_role *find(const struct dnc_roles *roles, struct dnc_str name)
{
	for (size_t i = 0; i < roles->count; i++)
		if (dnc_str_eq(dnc_str(roles->role[i]->name), name))
			return roles->role[i];
	return NULL;
}

const struct dnc_role *dnc_roles_find(const struct dnc_roles *roles, struct dnc_str name)
{
	const struct dnc_role *role = find(roles, name);

	return role ? role : find(roles, DNC_STR("other"));
}

const struct dnc_role *dnc_roles_at(const struct dnc_roles *roles, size_t index)
{
	return index < roles->count ? roles->role[index] : NULL;
}

static struct dnc_role *add(struct dnc_roles *roles, const char *name, struct dnc_error *err)
{
	struct dnc_role *role = find(roles, dnc_str(name));

	if (role)
		return role;
	if (!*name || strlen(name) > DNC_ROLE_NAME_BYTES || roles->count == DNC_ROLES_MAX) {
		dnc_error_set(err, EINVAL, "%s",
			roles->count == DNC_ROLES_MAX ? "more than 64 roles"
						      : "a role name must have 1 to 43 bytes");
		return NULL;
	}
	if (!dnc_escape_none(dnc_str(name), DNC_ESCAPE_TEXT)) {
		dnc_error_set(err, EINVAL, "a role name must not contain control characters");
		return NULL;
	}
	role = calloc(1, sizeof *role);
	if (!role) {
		dnc_error_nomem(err);
		return NULL;
	}
	snprintf(role->name, sizeof role->name, "%s", name);
	return roles->role[roles->count++] = role;
}

/* Sets the collected value: the last of its lines has been read. */
static bool set_value(struct dnc_roles *roles)
{
	struct roles_section *open = &roles->open;
	int rc = 0;

	if (open->role || open->filter) {
		dnc_buf_chr(&roles->value, '\0');
		if (!dnc_buf_ok(&roles->value))
			rc = dnc_error_nomem(&roles->err);
		else if (open->role)
			rc = role_set(open->role, roles->key, roles->value.p, &roles->err);
		else
			rc = named_filter_set(
				open->filter, roles->key, roles->value.p, &roles->err);
	}
	if (rc < 0)
		return false;
	*open = (struct roles_section){0};
	dnc_buf_clear(&roles->value);
	return true;
}

/* The rest of SECTION after HEAD; NULL if it does not start so. */
static const char *name_after(const char *section, const char *head)
{
	size_t n = strlen(head);

	return strncmp(section, head, n) == 0 ? section + n : NULL;
}

static int refuse_section(struct dnc_roles *roles, const struct dnc_ini_entry *e)
{
	roles->section[0] = '\0'; /* the message names it */
	if (e->key)
		return dnc_error_set(&roles->err, EINVAL,
			"\"%s\" is not in a section [role NAME] or [filter NAME]", e->key);
	return dnc_error_set(&roles->err, EINVAL,
		"the section [%s] is not [role NAME] or [filter NAME]", e->section);
}

/* Finds or adds the section that E is in. -1 with the error in ROLES. */
static int enter_section(
	struct dnc_roles *roles, const struct dnc_ini_entry *e, struct roles_section *out)
{
	const char *role = name_after(e->section, "role "),
		   *filter = name_after(e->section, "filter ");

	if (role)
		out->role = add(roles, role, &roles->err);
	else if (filter)
		out->filter = named_filter_add(roles, filter, &roles->err);
	else
		return refuse_section(roles, e);
	return out->role || out->filter ? 0 : -1;
}

/* The value of another line belongs to the one before it. */
static bool goes_on(const struct dnc_roles *roles, const struct dnc_ini_entry *e)
{
	return e->key && (roles->open.role || roles->open.filter) &&
	       strcmp(e->section, roles->section) == 0 && strcmp(e->key, roles->key) == 0;
}

static int on_entry(void *ctx, const struct dnc_ini_entry *e)
{
	struct dnc_roles *roles = ctx;
	struct roles_section section = {0};

	if (goes_on(roles, e)) {
		if (roles->value.n && e->value.n) /* a line may be a comment alone */
			dnc_buf_chr(&roles->value, ' ');
	} else {
		if (!set_value(roles))
			return -1;
		roles->line = e->line;
		snprintf(roles->section, sizeof roles->section, "%s", e->section);
		snprintf(roles->key, sizeof roles->key, "%s", e->key ? e->key : "");
		if (enter_section(roles, e, &section) < 0) {
			roles->key[0] = '\0'; /* the section is at fault */
			return -1;
		}
		if (!e->key)
			return 0;
		roles->open = section;
	}
	dnc_buf_str(&roles->value, e->value);
	return 0;
}

/* A value is checked when the next key is read: ROLES has its place. */
static int tell_fault(const struct dnc_roles *roles, const char *path, struct dnc_error *err)
{
	const struct dnc_error *why = &roles->err;
	char where[sizeof roles->section + sizeof roles->key + 8] = "";

	if (roles->section[0])
		snprintf(where, sizeof where, "[%s] %s%s", roles->section, roles->key,
			roles->key[0] ? ": " : "");
	return dnc_error_set(err, EINVAL, "%s:%u: %s%s%s%.120s", path, roles->line, where,
		why->place, why->place[0] ? ": " : "", why->message);
}

static int read_file(struct dnc_roles *roles, const char *path, struct dnc_error *err)
{
	const struct dnc_ini_events events = {.entry = on_entry, .ctx = roles};

	if (dnc_ini_read(path, &events, err) == 0 && set_value(roles))
		return 0;
	return roles->err.message[0] ? tell_fault(roles, path, err) : -1;
}

/* After the whole file is read: the role "other" may stand behind those that have its values. */
static int complete(struct dnc_roles *roles, const char *path, struct dnc_error *err)
{
	const struct dnc_role *other = find(roles, DNC_STR("other"));
	struct dnc_error why;

	for (size_t i = 0; i < roles->count; i++)
		if (role_inherit(roles->role[i], other, &why) < 0)
			return dnc_error_set(err, why.code,
				"%s: [role %s] with what the role other shows and hides: %.120s",
				path, roles->role[i]->name, why.message);
	for (size_t i = 0; i < roles->filter_count; i++)
		if (named_filter_complete(roles, roles->filter[i], &why) < 0)
			return dnc_error_set(err, why.code, "%s: [filter %s] %.120s", path,
				roles->filter[i]->name, why.message);
	return 0;
}

bool dnc_may_guess(unsigned permissions)
{
	return permissions & (DNC_MAY_STREAM | DNC_MAY_REPLAY) && permissions & DNC_MAY_PUBLISH &&
	       !(permissions & DNC_MAY_SEE_NUMBERS);
}

static void warn_of_guesses(const struct dnc_roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct dnc_role *role = roles->role[i];
		if (dnc_may_guess(role->permissions))
			dnc_warn(
				"role %s can find hidden numbers by publishing guesses and reading "
				"them: take dnc:publish from it, or give it dnc:pii",
				role->name);
	}
}

/* What is hidden anyhow may be a mistake, and does no harm. */
static void warn_of_idle_fields(const struct dnc_roles *roles)
{
	for (size_t i = 0; i < roles->count; i++) {
		struct dnc_str idle = dnc_mask_idle(roles->role[i]->mask);

		if (idle.n)
			dnc_warn("role %s: hides: masked events do not show %.*s anyhow; check the "
				 "names of fields",
				roles->role[i]->name, idle.n > 160 ? 160 : (int)idle.n, idle.p);
	}
}

struct dnc_roles *dnc_roles_load(const char *path, struct dnc_error *err)
{
	struct dnc_roles *roles = calloc(1, sizeof *roles);

	if (!roles) {
		dnc_error_nomem(err);
		return NULL;
	}
	for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
		struct dnc_role *role = add(roles, built_in[i].name, err);

		if (!role || role_set(role, "sees", built_in[i].sees, err) < 0)
			goto fail;
		role->permissions = built_in[i].permissions;
		role->per_minute = built_in[i].per_minute;
		role->burst = built_in[i].burst;
		role->keys = ROLE_ALL_KEYS;
	}
	if (!path || (read_file(roles, path, err) == 0 && complete(roles, path, err) == 0)) {
		dnc_buf_free(&roles->value);
		warn_of_guesses(roles);
		warn_of_idle_fields(roles);
		return roles;
	}
fail:
	dnc_roles_free(roles);
	return NULL;
}

void dnc_roles_free(struct dnc_roles *roles)
{
	if (!roles)
		return;
	for (size_t i = 0; i < roles->count; i++) {
		dnc_filter_unref(roles->role[i]->sees);
		dnc_mask_unref(roles->role[i]->mask);
		free(roles->role[i]);
	}
	for (size_t i = 0; i < roles->filter_count; i++)
		named_filter_free(roles->filter[i]);
	dnc_buf_free(&roles->value);
	free(roles);
}
