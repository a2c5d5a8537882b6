#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "auth/roles.h"

static struct dnc_roles *load(const char *text, struct dnc_error *err)
{
	char path[] = "/tmp/dnc-roles-XXXXXX";
	struct dnc_roles *roles;
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	roles = dnc_roles_load(path, err);
	unlink(path);
	return roles;
}

static void a_file_changes_what_is_built_in(void **state)
{
	struct dnc_error err;
	struct dnc_roles *roles = load("[role operator]\nrate = 600/min\n\n"
				       "[role night]\npermissions = dnc:read,\n dnc:stream\n"
				       "sees = {\"event_types\": [\"dnc.number.*\"]}\nburst = 7\n",
		&err);
	const struct dnc_role *role;

	(void)state;
	assert_non_null(roles);
	role = dnc_roles_find(roles, DNC_STR("operator"));
	assert_int_equal(role->per_minute, 600);
	assert_int_equal(role->burst, 200);
	assert_true(role->permissions & DNC_MAY_READ_TELEPHONY);
	assert_int_equal(dnc_role_types(role, role->permissions),
		((1u << DNC_TYPES) - 1) & ~(1u << DNC_COMPLIANCE_VIOLATION));
	role = dnc_roles_find(roles, DNC_STR("night"));
	assert_int_equal(role->permissions, DNC_MAY_READ | DNC_MAY_STREAM);
	assert_int_equal(role->burst, 7);
	assert_int_equal(dnc_filter_types(role->sees),
		1u << DNC_NUMBER_SUPPRESSED | 1u << DNC_NUMBER_RELEASED);
	assert_string_equal(dnc_roles_find(roles, DNC_STR("nobody"))->name, "other");
	assert_int_equal(dnc_roles_find(roles, DNC_STR("nobody"))->permissions, 0);
	assert_int_equal(
		dnc_role_types(dnc_roles_find(roles, DNC_STR("publisher")), DNC_MAY_ALL), 0);
	dnc_roles_free(roles);
}

#define LONG                                                                                       \
	"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"9012345678901234567890123456789012345678901234567890123456789012345678901234567890123456" \
	"789012345678901234567"

#define FIELD "event_data.a_field_with_a_name_that_is_long_"
#define NAME  "a_name_of_forty_one_bytes_has_some_words_"
#define LONGISH                                                                                    \
	"12345678901234567890123456789012345678901234567890123456789012345678901234567890123"

