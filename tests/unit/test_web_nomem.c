/* Clients without memory: what can't be counted, issued or read is refused, and what was there stays. */
#include "nomem.h"
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include "auth/auth.h"
#include "auth/revoked.h"
#include "base/log.h"
#include "client_frames.h"
#include "web/http/client_list.h"
#include "web/http/handshake.h"
#include "web/http/history_query.h"
#include "web/http/ticket.h"
#include "web/priv/audit.h"
#include "web/priv/inbox.h"
#include "web/priv/request.h"
#include "web/priv/shared.h"

enum { MANY = 400 }; /* so many that the table grows */

static char dir[] = "/tmp/dnc-nomem-XXXXXX", revoked_path[64];

static void nothing(void *ctx)
{
	(void)ctx;
}

static void write_revoked(int first, int count)
{
	FILE *f = fopen(revoked_path, "w");

	assert_non_null(f);
	for (int i = first; i < first + count; i++)
		assert_true(fprintf(f, "jti-%d\n", i) > 0);
	assert_int_equal(fclose(f), 0);
}

static int attempt_load(void *ctx)
{
	struct dnc_revoked **r = ctx;
	struct dnc_error err;

	*r = dnc_revoked_load(revoked_path, &err);
	if (!*r)
		assert_string_equal(err.message, "out of memory");
	return *r ? 0 : -1;
}

static int attempt_roles(void *ctx)
{
	struct dnc_roles **roles = ctx;
	struct dnc_error err;

	*roles = dnc_roles_load(revoked_path, &err);
	if (!*roles && !strstr(err.message, "out of memory"))
		fail_msg("%s", err.message);
	return *roles ? 0 : -1;
}

static void all_named_filters_are_offered_or_the_file_is_not_read(void **state)
{
	struct dnc_roles *roles = NULL;
	FILE *f = fopen(revoked_path, "w");

	(void)state;
	assert_non_null(f);
	fputs("[role a]\nsees = {\"severities\":[\"high\"]}\nshows = provider\n"
	      "[filter x]\nfilter = {\"phone_patterns\":[\"^.1303\"],\"severities\":[\"high\"]}\n"
	      "roles = a\nabout = What it is\n",
		f);
	assert_int_equal(fclose(f), 0);
	fail_each(attempt_roles, nothing, &roles);
	assert_string_equal(dnc_roles_filter(roles, 0)->about, "What it is");
	assert_true(dnc_roles_offer(
		roles, dnc_roles_filter(roles, 0), dnc_roles_find(roles, DNC_STR("a"))));
	assert_null(dnc_roles_filter(roles, 1));
	dnc_roles_free(roles);
}

static void all_revoked_tokens_are_known_or_the_file_is_not_read(void **state)
{
	struct dnc_revoked *r = NULL;

	(void)state;
	write_revoked(0, MANY);
	fail_each(attempt_load, nothing, &r);
	for (int i = 0; i < MANY; i++) {
		char jti[32];

		snprintf(jti, sizeof jti, "jti-%d", i);
		assert_true(dnc_revoked_has(r, jti));
	}
	dnc_revoked_free(r);
}

struct reload {
	struct dnc_auth *auth;
	const struct dnc_auth_snapshot *old;
};

static int attempt_reload(void *ctx)
{
	struct reload *r = ctx;
	struct dnc_error err;

	return dnc_auth_reload(r->auth, &err);
}

static void check_old(void *ctx)
{
	struct reload *r = ctx;

	assert_false(dnc_auth_is_old(r->auth, r->old));
	assert_true(dnc_revoked_has(r->old->revoked, "jti-0"));
}

static void a_reload_that_fails_keeps_the_old_state(void **state)
{
	struct reload r;
	struct dnc_error err;

	(void)state;
	write_revoked(0, 1);
	r.auth = dnc_auth_new(
		&(struct dnc_auth_options){.default_role = "admin", .revoked_file = revoked_path},
		&err);
	assert_non_null(r.auth);
	r.old = dnc_auth_acquire(r.auth);
	write_revoked(1, 1);
	fail_each(attempt_reload, check_old, &r);
	assert_true(dnc_auth_is_old(r.auth, r.old));
	dnc_auth_snapshot_unref(r.old);
	dnc_auth_free(r.auth);
}

