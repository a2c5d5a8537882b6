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

/* Fields separated by ", ". Where one stands the next line may start, and nowhere else. */
static void print_list(struct dnc_str list, FILE *to)
{
	for (size_t i = 0, column = 0; i < list.n; i++, column++) {
		if (list.p[i] == ' ' && column > WIDTH) {
			fputc('\n', to);
			column = 0;
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

/* As many as a line may have: a name longer than libinih's lines can't be read in one. */
static void print_roles_of(
	const struct dnc_roles *roles, const struct dnc_named_filter *f, FILE *to)
{
	size_t column = 0;

	if (!f->roles)
		return;
	column += (size_t)fprintf(to, "roles =");
	for (size_t i = 0; i < roles->count; i++) {
		if (!(f->roles >> i & 1))
			continue;
		if (column > WIDTH) {
			fputc('\n', to);
			column = 0;
		}
		column += (size_t)fprintf(to, " %s", roles->role[i]->name);
	}
	fputc('\n', to);
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