static void what_is_wrong_in_a_file_is_told(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"[role 12345678901234567890123456789012345678901234]\nburst = 5\n",
			"must have 1 to 43 bytes"},
		{"[role a]\npermissions = dnc:raed\n", "unknown permission \"dnc:raed\""},
		{"[role a]\nsees = {\"colour\":1}\n", "[role a] sees: "},
		{"[role a]\nsees = {\"phone_patterns\":[\".*.*.*.*[ab]\"]}\n",
			"[role a] sees: phone_patterns[0]: the pattern takes too much work for what a role sees"},
		{"[role a]\nshows = id\n", "[role a] shows: \"id\" is in every event"},
		{"[role a]\nhides = seq\n", "[role a] hides: \"seq\" is in every event"},
		{"[role a]\nrate = fast\n", "\"fast\" is not a number like 100/min"},
		{"[role a]\nrates = 5/min\n",
			"unknown key \"rates\": must be permissions, sees, shows, hides, rate or burst"},
		{"rate = 5/min\n", ":1: \"rate\" is not in a section [role NAME] or [filter NAME]"},
		{"[role a]\nburst = 5\nrate = fast\nburst = 5\n", ":3: [role a] rate: \"fast\""},
		{"[filter a]\nfilter = {\"colour\":1}\n", ":2: [filter a] filter: "},
		{"[filter a]\nabout = x\nfilter = {\"phone_patterns\":\n [\"(\"]}\nroles = admin\n",
			":3: [filter a] filter: phone_patterns[0]: "},
		{"[filter a]\nfilter = all\n", "must be one filter in JSON, {...}"},
		{"[filter a]\nfilter = [{}]\n", "must be one filter in JSON, {...}"},
		{"[filter a]\nfilter =\n", "must be one filter in JSON, {...}"},
		{"[filter a]\nabout = x\n", "[filter a] the key filter is missing"},
		{"[filter a]\n", "[filter a] the key filter is missing"},
		{"[filter a]\nfilter = {}\nroles = admin nobody\n",
			"[filter a] roles: there is no role \"nobody\""},
		{"[filter a]\nroles =\n", "names no role"},
		{"[filter a]\nroles = ,\n", "names no role"},
		{"[filter a]\nsees = all\n",
			"unknown key \"sees\": must be filter, about or roles"},
		{"[filter a]\nabout = \xff\n", ":2: [filter a] about: must be text without"},
		{"[filter a]\nabout = \033[1m\n", "[filter a] about: must be text without"},
		{"[filter a]\nabout = a;b\n", "[filter a] about: must be text without"},
		{"[filter a]\nabout = " LONGISH "\n " LONGISH "\n", "longer than 160 bytes"},
		{"[filter ]\nfilter = {}\n", "must have 1 to 41 bytes"},
		{"[filter 123456789012345678901234567890123456789012]\nfilter = {}\n",
			":1: [filter 123456789012345678901234567890123456789012] "
			"the name of a filter must have 1 to 41 bytes"},
		{"[role a]\nburst = 0\n", "\"0\" is not a number"},
		{"[role a]\nburst = 5x\n", "\"5x\" is not a number"},
		{"[role ]\nburst = 5\n", "must have 1 to 43 bytes"},
		{"[role 123456789012345678901234567890123456789012345678]\nburst = 5\n",
			":1:2: the name of the section is longer than 49 bytes"},
		{"[roles]\n", ":1: the section [roles] is not [role NAME]"},
		{"[role a]\nrate = fast\nburst = 5\n", "[role a] rate: "},
		{"[role a]\nshows =;x\n", "must not contain ; or #"},
		{"[role a]\nshows = a;x\n", "must not contain ; or #"},
		{"[role a]\nshows = a #x\n", "must not contain ; or #"},
		{"[role a]\nhides =;x\n", "must not contain ; or #"},
		{"[role a]\nhides = a#x\n", "must not contain ; or #"},
		{"[role a]\nnonsense\n", ":2:1: expected [SECTION]"},
		{"[role a]\npermissions = dnc:read\n  hides = phone_number\n",
			":3:3: starts with a blank and so continues the value of \"permissions\""},
		{"[role a] burst = 5\n", ":1:10: text after \"]\""},
		{"[role a]; x\n", ":1:9: text after \"]\""},
		{"[role a]\nsees = all\n [role b]\n", ":3:2: starts with a blank and so"},
		/* What libinih would take as a line of its own. */
		{"[role a]\n; " LONG "burst = 999\n", ":2:199: a comment is longer than 198 bytes"},
		{"[role a]\nburst = 5\n; " LONG "\n", ":3:199: a comment is longer than 198 bytes"},
		{"[role a]\rburst = 5\r", ":1:9: a carriage return without a line feed"},
		{"[role a]\nburst = 5", ":2:10: the last line does not end with a line feed"},
		{"[role a]\nburst = 5\r", ":2:10: a carriage return without a line feed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;

		assert_null(load(cases[i].text, &err));
		assert_int_equal(err.code, EINVAL);
		if (!strstr(err.message, cases[i].part))
			fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
	}
}

