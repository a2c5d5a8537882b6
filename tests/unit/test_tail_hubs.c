/* dnc-tail's hubs: addresses, what follows from a failure, and which hub is next. */
#include "unit.h"
#include "../../cmd/dnc-tail/address.c"
#include "../../cmd/dnc-tail/failure.c"
#include "../../cmd/dnc-tail/hubs.c"

static void addresses_are_read_and_written(void **state)
{
	static const struct {
		const char *url, *written; /* NULL: invalid */
	} rows[] = {
		{"ws://a", "ws://a:80/ws/dnc"},
		{"wss://a/", "wss://a:443/ws/dnc"},
		{"ws://127.0.0.1:8080/x?since=1", "ws://127.0.0.1:8080/x?since=1"},
		{"wss://[::1]:9/p", "wss://[::1]:9/p"},
		{"ws://[::1]", "ws://[::1]:80/ws/dnc"},
		{"http://a", NULL},
		{"ws://", NULL},
		{"ws://:80", NULL},
		{"ws://a:0", NULL},
		{"ws://a:65536", NULL},
		{"ws://a:1x/", NULL},
		{"ws://a/p,ws://b/p", NULL},
		{"ws://a:80,wss://b:443", NULL},
		{"wss://a/p,q", "wss://a:443/p,q"},
		{"", NULL},
	};
	char text[ADDRESS_TEXT];
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct address a;
		int rc = address_read(&a, rows[i].url, &err);

		assert_int_equal(rc, rows[i].written ? 0 : -1);
		if (rc < 0) {
			assert_int_equal(err.code, EINVAL);
			assert_memory_equal(err.message, rows[i].url, strlen(rows[i].url));
			continue;
		}
		address_write(&a, text);
		assert_string_equal(text, rows[i].written);
	}
}

static void each_failure_says_what_follows(void **state)
{
	static const struct {
		struct attempt a;
		enum dnc_exit rc;
		enum failure_next next;
		const char *text;
	} rows[] = {
		{{.alert = -1}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "no program accepts"},
		{{.timed_out = true}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "no answer within"},
		{{.unknown_name = true}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "has no address"},
		{{.is_tls = true, .requested = true}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "wss://"},
		{{.requested = true}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "without an answer"},
		{{.status = 301}, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, "redirects"},
		{{.status = 401}, DNC_EXIT_NOPERM, FAILURE_DENIED, "authentication required"},
		{{.status = 403}, DNC_EXIT_NOPERM, FAILURE_DENIED, "access denied"},
		{{.status = 404}, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, "the server has no /p"},
		{{.status = 408}, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "408"},
		{{.status = 422}, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, "422"},
		{{.status = 429}, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "429"},
		{{.status = 500}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "500"},
		{{.status = 502}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "proxy"},
		{{.status = 503}, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "503"},
		{{.status = 200}, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, "did not answer as a hub"},
		/* A connection that worked is tried at the same hub first, unless the hub says that it is of no use. */
		{{.established = true, .confirmed = true}, DNC_EXIT_UNAVAILABLE, FAILURE_AGAIN,
			"closed by the hub"},
		{{.established = true}, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "closed by the hub"},
		{{.established = true, .confirmed = true, .code = 1001}, DNC_EXIT_UNAVAILABLE,
			FAILURE_NEXT, "closed by the hub"},
		{{.established = true, .confirmed = true, .code = 1008}, DNC_EXIT_UNAVAILABLE,
			FAILURE_AGAIN, "closed by the hub"},
		{{.established = true, .confirmed = true, .code = 1013}, DNC_EXIT_UNAVAILABLE,
			FAILURE_NEXT, "closed by the hub"},
		{{.established = true, .confirmed = true, .code = 4410}, DNC_EXIT_UNAVAILABLE,
			FAILURE_AGAIN, "closed by the hub"},
		{{.established = true, .confirmed = true, .code = 4429}, DNC_EXIT_TEMPFAIL,
			FAILURE_NEXT, "closed by the hub"},
		{{.established = true, .code = 4401}, DNC_EXIT_NOPERM, FAILURE_DENIED,
			"authentication required"},
		{{.established = true, .code = 4411}, DNC_EXIT_NOPERM, FAILURE_DENIED, "revoked"},
	};
	struct address address;
	struct failure f;

	(void)state;
	assert_int_equal(address_read(&address, "ws://a/p", NULL), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		failure_explain(&address, false, &rows[i].a, &f);
		assert_int_equal(f.rc, rows[i].rc);
		assert_int_equal(f.next, rows[i].next);
		assert_non_null(strstr(f.text, rows[i].text));
	}
}

static struct hubs hubs_of(size_t count)
{
	static const char *const urls[] = {"ws://a", "ws://b", "ws://c"};
	struct hubs h = {.count = 0};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(hubs_add(&h, urls[i], NULL), 0);
	return h;
}

