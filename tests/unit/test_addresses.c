/* Several addresses in one text: in options, in rules, and as what must not be an input, too. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include "base/addresses.h"
#include "base/buf.h"
#include "base/route.h"
#include "base/target.h"

static void a_separator_is_one_only_where_an_address_begins_behind_it(void **state)
{
	static const struct {
		const char *text, *parts; /* with blanks between */
	} cases[] = {{"unix:a", "unix:a"}, {"unix:a,unix:b", "unix:a unix:b"},
		{"unix:a,b,unix:c", "unix:a,b unix:c"}, {"unix:a,", "unix:a,"},
		{"unix:a,fd:1,https://h", "unix:a fd:1 https://h"},
		{"unix:a,,unix:b", "unix:a unix:b"}, {"unix:a,mode=0660", "unix:a,mode=0660"},
		{"unix:a,unix", "unix:a,unix"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_str rest = dnc_str(cases[i].text);
		struct dnc_buf got = {0};

		while (rest.n) {
			if (got.n)
				dnc_buf_chr(&got, ' ');
			dnc_buf_str(&got, dnc_address_next_of_all(&rest));
		}
		dnc_buf_chr(&got, '\0');
		assert_string_equal(got.p, cases[i].parts);
		dnc_buf_free(&got);
	}
}

static void a_route_has_one_address_or_several_sockets(void **state)
{
	static const struct {
		const char *name, *address; /* NULL: refused */
	} cases[] = {{"unix:a", "unix:/d/a"}, {"unix:a,unix:/b//c", "unix:/d/a,unix:/b/c"},
		{"unix:./a,unix:x/./b,unix:c", "unix:/d/a,unix:/d/x/b,unix:/d/c"},
		{"unix:a,b", "unix:/d/a,b"}, {"file:a,b", "file:/d/a,b"},
		{"exec:cat a,unix:b", "exec:cat a,unix:b"}, {"unix:a,file:b", NULL},
		{"unix:a,unix:", NULL}, {"unix:", NULL}};
	struct dnc_route route;
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int rc = dnc_route_read(&route, dnc_str(cases[i].name), DNC_STR("/d/"), &err);

		if ((rc == 0) != (cases[i].address != NULL))
			fail_msg("%s", cases[i].name);
		if (rc == 0)
			assert_string_equal(route.address, cases[i].address);
		else
			assert_int_equal(err.code, EINVAL);
		dnc_route_finish(&route);
	}
}

static void one_of_several_sockets_is_enough_to_meet(void **state)
{
	(void)state;
	assert_true(dnc_target_meets("unix:/tmp/a", "unix:/tmp/a"));
	assert_true(dnc_target_meets("unix:/tmp/x,unix:/tmp/a", "unix:/tmp/./a"));
	assert_true(dnc_target_meets("unix:/tmp/a", "unix:/tmp/x,unix:/tmp/a"));
	assert_true(dnc_target_meets("unix:/none/y,unix:/tmp/b", "unix:/none/z,unix:/tmp/b"));
	assert_false(dnc_target_meets("unix:/tmp/x,unix:/tmp/y", "unix:/tmp/a,unix:/tmp/b"));
	assert_false(dnc_target_meets("unix:/none/a", "unix:/none/a"));
	/* The names of files are as they are. */
	assert_false(dnc_target_meets("/tmp/a,unix:/tmp/b", "unix:/tmp/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_separator_is_one_only_where_an_address_begins_behind_it),
		cmocka_unit_test(a_route_has_one_address_or_several_sockets),
		cmocka_unit_test(one_of_several_sockets_is_enough_to_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