static void filters_have_names_and_are_offered_to_roles(void **state)
{
	struct dnc_error err;
	struct dnc_roles *roles =
		load("[filter night]\nfilter = {\"event_types\":\n  [\"dnc.number.*\"]}\n"
		     "about = What wakes\n people\nroles = operator, late\n"
		     "[role late]\nburst = 5\n[filter all]\nfilter = {}\n",
			&err);
	const struct dnc_named_filter *night, *all;

	(void)state;
	if (!roles)
		fail_msg("%s", err.message);
	night = dnc_roles_filter(roles, 0);
	all = dnc_roles_filter(roles, 1);
	assert_null(dnc_roles_filter(roles, 2));
	assert_string_equal(night->name, "night");
	assert_string_equal(night->about, "What wakes people");
	assert_int_equal(dnc_filter_types(night->filter),
		1u << DNC_NUMBER_SUPPRESSED | 1u << DNC_NUMBER_RELEASED);
	assert_string_equal(all->about, "");
	assert_true(dnc_roles_offer(roles, all, dnc_roles_find(roles, DNC_STR("admin"))));
	assert_true(dnc_roles_offer(roles, night, dnc_roles_find(roles, DNC_STR("late"))));
	assert_true(dnc_roles_offer(roles, night, dnc_roles_find(roles, DNC_STR("operator"))));
	assert_false(dnc_roles_offer(roles, night, dnc_roles_find(roles, DNC_STR("admin"))));
	assert_false(dnc_roles_offer(roles, night, dnc_roles_find(roles, DNC_STR("nobody"))));
	dnc_roles_free(roles);
}

/* Each name once: a section may come twice. */
static void there_are_64_named_filters_at_most(void **state)
{
	struct dnc_error err;
	struct dnc_buf text = {0};
	struct dnc_roles *roles;

	(void)state;
	for (int i = 0; i < DNC_NAMED_FILTERS_MAX; i++)
		dnc_buf_printf(&text, "[filter f%d]\nfilter = {}\n", i);
	dnc_buf_lit(&text, "[filter f7]\nabout = again\n");
	dnc_buf_chr(&text, '\0');
	roles = load(text.p, &err);
	assert_non_null(roles);
	assert_string_equal(dnc_roles_filter(roles, 7)->about, "again");
	dnc_roles_free(roles);
	text.n--;
	dnc_buf_lit(&text, "[filter one-more]\nfilter = {}\n");
	dnc_buf_chr(&text, '\0');
	assert_null(load(text.p, &err));
	assert_non_null(strstr(err.message, "more than 64 filters"));
	dnc_buf_free(&text);
}

static void values_take_all_their_forms(void **state)
{
	struct dnc_error err;
	struct dnc_roles *roles =
		load("[role 1234567890123456789012345678901234567890123]\nburst = 5\n"
		     "[role a]\nrate = none\nsees = nothing\npermissions =\n"
		     "[role admin]\nrate = 30/min\n"
		     "[role security]\nsees = all\n",
			&err);
	const struct dnc_role *role;

	(void)state;
	assert_non_null(roles);
	assert_string_equal(
		dnc_roles_find(roles, DNC_STR("1234567890123456789012345678901234567890123"))->name,
		"1234567890123456789012345678901234567890123");
	role = dnc_roles_find(roles, DNC_STR("a"));
	assert_int_equal(role->per_minute, 0);
	assert_int_equal(role->permissions, 0);
	assert_true(role->sees_nothing);
	role = dnc_roles_find(roles, DNC_STR("admin"));
	assert_int_equal(role->burst, 60); /* twice the rate, because it had none */
	assert_null(dnc_roles_find(roles, DNC_STR("security"))->sees);
	dnc_roles_free(roles);
	dnc_roles_free(NULL);
}

/* Nothing more would be shown by the role: other roles must not be refused with it. */
static void hiding_what_is_not_shown_is_no_fault(void **state)
{
	struct dnc_error err;
	struct dnc_roles *roles = load("[role a]\nhides = notes, provider\n", &err);

	(void)state;
	if (!roles)
		fail_msg("%s", err.message);
	assert_true(dnc_str_eq(dnc_mask_hides(dnc_roles_find(roles, DNC_STR("a"))->mask),
		DNC_STR("notes, provider")));
	dnc_roles_free(roles);
}