static struct hubs hubs;
static int64_t pause_ms;

static void fails(int64_t now_ms, enum failure_next what, int64_t wait_ms, enum hubs_next next,
	size_t at, int64_t pause)
{
	struct failure f = {.next = what};

	assert_int_equal(hubs_failed(&hubs, &f, wait_ms, now_ms, &pause_ms), next);
	assert_int_equal(pause_ms, pause);
	assert_int_equal(hubs.at, at);
}

static void one_hub_is_tried_again_unless_its_answer_is_final(void **state)
{
	(void)state;
	hubs = hubs_of(1);
	fails(0, FAILURE_AGAIN, 0, HUBS_SAME, 0, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_ROUND, 0, 0);
	fails(0, FAILURE_NEXT, 5000, HUBS_ROUND, 0, 5000);
	assert_true(hubs_asks_to_wait(&hubs, 0));
	assert_false(hubs_asks_to_wait(&hubs, 5000));
	fails(5000, FAILURE_FINAL, 0, HUBS_END, 0, 0);
	fails(5000, FAILURE_DENIED, 0, HUBS_END, 0, 0);
}

static void several_are_tried_in_their_order_and_then_again(void **state)
{
	(void)state;
	hubs = hubs_of(3);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 1, 0);
	fails(0, FAILURE_FINAL, 0, HUBS_OTHER, 2, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_ROUND, 0, 0);
	assert_false(hubs_asks_to_wait(&hubs, 0));
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 1, 0);
	hubs_confirmed(&hubs);
	/* A lost connection is made again at the same hub; then come the others, the last one's next is the first. */
	fails(0, FAILURE_AGAIN, 0, HUBS_SAME, 1, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 0, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_ROUND, 1, 0);
	/* Who is denied by one does not ask another one. */
	fails(0, FAILURE_DENIED, 0, HUBS_END, 1, 0);
}

static void all_final_is_the_end(void **state)
{
	(void)state;
	hubs = hubs_of(2);
	fails(0, FAILURE_FINAL, 0, HUBS_OTHER, 1, 0);
	fails(0, FAILURE_FINAL, 0, HUBS_END, 1, 0);
}

static void a_hub_that_asks_to_wait_is_passed_over(void **state)
{
	(void)state;
	hubs = hubs_of(3);
	fails(0, FAILURE_NEXT, 10000, HUBS_OTHER, 1, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	fails(100, FAILURE_NEXT, 3000, HUBS_ROUND, 1, 0);
	fails(200, FAILURE_NEXT, 20000, HUBS_ROUND, 2, 2900);
	fails(3100, FAILURE_NEXT, 30000, HUBS_ROUND, 0, 6900);
	fails(10000, FAILURE_NEXT, 0, HUBS_ROUND, 0, 0);
}

static void there_is_room_for_so_many(void **state)
{
	struct hubs h = {.count = 0};
	struct dnc_error err;

	(void)state;
	for (int i = 0; i < HUBS_MAX; i++)
		assert_int_equal(hubs_add(&h, "ws://a", &err), 0);
	assert_int_equal(hubs_add(&h, "ws://a", &err), -1);
	assert_int_equal(err.code, E2BIG);
}

static void those_that_a_hub_names_come_first_and_only_once(void **state)
{
	(void)state;
	hubs = hubs_of(3);
	assert_true(hubs_name(&hubs, "ws://c:80/ws/dnc", HUBS_GIVEN));
	assert_true(hubs_name(&hubs, "ws://a", HUBS_GIVEN)); /* itself: of no use */
	assert_false(hubs_name(&hubs, "ws://d", HUBS_GIVEN));
	assert_int_equal(hubs.count, 3);
	fails(0, FAILURE_NEXT, 5000, HUBS_OTHER, 2, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 1, 0);
	hubs_confirmed(&hubs);
	/* What was named then is of no account now. */
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	hubs = hubs_of(1);
	assert_true(hubs_name(&hubs, "ws://e", HUBS_ANY));
	assert_true(hubs_name(&hubs, "ws://d", HUBS_ANY));
	assert_true(hubs_name(&hubs, "ws://e", HUBS_ANY));
	assert_int_equal(hubs.count, 3);
	fails(0, FAILURE_NEXT, 5000, HUBS_OTHER, 1, 0);
	/* One that the user did not give has no say in whether he may come in. */
	fails(0, FAILURE_DENIED, 0, HUBS_OTHER, 2, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_ROUND, 1, 0);
	hubs.at = 0;
	fails(0, FAILURE_DENIED, 0, HUBS_END, 0, 0);
}

static void those_that_are_known_are_asked_after_those_that_were_given(void **state)
{
	char url[32];

	(void)state;
	hubs = hubs_of(2);
	assert_false(hubs_know(&hubs, "ws://d", HUBS_GIVEN));
	assert_true(hubs_know(&hubs, "ws://d", HUBS_ANY));
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 1, 0);
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	hubs_confirmed(&hubs);
	/* A hub that ends knows better. */
	hubs.at = 0;
	assert_true(hubs_name(&hubs, "ws://d", HUBS_ANY));
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	hubs_confirmed(&hubs);
	/* The newest are kept, and the one in use. */
	for (int i = 0; i < 3 * (HUBS_MAX + HUBS_NAMED_MAX); i++) {
		snprintf(url, sizeof url, "ws://n%d", i);
		assert_true(hubs_know(&hubs, url, HUBS_ANY));
	}
	assert_string_equal(hubs.hub[1].address.host, "b");
	assert_string_equal(hubs_now(&hubs)->address.host, "d");
	for (int i = 3 * (HUBS_MAX + HUBS_NAMED_MAX) - 8; i < 3 * (HUBS_MAX + HUBS_NAMED_MAX);
		i++) {
		size_t count = hubs.count, room = hubs.room;

		snprintf(url, sizeof url, "ws://n%d", i);
		assert_true(hubs_know(&hubs, url, HUBS_ANY));
		assert_int_equal(hubs.count, count);
		assert_int_equal(hubs.room, room); /* it was there */
	}
}

