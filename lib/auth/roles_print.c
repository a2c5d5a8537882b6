/* roles_print.c - the roles and named filters as a file that they can be read from. */
#include "base/escape.h"
#include "priv/roles.h"

enum { WIDTH = 100 };

/* A line is not longer than libinih reads, as far as commas and colons allow. A blank may follow these only outside of strings;
 * a semicolon, which is in strings alone, would start a comment. */
static void print_json(struct dnc_str json, FILE *to)
{
	bool inside = false;

	for (size_t i = 0, column = 0; i < json.n; i++, column++) {
		char c = json.p[i];

		if (c == ';')
			fprintf(to, "\\u003b");
		else
			fputc(c, to);
		if (c == '\\' && inside && i + 1 < json.n)
			fputc(json.p[++i], to);
		inside ^= c == '"';
		if (!inside && (c == ',' || c == ':') && column > WIDTH) {
			fprintf(to, "\n ");
			column = 0;
		}
	}
}

/* A line that begins with such a name would look like a comment, a key or a section (base/ini.h). */
static bool looks_like_other(const char *name, size_t max)
{
	for (size_t i = 0; i < max && name[i] != ','; i++)
		if (strchr("#;=:[", name[i]))
			return true;
	return false;
}

/* Names separated by ", ". Where one stands the next line may start, and nowhere else. */
static void print_list(struct dnc_str list, FILE *to)
{
	for (size_t i = 0, column = 0; i < list.n; i++, column++) {
		if (list.p[i] == ',' && column > WIDTH) {
			bool other = looks_like_other(list.p + i + 2, list.n - i - 2);

			fprintf(to, other ? "\n , " : ",\n ");
			column = 0;
			i++;
			continue;
		}
		fputc(list.p[i], to);
	}
}

/* Nothing if VALUE is empty and so is DEFAULTS, what it is if omitted. */
static void print_value(const char *key, struct dnc_str value, struct dnc_str defaults,
	void (*print)(struct dnc_str value, FILE *to), FILE *to)
{
	struct dnc_buf visible = {0};

	if (!value.n && !defaults.n)
		return;
	dnc_escape(&visible, value, DNC_ESCAPE_JSON);
	fprintf(to, "%s = ", key);
	print(dnc_buf_view(&visible), to);
	fputc('\n', to);
	dnc_buf_free(&visible);
}

static void print_roles_of(
	const struct dnc_roles *roles, const struct dnc_named_filter *f, FILE *to)
{
	struct dnc_buf names = {0};

	for (size_t i = 0; i < roles->count; i++)
		if (f->roles >> i & 1)
			dnc_buf_printf(&names, "%s%s", names.n ? ", " : "", roles->role[i]->name);
	print_value("roles", dnc_buf_view(&names), DNC_STR(""), print_list, to);
	dnc_buf_free(&names);
}

static void print_filter(const struct dnc_roles *roles, const struct dnc_named_filter *f, FILE *to)
{
	struct dnc_str text = dnc_filter_text(f->filter);

	fprintf(to, "\n[filter %s]\n", f->name);
	print_value("filter", text, text, print_json, to);
	if (f->about[0])
		fprintf(to, "about = %s\n", f->about);
	print_roles_of(roles, f, to);
}

void dnc_roles_print(const struct dnc_roles *roles, FILE *to)
{
	const struct dnc_role *other = dnc_roles_find(roles, DNC_STR("other"));

	for (size_t i = 0; i < roles->count; i++) {
		const struct dnc_role *role = roles->role[i];
		struct dnc_str sees = role->sees           ? dnc_filter_text(role->sees)
		                      : role->sees_nothing ? DNC_STR("nothing")
		                                           : DNC_STR("all");

		fprintf(to, "%s[role %s]\npermissions =", i ? "\n" : "", role->name);
		for (int p = 0; p < DNC_PERMISSIONS; p++)
			if (role->permissions & 1u << p)
				fprintf(to, " %s", dnc_permission_names[p].p);
		fputc('\n', to);
		print_value("sees", sees, sees, print_json, to);
		print_value("shows", dnc_mask_shows(role->mask), dnc_mask_shows(other->mask),
			print_list, to);
		print_value("hides", dnc_mask_hides(role->mask), dnc_mask_hides(other->mask),
			print_list, to);
		if (role->per_minute)
			fprintf(to, "rate = %u/min\nburst = %u\n", role->per_minute, role->burst);
		else
			fprintf(to, "rate = none\n");
	}
	for (size_t i = 0; i < roles->filter_count; i++)
		print_filter(roles, roles->filter[i], to);
}
