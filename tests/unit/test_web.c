/* The parts of the web server that need no sockets: throttle, limits, deadlines, close reasons. */
#include "unit.h"
#include <arpa/inet.h>
#include <stdio.h>
#include "web/priv/close_reason.h"
#include "web/priv/heartbeat.h"
#include "web/priv/address.h"
#include "web/priv/limits.h"
#include "web/priv/pages.h"
#include "web/priv/throttle.h"

static void the_eleventh_failure_blocks_and_one_is_forgiven_every_six_seconds(void **state)
{
	struct throttle *t = throttle_new();

	(void)state;
	assert_non_null(t);
	for (int i = 0; i < 10; i++)
		throttle_failed(t, "192.0.2.1", 1000);
	assert_false(throttle_blocks(t, "192.0.2.1", 1000));
	throttle_failed(t, "192.0.2.1", 1000);
	assert_true(throttle_blocks(t, "192.0.2.1", 1000));
	assert_true(throttle_blocks(t, "192.0.2.1", 6999));
	assert_false(throttle_blocks(t, "192.0.2.2", 1000)); /* another address */
	assert_false(throttle_blocks(t, "192.0.2.1", 7000));
	throttle_failed(t, "192.0.2.1", 7000);
	assert_true(throttle_blocks(t, "192.0.2.1", 7000));
	assert_false(throttle_blocks(t, "192.0.2.1", 7000 + 11 * 6000));
	throttle_free(t);
}

static void the_oldest_address_is_forgotten_when_the_table_is_full(void **state)
{
	struct throttle *t = throttle_new();
	char address[32];

	(void)state;
	assert_non_null(t);
	for (int i = 0; i < THROTTLE_BURST; i++)
		throttle_failed(t, "first", 0);
	assert_true(throttle_blocks(t, "first", 0));
	for (int i = 0; i < THROTTLE_ADDRESSES - 1; i++) {
		snprintf(address, sizeof address, "2001:db8:0:%x::1", (unsigned)i);
		throttle_failed(t, address, 0);
	}
	assert_true(throttle_blocks(t, "first", 0));
	throttle_failed(t, "last", 0);
	assert_false(throttle_blocks(t, "first", 0));
	throttle_free(t);
	throttle_free(NULL);
}

static void connections_are_limited_in_all_by_address_and_by_subject(void **state)
{
	static const struct {
		const char *address, *subject;
		enum limits_verdict verdict;
	} steps[] = {
		{"a", "x", LIMITS_OK},
		{"a", "y", LIMITS_OK},
		{"a", "z", LIMITS_ADDRESS},
		{"b", "x", LIMITS_OK},
		{"c", "x", LIMITS_SUBJECT},
		{"c", NULL, LIMITS_OK}, /* c was not counted when its subject was refused */
		{"c", NULL, LIMITS_OK},
		{"d", NULL, LIMITS_FULL},
	};
	enum { STEPS = sizeof steps / sizeof steps[0] };
	struct limits *l = limits_new(&(struct dnc_web_limits){5, 2, 2});
	struct limits_slot slots[STEPS];

	(void)state;
	assert_non_null(l);
	assert_int_equal(limits_max(l), 5);
	for (size_t i = 0; i < STEPS; i++) {
		assert_int_equal(limits_enter(l, steps[i].address, steps[i].subject, &slots[i]),
			steps[i].verdict);
		assert_int_equal(slots[i].address != NULL, steps[i].verdict == LIMITS_OK);
	}
	assert_int_equal(limits_count(l), 5);
	limits_leave(l, &slots[0]);
	limits_leave(l, &slots[0]); /* once is enough */
	limits_leave(l, &slots[2]); /* had none */
	assert_int_equal(limits_count(l), 4);
	assert_int_equal(limits_enter(l, "a", "x", &slots[0]), LIMITS_OK);
	for (size_t i = 0; i < STEPS; i++)
		limits_leave(l, &slots[i]);
	assert_int_equal(limits_count(l), 0);
	assert_true(limits_number(l) < limits_number(l));
	limits_free(l);
	limits_free(NULL);
}