static void named_addresses_must_be_safe(void **state)
{
	static const struct {
		const char *given, *named;
		bool any, with_token; /* what is used */
	} rows[] = {
		{"wss://a", "wss://b", true, true},
		{"wss://a", "ws://b", false, false},
		{"wss://a", "ws://127.0.0.1:1", false, false},
		{"ws://a", "wss://b", true, true},
		{"ws://a", "ws://b", true, false},
		{"ws://a", "ws://localhost", true, false},
		{"ws://a", "ws://127.0.0.1:1", true, true},
		{"ws://a", "ws://[::1]:1", true, true},
		{"ws://a", "http://b", false, false},
		{"wss://a", "wss://user@b", false, false},
		{"wss://a", "wss://b/ws/dnc?since=1", false, false},
		{"wss://a", "wss://b/\r\nhost: c", false, false},
		{"wss://a", "wss://b/ c", false, false},
		{"wss://a", "wss://b\xc3\xa4", false, false},
		{"wss://a", "", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (enum hubs_trust trust = HUBS_GIVEN; trust <= HUBS_ANY_WITH_TOKEN; trust++) {
			struct hubs h = {.count = 0};

			assert_int_equal(hubs_add(&h, rows[i].given, NULL), 0);
			assert_int_equal(hubs_name(&h, rows[i].named, trust),
				trust == HUBS_ANY              ? rows[i].any
				: trust == HUBS_ANY_WITH_TOKEN ? rows[i].with_token
							       : false);
		}
}

static void there_is_room_for_so_many_names_and_old_ones_make_room(void **state)
{
	char url[32];

	(void)state;
	hubs = hubs_of(1);
	for (int i = 1; i < HUBS_MAX + HUBS_NAMED_MAX; i++) {
		snprintf(url, sizeof url, "ws://n%d", i);
		assert_true(hubs_name(&hubs, url, HUBS_ANY));
	}
	assert_false(hubs_name(&hubs, "ws://more", HUBS_ANY));
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 1, 0);
	hubs_confirmed(&hubs);
	/* Not in the place of the one in use, nor of the one that the user gave. */
	assert_true(hubs_name(&hubs, "ws://more", HUBS_ANY));
	assert_int_equal(hubs.count, HUBS_MAX + HUBS_NAMED_MAX);
	assert_string_equal(hubs.hub[0].address.host, "a");
	assert_string_equal(hubs.hub[1].address.host, "n1");
	fails(0, FAILURE_NEXT, 0, HUBS_OTHER, 2, 0);
	assert_string_equal(hubs_now(&hubs)->address.host, "more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(each_failure_says_what_follows),
		cmocka_unit_test(one_hub_is_tried_again_unless_its_answer_is_final),
		cmocka_unit_test(several_are_tried_in_their_order_and_then_again),
		cmocka_unit_test(all_final_is_the_end),
		cmocka_unit_test(a_hub_that_asks_to_wait_is_passed_over),
		cmocka_unit_test(there_is_room_for_so_many),
		cmocka_unit_test(those_that_a_hub_names_come_first_and_only_once),
		cmocka_unit_test(those_that_are_known_are_asked_after_those_that_were_given),
		cmocka_unit_test(named_addresses_must_be_safe),
		cmocka_unit_test(there_is_room_for_so_many_names_and_old_ones_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
