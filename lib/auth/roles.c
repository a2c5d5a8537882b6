/* roles.c - built-in roles, and the file that changes them. */
#include "roles.h"
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "priv/ini_lines.h"
#include "priv/roles.h"

const struct dnc_str dnc_permission_names[DNC_PERMISSIONS] = {
	DNC_STR("dnc:read"),
	DNC_STR("dnc:stream"),
	DNC_STR("dnc:replay"),
	DNC_STR("dnc:pii"),
	DNC_STR("dnc:publish"),
	DNC_STR("compliance:read"),
	DNC_STR("telephony:read"),
	DNC_STR("clients:read"),
	DNC_STR("metrics:read"),
};

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

unsigned dnc_permission_from_name(struct dnc_str name)
{
	for (int i = 0; i < DNC_PERMISSIONS; i++)
		if (dnc_str_eq(dnc_permission_names[i], name))
			return 1u << i;
	return 0;
}

void dnc_permissions_write(struct dnc_buf *b, unsigned permissions)
{
	bool any = false;

	dnc_buf_chr(b, '[');
	for (int i = 0; i < DNC_PERMISSIONS; i++) {
		if (!(permissions & 1u << i))
			continue;
		if (any)
			dnc_buf_chr(b, ',');
		any = true;
		dnc_json_write_str(b, dnc_permission_names[i]);
	}
	dnc_buf_chr(b, ']');
}

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

static int set_sees(struct dnc_role *role, const char *text, struct dnc_error *err)
{
	const struct dnc_filter *filter = NULL;

	role->sees_nothing = strcmp(text, "nothing") == 0;
	if (!role->sees_nothing && strcmp(text, "all") != 0) {
		filter = dnc_filter_compile_sees(text, strlen(text), err);
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

static int set(struct dnc_role *role, const char *key, const char *value, struct dnc_error *err)
{
	if (strcmp(key, "permissions") == 0)
		return set_permissions(role, value, err);
	if (strcmp(key, "sees") == 0)
		return set_sees(role, value, err);
	if (strcmp(key, "shows") == 0)
		return set_mask(role, dnc_str(value), dnc_mask_hides(role->mask), err);
	if (strcmp(key, "hides") == 0)
		return set_mask(role, dnc_mask_shows(role->mask), dnc_str(value), err);
	if (strcmp(key, "burst") == 0)
		return set_number(&role->burst, value, "", err);
	if (strcmp(key, "rate") != 0)
		return dnc_error_set(err, EINVAL,
			"unknown key \"%s\": must be permissions, sees, shows, hides, rate or burst",
			key);
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

static struct dnc_role *add(struct dnc_roles *roles, const char *name, struct dnc_error *err)
{
	const struct dnc_role *other = find(roles, DNC_STR("other"));
	struct dnc_role *role = find(roles, dnc_str(name));

	if (role)
		return role;
	if (!*name || strlen(name) > DNC_ROLE_NAME_BYTES || roles->count == ROLES_MAX) {
		dnc_error_set(err, EINVAL, "%s",
			roles->count == ROLES_MAX ? "more than 64 roles"
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
	if (other)
		*role = *other; /* but what it sees */
	role->sees = NULL;
	role->mask = dnc_mask_ref(role->mask);
	snprintf(role->name, sizeof role->name, "%s", name);
	return roles->role[roles->count++] = role;
}

/* Sets the collected value: the last of its lines has been read. */
static bool set_value(struct dnc_roles *roles)
{
	int rc = 0;

	if (roles->open) {
		dnc_buf_chr(&roles->value, '\0');
		rc = dnc_buf_ok(&roles->value)
		             ? set(roles->open, roles->key, roles->value.p, &roles->err)
		             : dnc_error_nomem(&roles->err);
	}
	if (rc < 0)
		return false;
	roles->open = NULL;
	dnc_buf_clear(&roles->value);
	return true;
}

/* A callback of inih, which returns 0 on an error. The first error is kept. */
static int on_line(void *ctx, const char *section, const char *key, const char *value)
{
	static const char head[] = "role ";
	struct dnc_roles *roles = ctx;
	struct dnc_role *role;

	if (roles->err.message[0])
		return 0;
	if (strncmp(section, head, sizeof head - 1) != 0) {
		dnc_error_set(&roles->err, EINVAL, "\"%s\" is not in a section [role NAME]", key);
		return 0;
	}
	role = find(roles, dnc_str(section + sizeof head - 1));
	if (!role || role != roles->open || strcmp(key, roles->key) != 0) {
		/* Before a role is added: it has the values of "other". */
		if (!set_value(roles) ||
			!(role = add(roles, section + sizeof head - 1, &roles->err)))
			return 0;
		roles->open = role;
		snprintf(roles->key, sizeof roles->key, "%s", key);
	} else {
		dnc_buf_chr(&roles->value, ' ');
	}
	dnc_buf_str(&roles->value, dnc_str(value));
	return 1;
}

static int read_file(struct dnc_roles *roles, const char *path, struct dnc_error *err)
{
	struct ini_lines lines = {.file = dnc_file_open_stream(path, err)};
	int line;

	if (!lines.file)
		return -1;
	line = ini_parse_stream(ini_lines_next, &lines, on_line, roles);
	fclose(lines.file);
	if (lines.err.message[0])
		return dnc_error_set(
			err, lines.err.code, "%s:%u: %s", path, lines.number, lines.err.message);
	if (line == 0 && set_value(roles))
		return 0;
	if (!roles->err.message[0])
		return dnc_error_set(err, EINVAL,
			"%s:%d: expected [role NAME], key = value, or a line that starts with a blank "
			"and continues a value",
			path, line);
	/* A value is checked when the next key is read, so the line number would be wrong. */
	return dnc_error_set(err, EINVAL, "%s: [role %s] %s: %.120s", path,
		roles->open ? roles->open->name : "?", roles->key, roles->err.message);
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

		if (!role || set_sees(role, built_in[i].sees, err) < 0)
			goto fail;
		role->permissions = built_in[i].permissions;
		role->per_minute = built_in[i].per_minute;
		role->burst = built_in[i].burst;
	}
	if (!path || read_file(roles, path, err) == 0) {
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
	dnc_buf_free(&roles->value);
	free(roles);
}