static void connections_that_are_no_clients_yet_are_limited_by_address(void **state)
{
	enum { CLIENTS = 200, ALL = CLIENTS + LIMITS_REQUESTS };
	struct limits *l = limits_new(&(struct dnc_web_limits){CLIENTS, 0, 0});
	static struct limits_admission one[LIMITS_WAITING + 1], others[ALL + LIMITS_LOCAL + 1];
	char address[16];
	size_t n = 0;

	(void)state;
	assert_int_equal(limits_wanted(l), ALL + LIMITS_LOCAL);
	for (int i = 0; i < LIMITS_WAITING; i++)
		assert_true(limits_admit(l, "a", &one[i]));
	assert_false(limits_admit(l, "a", &one[LIMITS_WAITING]));
	assert_false(one[LIMITS_WAITING].open);
	/* One becomes a client: another may come. */
	limits_settle(l, &one[0]);
	limits_settle(l, &one[0]);
	assert_true(limits_admit(l, "a", &one[LIMITS_WAITING]));
	/* Others have what is left, but for what is kept for this machine. */
	for (; n < ALL; n++) {
		snprintf(address, sizeof address, "b%zu", n);
		if (!limits_admit(l, address, &others[n]))
			break;
	}
	assert_int_equal(n, ALL - LIMITS_WAITING - 1);
	for (int i = 0; i < LIMITS_LOCAL; i++, n++)
		assert_true(limits_admit(l, NULL, &others[n]));
	assert_false(limits_admit(l, NULL, &others[n]));
	for (size_t i = 0; i <= LIMITS_WAITING; i++)
		limits_release(l, &one[i]);
	limits_release(l, &one[0]); /* once is enough */
	assert_true(limits_admit(l, "a", &one[0]));
	limits_release(l, &one[0]);
	for (size_t i = 0; i < n; i++)
		limits_release(l, &others[i]);
	/* The system may allow fewer. */
	limits_cap(l, LIMITS_LOCAL + 1);
	limits_cap(l, 1000);
	assert_true(limits_admit(l, "a", &one[0]));
	assert_false(limits_admit(l, "b", &one[1]));
	limits_release(l, &one[0]);
	limits_free(l);
}

static void bodies_share_one_amount_of_memory(void **state)
{
	struct limits *l = limits_new(&(struct dnc_web_limits){1, 0, 0});
	size_t one = 0, other = 0;

	(void)state;
	assert_non_null(l);
	assert_true(limits_reserve(l, &one, LIMITS_BODY_BYTES - 10));
	assert_false(limits_reserve(l, &other, 11));
	assert_int_equal(other, 0);
	assert_true(limits_reserve(l, &other, 10));
	assert_false(limits_reserve(l, &other, 11));
	assert_int_equal(other, 10);
	assert_true(limits_reserve(l, &one, 0));
	assert_true(limits_reserve(l, &other, LIMITS_BODY_BYTES));
	assert_true(limits_reserve(l, &other, 0));
	limits_free(l);
}

static void pages_are_limited_by_subject_by_address_and_in_all(void **state)
{
	enum { MOST = PAGES_BYTES / PAGES_RESERVED };
	struct pages *p = pages_new();
	struct pages_slot slots[MOST + 1];
	char name[16];

	(void)state;
	assert_non_null(p);
	for (int i = 0; i < PAGES_PER_SUBJECT; i++)
		assert_int_equal(pages_enter(p, "a", "x", &slots[i]), PAGES_OK);
	assert_int_equal(pages_enter(p, "b", "x", &slots[MOST]), PAGES_SUBJECT);
	for (int i = PAGES_PER_SUBJECT; i < PAGES_PER_ADDRESS; i++)
		assert_int_equal(pages_enter(p, "a", NULL, &slots[i]), PAGES_OK);
	assert_int_equal(pages_enter(p, "a", "y", &slots[MOST]), PAGES_ADDRESS);
	pages_leave(p, &slots[MOST]); /* has none */
	/* y was not counted when its address was refused. */
	for (int i = PAGES_PER_ADDRESS; i < MOST; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(
			pages_enter(p, name, i < PAGES_PER_ADDRESS + PAGES_PER_SUBJECT ? "y" : NULL,
				&slots[i]),
			PAGES_OK);
	}
	assert_int_equal(pages_bytes(p), PAGES_BYTES);
	assert_int_equal(pages_enter(p, "c", "z", &slots[MOST]), PAGES_FULL);
	/* What was read has less than was reserved, and the rest is for others. */
	for (int i = 0; i < 2; i++)
		pages_shrink(p, &slots[i], PAGES_RESERVED / 2);
	assert_int_equal(pages_enter(p, "c", "z", &slots[MOST]), PAGES_OK);
	for (int i = 0; i <= MOST; i++)
		pages_leave(p, &slots[i]);
	pages_leave(p, &slots[0]); /* once is enough */
	assert_int_equal(pages_bytes(p), 0);
	pages_free(p);
	pages_free(NULL);
}

