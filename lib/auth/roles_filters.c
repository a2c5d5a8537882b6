/* roles_filters.c - the sections of named filters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "priv/roles.h"

static struct dnc_named_filter *find(const struct dnc_roles *roles, const char *name)
{
	for (size_t i = 0; i < roles->filter_count; i++)
		if (strcmp(roles->filter[i]->name, name) == 0)
			return roles->filter[i];
	return NULL;
}

struct dnc_named_filter *named_filter_add(
	struct dnc_roles *roles, const char *name, struct dnc_error *err)
{
	struct dnc_named_filter *f = find(roles, name);
	const char *fault = roles->filter_count == DNC_NAMED_FILTERS_MAX ? "more than 64 filters"
	                    : !*name || strlen(name) > DNC_NAMED_FILTER_BYTES
	                            ? "the name of a filter must have 1 to 41 bytes"
	                    : !dnc_escape_none(dnc_str(name), DNC_ESCAPE_TEXT)
	                            ? "the name of a filter must not contain control characters"
	                            : NULL;

	if (f)
		return f;
	if (fault) {
		dnc_error_set(err, EINVAL, "%s", fault);
		return NULL;
	}
	f = calloc(1, sizeof *f);
	if (!f) {
		dnc_error_nomem(err);
		return NULL;
	}
	snprintf(f->name, sizeof f->name, "%s", name);
	return roles->filter[roles->filter_count++] = f;
}

static int set_filter(struct dnc_named_filter *f, const char *text, struct dnc_error *err)
{
	const struct dnc_filter *filter;

	if (strlen(text) > DNC_NAMED_FILTER_TEXT)
		return dnc_error_set(err, EINVAL, "longer than %d bytes", DNC_NAMED_FILTER_TEXT);
	if (text[strspn(text, " \t")] != '{')
		return dnc_error_set(err, EINVAL, "must be one filter in JSON, {...}");
	filter = dnc_filter_compile_text(text, strlen(text), err);
	if (!filter)
		return -1;
	dnc_filter_unref(f->filter);
	f->filter = filter;
	return 0;
}

/* What is printed must be read as the same: a blank and a semicolon start a comment. */
static int set_about(struct dnc_named_filter *f, const char *text, struct dnc_error *err)
{
	struct dnc_str s = dnc_str(text);

	if (s.n > DNC_NAMED_FILTER_ABOUT)
		return dnc_error_set(err, EINVAL, "longer than %d bytes", DNC_NAMED_FILTER_ABOUT);
	if (!dnc_escape_none(s, DNC_ESCAPE_TEXT) || strchr(text, ';'))
		return dnc_error_set(
			err, EINVAL, "must be text without control characters and semicolons");
	snprintf(f->about, sizeof f->about, "%s", text);
	return 0;
}

/* The roles may stand behind it in the file. */
static int set_roles(struct dnc_named_filter *f, const char *text, struct dnc_error *err)
{
	if (!text[strspn(text, " ,\t")])
		return dnc_error_set(err, EINVAL,
			"names no role: leave it out to offer the filter to all roles");
	free(f->role_names);
	f->role_names = strdup(text);
	return f->role_names ? 0 : dnc_error_nomem(err);
}

int named_filter_set(
	struct dnc_named_filter *f, const char *key, const char *value, struct dnc_error *err)
{
	if (strcmp(key, "filter") == 0)
		return set_filter(f, value, err);
	if (strcmp(key, "about") == 0)
		return set_about(f, value, err);
	if (strcmp(key, "roles") == 0)
		return set_roles(f, value, err);
	return dnc_error_set(
		err, EINVAL, "unknown key \"%s\": must be filter, about or roles", key);
}

static int find_roles(
	const struct dnc_roles *roles, struct dnc_named_filter *f, struct dnc_error *err)
{
	const char *text = f->role_names;

	for (size_t n; text && *(text += strspn(text, " ,\t")); text += n) {
		size_t i = 0;

		n = strcspn(text, " ,\t");
		while (i < roles->count &&
			!dnc_str_eq(dnc_str(roles->role[i]->name), (struct dnc_str){text, n}))
			i++;
		if (i == roles->count)
			return dnc_error_set(
				err, EINVAL, "roles: there is no role \"%.*s\"", (int)n, text);
		f->roles |= UINT64_C(1) << i;
	}
	free(f->role_names);
	f->role_names = NULL;
	return 0;
}

int named_filter_complete(
	const struct dnc_roles *roles, struct dnc_named_filter *f, struct dnc_error *err)
{
	if (!f->filter)
		return dnc_error_set(err, EINVAL, "the key filter is missing");
	return find_roles(roles, f, err);
}

const struct dnc_named_filter *dnc_roles_filter(const struct dnc_roles *roles, size_t index)
{
	return index < roles->filter_count ? roles->filter[index] : NULL;
}

bool dnc_roles_offer(const struct dnc_roles *roles, const struct dnc_named_filter *f,
	const struct dnc_role *role)
{
	for (size_t i = 0; i < roles->count && f->roles; i++)
		if (roles->role[i] == role)
			return f->roles >> i & 1;
	return !f->roles;
}

void named_filter_free(struct dnc_named_filter *f)
{
	dnc_filter_unref(f->filter);
	free(f->role_names);
	free(f);
}
