#include "unit.h"
#include <errno.h>
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
	assert_false(dnc_roles_has(roles, DNC_STR("nobody")));
	assert_int_equal(
		dnc_role_types(dnc_roles_find(roles, DNC_STR("publisher")), DNC_MAY_ALL), 0);
	dnc_roles_free(roles);
}

static void what_is_wrong_in_a_file_is_told(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"[role a]\npermissions = dnc:raed\n", "unknown permission \"dnc:raed\""},
		{"[role a]\nsees = {\"colour\":1}\n", "[role a] sees: "},
		{"[role a]\nrate = fast\n", "\"fast\" is not a number like 100/min"},
		{"[role a]\nrates = 5/min\n",
			"unknown key \"rates\": must be permissions, sees, rate or burst"},
		{"rate = 5/min\n", "is not in a section"},
		{"[role a]\nnonsense\n", ":2: expected [role NAME]"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_changes_what_is_built_in),
		cmocka_unit_test(what_is_wrong_in_a_file_is_told),
	};

	return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