static void a_role_shows_and_hides_fields(void **state)
{
	struct dnc_error err;
	struct dnc_roles *roles = load("[role a]\nshows = list_name,\n event_data.batch\n"
				       "hides = provider\n[role b]\nhides =\nshows =\n"
				       "[role other]\nhides = source\n[role c]\nburst = 5\n",
		&err);
	char *text = NULL;
	size_t n = 0;
	FILE *to;

	(void)state;
	if (!roles)
		fail_msg("%s", err.message);
	assert_true(dnc_str_eq(dnc_mask_shows(dnc_roles_find(roles, DNC_STR("a"))->mask),
		DNC_STR("list_name, event_data.batch")));
	assert_null(dnc_roles_find(roles, DNC_STR("b"))->mask);
	assert_ptr_equal(dnc_roles_find(roles, DNC_STR("c"))->mask,
		dnc_roles_find(roles, DNC_STR("other"))->mask);
	to = open_memstream(&text, &n);
	dnc_roles_print(roles, to);
	fclose(to);
	assert_non_null(strstr(text, "shows = list_name, event_data.batch\nhides = provider\n"));
	dnc_roles_free(roles);
	roles = load(text, &err);
	if (!roles)
		fail_msg("%s", err.message);
	assert_true(dnc_str_eq(
		dnc_mask_hides(dnc_roles_find(roles, DNC_STR("c"))->mask), DNC_STR("source")));
	dnc_roles_free(roles);
	free(text);
}

static void there_are_64_roles_at_most(void **state)
{
	char text[4096];
	size_t n = 0;
	struct dnc_roles *roles;
	struct dnc_error err;

	(void)state;
	for (int i = 0; i < 56; i++) /* beside the eight that are built in */
		n += (size_t)sprintf(text + n, "[role r%d]\nburst = 5\n", i);
	roles = load(text, &err);
	assert_non_null(roles);
	assert_string_equal(dnc_roles_find(roles, DNC_STR("r55"))->name, "r55");
	dnc_roles_free(roles);
	strcpy(text + n, "[role more]\nburst = 5\n");
	assert_null(load(text, &err));
	assert_non_null(strstr(err.message, "more than 64 roles"));
}

static void printed_roles_are_read_back(void **state)
{
	char text[16384] = "", again[16384] = "";
	struct dnc_error err;
	struct dnc_roles *roles = load(
		"[role a]\nsees = {\"providers\":[\"x\"]}\n"
		"[role long]\nsees = {\"providers\":[\"" LONGISH "\",\n"
		" \"" LONGISH "\",\"a,b:c\",\n \"a\\\"\\u003b,\",\"b \\u003bc\"]}\n"
		"shows = provider, " FIELD "a, " FIELD "b,\n " FIELD "c " FIELD "d:1\n"
		" " FIELD "e " FIELD "f\n , [n]\n"
		"hides = source, " FIELD "g, " FIELD "h\n , n=1, " FIELD "i, " FIELD "j\n , n:\n"
		"[filter x]\nfilter = {\"providers\":[\"" LONGISH "\",\n"
		" \"" LONGISH "\",\"a,b:c\",\n \"a\\\"\\u003b,\"]}\nroles = long, a\n"
		"[filter y]\nfilter = {}\nabout = ; why\n " LONGISH "\nabout = ; more\n"
		"[role " NAME "a]\n[role " NAME "b]\n[role k=v]\n"
		"[role " NAME "c]\n[role " NAME "d]\n[role #]\n"
		"[filter z]\nfilter = {}\nroles = k=v, #, " NAME "a " NAME "b\n , " NAME "c, " NAME
		"d\n",
		&err);
	FILE *f = fmemopen(text, sizeof text, "w");

	(void)state;
	if (!roles)
		fail_msg("%s", err.message);
	dnc_roles_print(roles, f);
	fclose(f);
	dnc_roles_free(roles);
	roles = load(text, &err);
	if (!roles)
		fail_msg("%s", err.message);
	f = fmemopen(again, sizeof again, "w");
	dnc_roles_print(roles, f);
	fclose(f);
	assert_int_equal(dnc_filter_count(dnc_roles_find(roles, DNC_STR("long"))->sees), 1);
	dnc_roles_free(roles);
	assert_string_equal(text, again);
	assert_non_null(strstr(text, "[role a]\npermissions =\nsees = {\"providers\":[\"x\"]}\n"
				     "rate = 100/min\nburst = 200\n"));
	assert_non_null(strstr(text, "]}\nroles = a, long\n\n[filter y]\nfilter = {}\n"
				     "about = " LONGISH "\n"));
}

