/* Which addresses belong to the loopback. */
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include "base/loopback.h"

static const struct {
	const char *address;
	bool loopback;
} cases[] = {
	{"127.0.0.1", true},
	{"127.255.255.254", true},
	{"::1", true},
	{"0:0:0:0:0:0:0:1", true},
	{"::ffff:127.0.0.1", true},
	{"::ffff:7f00:1", true},
	{"::FFFF:127.9.9.9", true},
	{"126.255.255.255", false},
	{"128.0.0.1", false},
	{"0.0.0.0", false},
	{"1.127.0.0", false},
	{"::", false},
	{"::2", false},
	{"::ffff:128.0.0.1", false},
	{"::ffff:10.0.0.127", false},
	{"::127.0.0.1", false},
	{"64:ff9b::127.0.0.1", false},
	{"fe80::1", false},
};

static void loopback_is_found_in_text(void **state)
{
	static const char *const no_addresses[] = {"", "localhost", "127.", "127.0.0.1.example.org",
		"127.0.0.1:80", "[::1]", "::ffff:127.", "::1x", " 127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (dnc_is_loopback_text(cases[i].address) != cases[i].loopback)
			fail_msg("%s", cases[i].address);
	for (size_t i = 0; i < sizeof no_addresses / sizeof *no_addresses; i++)
		if (dnc_is_loopback_text(no_addresses[i]))
			fail_msg("'%s' is no address", no_addresses[i]);
}

static void loopback_is_found_in_socket_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_in four = {.sin_family = AF_INET};
		struct sockaddr_in6 six = {.sin6_family = AF_INET6};
		bool is_four = inet_pton(AF_INET, cases[i].address, &four.sin_addr) == 1;
		const struct sockaddr *a =
			is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;

		if (!is_four)
			assert_int_equal(inet_pton(AF_INET6, cases[i].address, &six.sin6_addr), 1);
		if (dnc_is_loopback(a) != cases[i].loopback)
			fail_msg("%s", cases[i].address);
	}
}

static void other_families_are_no_loopback(void **state)
{
	const struct sockaddr unix_socket = {.sa_family = AF_UNIX}, none = {.sa_family = AF_UNSPEC};

	(void)state;
	assert_false(dnc_is_loopback(&unix_socket));
	assert_false(dnc_is_loopback(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_found_in_text),
		cmocka_unit_test(loopback_is_found_in_socket_addresses),
		cmocka_unit_test(other_families_are_no_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