struct issue {
	struct dnc_auth *auth;
	struct dnc_buf page;
	unsigned status;
	unsigned others; /* the next subject; 0: always the same */
};

/* The page has its memory: only the ticket may lack it. */
static int attempt_ticket(void *ctx)
{
	struct dnc_identity alice = {.subject = "alice", .expires_ms = INT64_MAX};
	struct issue *i = ctx;

	if (i->others) /* a subject may have only so many */
		snprintf(alice.subject, sizeof alice.subject, "alice %u", i->others++);
	dnc_buf_clear(&i->page);
	i->status = ticket_issue(i->auth, true, &alice, "192.0.2.7", &i->page);
	return i->status == 200 ? 0 : -1;
}

static void check_refused(void *ctx)
{
	struct issue *i = ctx;

	assert_int_equal(i->status, 503);
	assert_non_null(memmem(i->page.p, i->page.n, "out of memory", 13));
}

static void a_ticket_is_refused_or_can_be_redeemed(void **state)
{
	struct dnc_identity identity;
	struct dnc_error err;
	struct issue i = {
		.auth = dnc_auth_new(&(struct dnc_auth_options){.default_role = "admin"}, &err)};

	(void)state;
	assert_true(dnc_buf_reserve(&i.page, 1024));
	fail_each(attempt_ticket, check_refused, &i);
	assert_true(dnc_ticket_redeem(
		i.auth, (struct dnc_str){i.page.p + 11, DNC_TICKET_LEN}, &identity));
	assert_string_equal(identity.subject, "alice");
	i.others = 1;
	for (int n = 0; n < MANY; n++) { /* the tables grow */
		fail_after(1 + n % 6, 1);
		attempt_ticket(&i);
	}
	fail_after(-1, 0);
	assert_int_equal(attempt_ticket(&i), 0);
	dnc_buf_free(&i.page);
	dnc_auth_free(i.auth);
}

struct entry {
	struct limits *limits;
	struct limits_slot slots[MANY];
	int count;
};

static int attempt_enter(void *ctx)
{
	struct entry *e = ctx;
	char address[32];
	enum limits_verdict verdict;

	snprintf(address, sizeof address, "192.0.2.%d", e->count);
	verdict = limits_enter(e->limits, address, address, &e->slots[e->count]);
	if (verdict != LIMITS_OK)
		assert_int_equal(verdict, LIMITS_FULL);
	return verdict == LIMITS_OK ? 0 : -1;
}

static void check_not_counted(void *ctx)
{
	struct entry *e = ctx;

	assert_int_equal(limits_count(e->limits), e->count);
	assert_null(e->slots[e->count].address);
	assert_null(e->slots[e->count].subject);
}

static void a_connection_that_can_not_be_counted_is_refused(void **state)
{
	static const struct dnc_web_limits options = {MANY + 1, 1, 1};
	static struct entry e;

	(void)state;
	e.limits = limits_new(&options);
	for (; e.count < MANY; e.count++)
		fail_each(attempt_enter, check_not_counted, &e);
	assert_int_equal(limits_count(e.limits), MANY);
	for (int i = 0; i < MANY; i++)
		limits_leave(e.limits, &e.slots[i]);
	assert_int_equal(limits_count(e.limits), 0);
	limits_free(e.limits);
}

static void an_address_that_can_not_be_counted_is_counted_the_next_time(void **state)
{
	struct throttle *t = throttle_new();

	(void)state;
	for (int n = 0; n < 4; n++) {
		fail_after(n, 1);
		for (int i = 0; i < THROTTLE_BURST - 1; i++)
			throttle_failed(t, "192.0.2.1", 0);
		fail_after(-1, 0);
	}
	assert_true(throttle_blocks(t, "192.0.2.1", 0));
	for (int i = 0; i < MANY; i++) {
		char address[32];

		snprintf(address, sizeof address, "198.51.100.%d", i);
		fail_after(i % 3, 1);
		throttle_failed(t, address, 0);
		fail_after(-1, 0);
		assert_false(throttle_blocks(t, address, 0));
	}
	throttle_free(t);
}