/* A role that stands before the role "other" has its values, too: otherwise it would see what its author meant to hide. */
static void a_role_has_the_values_of_other_wherever_it_stands(void **state)
{
	static const char other[] = "[role other]\nsees = nothing\nhides = provider, source\n"
				    "permissions = dnc:read\nrate = 7/min\nburst = 9\n",
			  a[] = "[role a]\nburst = 5\n", b[] = "[role b]\nhides =\nsees = all\n";
	const char *const orders[][3] = {{other, a, b}, {a, b, other}, {b, other, a}};
	char text[400], *printed[3];
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct dnc_roles *roles;
		const struct dnc_role *role;
		size_t n;
		FILE *f;

		snprintf(text, sizeof text, "%s%s%s", orders[i][0], orders[i][1], orders[i][2]);
		roles = load(text, &err);
		if (!roles)
			fail_msg("%s", err.message);
		role = dnc_roles_find(roles, DNC_STR("a"));
		assert_true(role->sees_nothing && role->permissions == DNC_MAY_READ);
		assert_true(role->per_minute == 7 && role->burst == 5);
		assert_true(dnc_str_eq(dnc_mask_hides(role->mask), DNC_STR("provider, source")));
		role = dnc_roles_find(roles, DNC_STR("b"));
		assert_true(!role->sees_nothing && role->burst == 9);
		assert_int_equal(dnc_mask_hides(role->mask).n, 0);
		f = open_memstream(&printed[i], &n);
		dnc_roles_print(roles, f);
		fclose(f);
		dnc_roles_free(roles);
		roles = load(printed[i], &err);
		if (!roles)
			fail_msg("%s", err.message);
		role = dnc_roles_find(roles, DNC_STR("b"));
		assert_int_equal(dnc_mask_hides(role->mask).n, 0);
		dnc_roles_free(roles);
		free(printed[i]);
	}
}

static void permissions_have_names(void **state)
{
	struct dnc_buf json = {0};

	(void)state;
	for (int i = 0; i < DNC_PERMISSIONS; i++)
		assert_int_equal(dnc_permission_from_name(dnc_permission_names[i]), 1u << i);
	assert_int_equal(dnc_permission_from_name(DNC_STR("dnc:rea")), 0);
	dnc_permissions_write(&json, DNC_MAY_READ | DNC_MAY_PUBLISH);
	assert_true(dnc_str_eq(dnc_buf_view(&json), DNC_STR("[\"dnc:read\",\"dnc:publish\"]")));
	dnc_buf_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_changes_what_is_built_in),
		cmocka_unit_test(what_is_wrong_in_a_file_is_told),
		cmocka_unit_test(filters_have_names_and_are_offered_to_roles),
		cmocka_unit_test(there_are_64_named_filters_at_most),
		cmocka_unit_test(values_take_all_their_forms),
		cmocka_unit_test(hiding_what_is_not_shown_is_no_fault),
		cmocka_unit_test(a_role_shows_and_hides_fields),
		cmocka_unit_test(there_are_64_roles_at_most),
		cmocka_unit_test(printed_roles_are_read_back),
		cmocka_unit_test(a_role_has_the_values_of_other_wherever_it_stands),
		cmocka_unit_test(permissions_have_names),
	};

	return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