static void deadlines_come_in_order_and_start_anew(void **state)
{
	struct heartbeat_queue heard, pinged;
	struct heartbeat a = {0}, b = {0};

	(void)state;
	heartbeat_queue_init(&heard, 30);
	heartbeat_queue_init(&pinged, 60);
	assert_null(heartbeat_due(&heard, INT64_MAX));
	heartbeat_leave(&a); /* is in none */
	heartbeat_enter(&heard, &a, 0);
	heartbeat_enter(&heard, &b, 1000);
	assert_null(heartbeat_due(&heard, 29999));
	assert_ptr_equal(heartbeat_due(&heard, 30000), &a);
	heartbeat_enter(&heard, &a, 30000); /* heard of again */
	assert_null(heartbeat_due(&heard, 30999));
	assert_ptr_equal(heartbeat_due(&heard, 31000), &b);
	heartbeat_enter(&pinged, &b, 31000);
	assert_ptr_equal(heartbeat_due(&heard, 60000), &a);
	assert_null(heartbeat_due(&pinged, 90999));
	assert_ptr_equal(heartbeat_due(&pinged, 91000), &b);
	heartbeat_leave(&b);
	assert_null(heartbeat_due(&pinged, INT64_MAX));
	heartbeat_leave(&a);
	assert_null(heartbeat_due(&heard, INT64_MAX));
}

static void close_reasons_have_codes_that_may_be_sent_and_texts_that_fit(void **state)
{
	(void)state;
	for (int i = CLOSE_NONE + 1; i < CLOSE_REASONS; i++) {
		const struct close_reason_row *row = &close_reason_rows[i];

		/* RFC 6455, sections 7.4.2 and 5.5; five digits follow the text of CLOSE_SHUTDOWN. */
		assert_true(!row->code || (row->code >= 1001 && row->code <= 1003) ||
			    (row->code >= 1007 && row->code <= 1014) ||
			    (row->code >= 4000 && row->code <= 4999));
		assert_in_range(strlen(row->text), 1, 123 - 5);
		assert_int_equal(strspn(row->label, "abcdefghijklmnopqrstuvwxyz0123456789_"),
			strlen(row->label));
		for (int k = CLOSE_NONE; k < i; k++)
			assert_string_not_equal(row->label, close_reason_rows[k].label);
	}
}

static void an_ipv6_network_is_counted_as_one(void **state)
{
	static const struct {
		const char *address, *group;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"local", "local"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::1", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"::1", "::/64"},
		{"fe80::1%lo", "fe80::1%lo"},
		{"", ""},
	};
	struct sockaddr_storage peer = {.ss_family = AF_INET6};
	char text[ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		address_group(cases[i].address, text);
		assert_string_equal(text, cases[i].group);
	}
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &((struct sockaddr_in6 *)&peer)->sin6_addr);
	address_text(&peer, text);
	assert_string_equal(text, "127.0.0.1");
	peer.ss_family = AF_UNIX;
	address_text(&peer, text);
	assert_string_equal(text, "local");
}

static void bodies_are_limited_by_address_and_by_subject(void **state)
{
	struct limits *l = limits_new(&(struct dnc_web_limits){1, 1, 1});
	static struct limits_slot slots[LIMITS_BODIES_ADDRESS + 1];
	char subject[16];

	(void)state;
	for (int i = 0; i < LIMITS_BODIES_SUBJECT; i++)
		assert_int_equal(limits_begin_body(l, "a", "x", &slots[i]), LIMITS_OK);
	assert_int_equal(
		limits_begin_body(l, "a", "x", &slots[LIMITS_BODIES_SUBJECT]), LIMITS_SUBJECT);
	assert_null(slots[LIMITS_BODIES_SUBJECT].address);
	for (int i = LIMITS_BODIES_SUBJECT; i < LIMITS_BODIES_ADDRESS; i++) {
		snprintf(subject, sizeof subject, "y%d", i);
		assert_int_equal(limits_begin_body(l, "a", subject, &slots[i]), LIMITS_OK);
	}
	assert_int_equal(
		limits_begin_body(l, "a", NULL, &slots[LIMITS_BODIES_ADDRESS]), LIMITS_ADDRESS);
	limits_end_body(l, &slots[0]);
	limits_end_body(l, &slots[0]); /* once is enough */
	assert_int_equal(limits_begin_body(l, "a", "x", &slots[0]), LIMITS_OK);
	for (int i = 0; i < LIMITS_BODIES_ADDRESS; i++)
		limits_end_body(l, &slots[i]);
	limits_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_eleventh_failure_blocks_and_one_is_forgiven_every_six_seconds),
		cmocka_unit_test(the_oldest_address_is_forgotten_when_the_table_is_full),
		cmocka_unit_test(connections_are_limited_in_all_by_address_and_by_subject),
		cmocka_unit_test(an_ipv6_network_is_counted_as_one),
		cmocka_unit_test(bodies_are_limited_by_address_and_by_subject),
		cmocka_unit_test(connections_that_are_no_clients_yet_are_limited_by_address),
		cmocka_unit_test(bodies_share_one_amount_of_memory),
		cmocka_unit_test(pages_are_limited_by_subject_by_address_and_in_all),
		cmocka_unit_test(deadlines_come_in_order_and_start_anew),
		cmocka_unit_test(close_reasons_have_codes_that_may_be_sent_and_texts_that_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