static int attempt_shared(void *ctx)
{
	static const struct dnc_web_limits options = {1, 1, 1};
	struct dnc_web_shared **shared = ctx;

	*shared = dnc_shared_new(&options);
	return *shared ? 0 : -1;
}

static void what_servers_share_is_made_whole_or_not_at_all(void **state)
{
	struct dnc_web_shared *shared;

	(void)state;
	fail_each(attempt_shared, nothing, &shared);
	assert_int_equal(dnc_shared_count(shared), 0);
	dnc_shared_free(shared);
}

/* Without its filters it would ask for all events. */
static int attempt_query(void *ctx)
{
	static const char *const parameters[][2] = {{"since", "5"}, {"severity", "high,low"},
		{"phone", "^\\+1303555[0-9]{4}"}, {"epoch", "0011223344556677"}};
	struct request_query q = {0};
	struct dnc_buf *message = ctx;
	struct dnc_error err;

	dnc_buf_free(message);
	for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++)
		assert_int_equal(request_query_add(&q, dnc_str(parameters[i][0]),
					 dnc_str(parameters[i][1]), &err),
			0);
	request_query_end(&q, message);
	request_query_finish(&q);
	return dnc_buf_ok(message) ? 0 : -1;
}

static void a_query_string_has_all_its_filters_or_fails(void **state)
{
	struct dnc_buf message = {0};

	(void)state;
	fail_each(attempt_query, nothing, &message);
	assert_non_null(memmem(message.p, message.n, "\"severities\":[\"high\",\"low\"]", 27));
	dnc_buf_free(&message);
}

static int attempt_history_query(void *ctx)
{
	struct history_query *q = ctx;
	struct dnc_error err;

	history_query_init(q);
	if (history_query_add(q, DNC_STR("severity"), DNC_STR("high"), &err) == 0 &&
		history_query_end(q, &err) == 0)
		return 0;
	assert_int_equal(request_error_status(err.code), 503);
	history_query_free(q);
	return -1;
}

static void a_page_is_read_with_its_filter_or_not_at_all(void **state)
{
	struct history_query q;

	(void)state;
	fail_each(attempt_history_query, nothing, &q);
	assert_int_equal(dnc_filter_count(q.filter), 1);
	history_query_free(&q);
}

struct lists {
	struct client_list list;
	struct dnc_buf page;
};

static int attempt_list(void *ctx)
{
	struct lists *l = ctx;

	dnc_buf_free(&l->list.text);
	dnc_buf_free(&l->page);
	client_list_begin(&l->list);
	for (uint64_t i = 0; i < MANY; i++)
		client_list_add(
			&l->list, &(struct client_list_entry){
					  .number = i, .role = "admin", .address = "192.0.2.1"});
	client_list_end(&l->list);
	client_list_append(&l->list, &l->page);
	return dnc_buf_ok(&l->page) ? 0 : -1;
}

static void a_list_of_clients_is_whole_or_fails(void **state)
{
	struct lists l = {.page = {0}};

	(void)state;
	client_list_init(&l.list);
	fail_each(attempt_list, nothing, &l);
	assert_non_null(memmem(l.page.p, l.page.n, "\"c399\"", 6));
	client_list_destroy(&l.list);
	dnc_buf_free(&l.page);
}

struct records {
	int whole, lost;
};

static void count_record(void *ctx, struct dnc_str json)
{
	struct records *r = ctx;

	if (json.n)
		assert_int_equal(json.p[json.n - 1], '}');
	++*(json.n ? &r->whole : &r->lost);
}

static void an_audit_record_is_whole_or_counts_as_lost(void **state)
{
	struct records count = {0};
	struct audit a = {.write = count_record, .ctx = &count};

	(void)state;
	fail_after(0, 1);
	audit_refused(&a, "192.0.2.1", NULL, "because");
	fail_after(-1, 0);
	assert_int_equal(count.whole, 0);
	assert_int_equal(count.lost, 1);
	audit_refused(&a, "192.0.2.1", NULL, "because");
	assert_int_equal(count.whole, 1);
	assert_int_equal(count.lost, 1);
	dnc_buf_free(&a.record);
}

/* Two messages, one compressed, with a ping between; bytes come in pieces. */
static int attempt_inbox(void *ctx)
{
	const struct dnc_buf *b = ctx;
	struct inflater *inflater = inflater_new(1000);
	const struct inbox_options o = {.max_message = 1000, .inflater = inflater};
	const unsigned char *p = (unsigned char *)b->p, *end = p + b->n;
	struct inbox in = {0};
	int items = 0;

	if (!inflater)
		return -1;
	for (const unsigned char *cut = p + 1; items >= 0 && cut <= end; cut++) {
		struct inbox_payload is;
		enum inbox_item item;

		while ((item = inbox_next(&in, &o, &p, cut, &is)) != INBOX_MORE) {
			if (item == INBOX_FAULT) {
				assert_int_equal(is.reason, CLOSE_MEMORY);
				items = -1;
				break;
			}
			items++;
			if (item == INBOX_MESSAGE)
				assert_true(dnc_str_eq(is.bytes, DNC_STR("Hello")));
		}
	}
	inbox_free(&in);
	inflater_free(inflater);
	assert_true(items < 0 || items == 3);
	return items < 0 ? -1 : 0;
}

static void a_message_is_whole_or_the_connection_ends(void **state)
{
	struct dnc_buf b = {0};

	(void)state;
	add_frame(&b, DNC_OPCODE_TEXT, "Hel", 3);
	add_frame(&b, PING, "ping", 4);
	add_frame(&b, FINAL, "lo", 2);
	add_frame(&b, TEXT | RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
	assert_true(dnc_buf_ok(&b));
	fail_each(attempt_inbox, nothing, &b);
	dnc_buf_free(&b);
}

static int attempt_handshake(void *ctx)
{
	static const char text[] =
		"GET /ws/dnc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
	struct http_head head;
	size_t scanned = 0;
	struct handshake h;
	bool deflates;

	(void)ctx;
	assert_int_equal(http_head_read(text, sizeof text - 1, &scanned, &head), HTTP_HEAD_READ);
	handshake_read(&head, true, &h);
	deflates = h.deflates;
	assert_int_equal(h.status, 101);
	assert_int_equal(h.extensions.n != 0, deflates);
	handshake_free(&h);
	return deflates ? 0 : -1;
}

static void compression_is_agreed_with_its_answer_or_not_at_all(void **state)
{
	(void)state;
	fail_each(attempt_handshake, nothing, NULL);
}

static int make_dir(void **state)
{
	(void)state;
	dnc_log_level(DNC_ERR); /* hundreds of warnings are expected */
	assert_true(sodium_init() >= 0);
	assert_non_null(mkdtemp(dir));
	snprintf(revoked_path, sizeof revoked_path, "%s/revoked", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(revoked_path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_named_filters_are_offered_or_the_file_is_not_read),
		cmocka_unit_test(all_revoked_tokens_are_known_or_the_file_is_not_read),
		cmocka_unit_test(a_reload_that_fails_keeps_the_old_state),
		cmocka_unit_test(a_ticket_is_refused_or_can_be_redeemed),
		cmocka_unit_test(a_connection_that_can_not_be_counted_is_refused),
		cmocka_unit_test(an_address_that_can_not_be_counted_is_counted_the_next_time),
		cmocka_unit_test(what_servers_share_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_query_string_has_all_its_filters_or_fails),
		cmocka_unit_test(a_page_is_read_with_its_filter_or_not_at_all),
		cmocka_unit_test(a_list_of_clients_is_whole_or_fails),
		cmocka_unit_test(an_audit_record_is_whole_or_counts_as_lost),
		cmocka_unit_test(a_message_is_whole_or_the_connection_ends),
		cmocka_unit_test(compression_is_agreed_with_its_answer_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
