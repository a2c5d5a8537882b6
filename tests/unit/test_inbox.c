/* What a client sends over a WebSocket, RFC 6455 and RFC 7692. Every dialogue is read whole, byte by byte, and cut
 * in two at every place: what is said of it is the same. */
#include "client_frames.h"
#include <sodium.h>
#include <stdio.h>
#include "json/json.h"
#include "web/priv/inbox.h"

enum { MAX = 1000 }; /* bytes of a message */

static struct inflater *inflater;

/* Appends what ITEM is: "message(hi) ping(x) close(1000,bye) fault(protocol) ". */
static void write_item(struct dnc_buf *said, enum inbox_item item, const struct inbox_payload *is)
{
	static const char *const names[] = {[INBOX_MESSAGE] = "message",
		[INBOX_PING] = "ping",
		[INBOX_PONG] = "pong",
		[INBOX_CLOSE] = "close",
		[INBOX_FAULT] = "fault"};

	dnc_buf_printf(said, "%s(", names[item]);
	if (item == INBOX_CLOSE)
		dnc_buf_printf(said, "%u,", is->code);
	if (item == INBOX_FAULT || is->reason != CLOSE_NONE)
		dnc_buf_printf(said, "%s", close_reason_rows[is->reason].label);
	else
		dnc_buf_add(said, is->bytes.p, is->bytes.n);
	dnc_buf_lit(said, ") ");
}

/* The bytes that follow a message are readable: the sanitizer looks. */
static void read_padding(struct dnc_str message)
{
	volatile char c;

	for (size_t i = 0; i < DNC_JSON_PADDING; i++)
		c = message.p[message.n + i];
	(void)c;
}

/* Gives IN the N bytes at P, from a copy that ends where they end. */
static void feed(struct inbox *in, const struct inbox_options *o, const char *p, size_t n,
	struct dnc_buf *said)
{
	unsigned char *copy = malloc(n ? n : 1), *end = copy + n;
	const unsigned char *at = copy;
	struct inbox_payload payload;
	enum inbox_item item;

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	while ((item = inbox_next(in, o, &at, end, &payload)) != INBOX_MORE) {
		assert_in_range((uintptr_t)at, (uintptr_t)copy, (uintptr_t)end);
		assert_non_null(payload.bytes.p);
		if (item == INBOX_MESSAGE)
			read_padding(payload.bytes);
		write_item(said, item, &payload);
	}
	assert_ptr_equal(at, end);
	free(copy);
}

/* What is said of the bytes in B when the first N of them come first; each by itself if N is over their number. */
static void read_cut(
	const struct dnc_buf *b, const struct inbox_options *o, size_t n, struct dnc_buf *said)
{
	struct inbox in = {0};

	dnc_buf_clear(said);
	if (n > b->n) {
		for (size_t i = 0; i < b->n; i++)
			feed(&in, o, b->p + i, 1, said);
	} else {
		feed(&in, o, b->p, n, said);
		feed(&in, o, b->p + n, b->n - n, said);
	}
	inbox_free(&in);
	assert_null(in.message.p);
	dnc_buf_chr(said, '\0');
	assert_true(dnc_buf_ok(said));
}

/* Frees B. */
static void expect_with(
	struct dnc_buf *b, const struct inbox_options *o, const char *name, const char *is)
{
	struct dnc_buf said = {0};

	assert_true(dnc_buf_ok(b));
	for (size_t n = 0; n <= b->n + 1; n++) {
		read_cut(b, o, n, &said);
		if (strcmp(said.p, is) != 0)
			fail_msg("%s, cut at %zu: \"%.400s\" instead of \"%.400s\"", name, n,
				said.p, is);
	}
	dnc_buf_free(&said);
	dnc_buf_free(b);
}

static void expect(struct dnc_buf *b, const char *name, const char *is)
{
	expect_with(b, &(struct inbox_options){.max_message = MAX}, name, is);
}

static void expect_deflated(struct dnc_buf *b, const char *name, const char *is)
{
	expect_with(b, &(struct inbox_options){.max_message = MAX, .inflater = inflater}, name, is);
}

struct frame {
	unsigned first;
	const char *payload;
	size_t n;
};

#define P(literal) literal, sizeof(literal) - 1

struct dialogue {
	const char *name;
	struct frame frames[7]; /* the first byte of none is 0 and its payload NULL */
	const char *is;
};

static void add_frames(struct dnc_buf *b, const struct dialogue *d)
{
	for (size_t i = 0; i < sizeof d->frames / sizeof d->frames[0]; i++)
		if (d->frames[i].payload)
			add_frame(b, d->frames[i].first, d->frames[i].payload, d->frames[i].n);
}

static void frames_become_messages(void **state)
{
	static const struct dialogue cases[] = {
		{"nothing", {{0}}, ""},
		{"a message", {{TEXT, P("hello")}}, "message(hello) "},
		{"an empty one", {{TEXT, P("")}}, "message() "},
		{"two", {{TEXT, P("a")}, {TEXT, P("b")}}, "message(a) message(b) "},
		{"UTF-8", {{TEXT, P("\xce\xba\xf4\x8f\xbf\xbf")}},
			"message(\xce\xba\xf4\x8f\xbf\xbf) "},
		{"fragments", {{1, P("hel")}, {0, P("l")}, {FINAL, P("o")}}, "message(hello) "},
		{"empty fragments",
			{{1, P("")}, {0, P("")}, {0, P("x")}, {0, P("")}, {FINAL, P("")}},
			"message(x) "},
		{"nothing in fragments", {{1, P("")}, {FINAL, P("")}}, "message() "},
		{"a character in two fragments", {{1, P("\xe2\x82")}, {FINAL, P("\xac")}},
			"message(\xe2\x82\xac) "},
		{"a ping between fragments", {{1, P("a")}, {PING, P("p")}, {FINAL, P("b")}},
			"ping(p) message(ab) "},
		{"a pong between fragments", {{1, P("a")}, {PONG, P("")}, {FINAL, P("b")}},
			"pong() message(ab) "},
		{"a close between fragments",
			{{1, P("a")}, {CLOSE, P("\x03\xe8")}, {FINAL, P("b")}}, "close(1000,) "},
		{"pings", {{PING, P("1")}, {PING, P("")}, {PING, P("3\x01\xff")}},
			"ping(1) ping() ping(3\x01\xff) "},
		{"messages and pings", {{TEXT, P("a")}, {PING, P("p")}, {TEXT, P("b")}},
			"message(a) ping(p) message(b) "},
		{"a whole, one in fragments, a whole",
			{{TEXT, P("a")}, {1, P("b")}, {FINAL, P("c")}, {TEXT, P("d")}},
			"message(a) message(bc) message(d) "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf b = {0};

		add_frames(&b, &cases[i]);
		expect(&b, cases[i].name, cases[i].is);
	}
}

static void lengths_of_every_form_are_read(void **state)
{
	static const size_t lengths[] = {125, 126, 127, 128, 255, 256, MAX};
	char text[MAX], is[MAX + 32];

	(void)state;
	for (size_t i = 0; i < MAX; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct dnc_buf b = {0};

		add_frame(&b, TEXT, text, lengths[i]);
		snprintf(is, sizeof is, "message(%.*s) ", (int)lengths[i], text);
		expect(&b, "a long message", is);
	}
}

/* The kind of fault is what is sent, so it matters which one it is. */
static void what_no_client_may_send_is_a_fault(void **state)
{
	static const struct dialogue cases[] = {
		{"RSV1", {{TEXT | RSV1, P("a")}}, "fault(protocol) "},
		{"RSV2", {{TEXT | 0x20, P("a")}}, "fault(protocol) "},
		{"RSV3", {{TEXT | 0x10, P("a")}}, "fault(protocol) "},
		{"RSV1 of a ping", {{PING | RSV1, P("a")}}, "fault(protocol) "},
		{"RSV1 of a close", {{CLOSE | RSV1, P("\x03\xe8")}}, "fault(protocol) "},
		{"RSV1 of a continuation", {{1, P("a")}, {FINAL | RSV1, P("b")}},
			"fault(protocol) "},
		{"a ping in fragments", {{DNC_OPCODE_PING, P("a")}}, "fault(protocol) "},
		{"a close in fragments", {{DNC_OPCODE_CLOSE, P("\x03\xe8")}}, "fault(protocol) "},
		{"a continuation of nothing", {{0, P("a")}}, "fault(protocol) "},
		{"the end of nothing", {{FINAL, P("a")}}, "fault(protocol) "},
		{"a continuation of a whole message", {{TEXT, P("a")}, {FINAL, P("b")}},
			"message(a) fault(protocol) "},
		{"a message inside a message", {{1, P("a")}, {TEXT, P("b")}}, "fault(protocol) "},
		{"the start of one inside a message", {{1, P("a")}, {1, P("b")}},
			"fault(protocol) "},
		{"a binary inside a message", {{1, P("a")}, {BINARY, P("b")}}, "fault(protocol) "},
		{"a binary message", {{BINARY, P("a")}}, "fault(binary) "},
		{"an empty one", {{BINARY, P("")}}, "fault(binary) "},
		{"one in fragments", {{DNC_OPCODE_BINARY, P("a")}, {FINAL, P("b")}},
			"fault(binary) "},
		{"after a message and a ping", {{TEXT, P("a")}, {PING, P("p")}, {BINARY, P("b")}},
			"message(a) ping(p) fault(binary) "},
		{"invalid UTF-8", {{TEXT, P("a\xff")}}, "fault(not_utf8) "},
		{"in the first fragment", {{1, P("\xc0\x80")}, {FINAL, P("a")}},
			"fault(not_utf8) "},
		{"in the second fragment", {{1, P("a")}, {FINAL, P("\xed\xa0\x80")}},
			"fault(not_utf8) "},
		{"a character that is cut off", {{TEXT, P("a\xe2\x82")}}, "fault(not_utf8) "},
		{"nothing is read after a protocol error",
			{{FINAL, P("a")}, {TEXT, P("b")}, {PING, P("p")}, {CLOSE, P("")}},
			"fault(protocol) "},
		{"after any other, the client's close is",
			{{BINARY, P("a")}, {TEXT, P("b")}, {PING, P("p")}, {BINARY, P("c")},
				{FINAL, P("d")}, {CLOSE, P("\x03\xeb")}, {CLOSE, P("")}},
			"fault(binary) close(1003,) "},
		{"unless a protocol error comes first",
			{{BINARY, P("a")}, {TEXT | RSV1, P("")}, {CLOSE, P("")}}, "fault(binary) "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf b = {0};

		add_frames(&b, &cases[i]);
		expect(&b, cases[i].name, cases[i].is);
	}
}

static void headers_that_no_client_may_send_are_a_fault(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
	} cases[] = {
		{"a message that is not masked", P("\x81\x01x")},
		{"an empty one", P("\x81\x00")},
		{"a fragment that is not masked", P("\x01\x01x")},
		{"a binary that is not masked", P("\x82\x01x")},
		{"a ping that is not masked", P("\x89\x00")},
		{"a close that is not masked", P("\x88\x02\x03\xe8")},
		{"125 in two bytes", P("\x81\xfe\x00\x7d\x01\x02\x03\x04")},
		{"126 in eight bytes", P("\x81\xff\0\0\0\0\0\0\0\x7e\x01\x02\x03\x04")},
		{"the highest bit of a length", P("\x81\xff\x80\0\0\0\0\0\0\0\x01\x02\x03\x04")},
		{"a ping of 126 bytes", P("\x89\xfe")},
		{"opcode 3", P("\x83\x80\x01\x02\x03\x04")},
		{"opcode 11", P("\x8b\x80\x01\x02\x03\x04")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf b = {0};

		dnc_buf_add(&b, cases[i].bytes, cases[i].n);
		add_frame(&b, TEXT, "late", 4);
		expect(&b, cases[i].name, "fault(protocol) ");
	}
}

static void closes_are_answered_as_the_standard_says(void **state)
{
	static const struct {
		unsigned from, to;
		const char *is;
	} codes[] = {{0, 999, "1002,protocol"}, {1000, 1003, NULL}, {1004, 1006, "1002,protocol"},
		{1007, 1014, NULL}, {1015, 2999, "1002,protocol"}, {3000, 4999, NULL},
		{5000, 65535, "1002,protocol"}};
	static const struct dialogue cases[] = {
		{"no payload", {{CLOSE, P("")}}, "close(0,) "},
		{"one byte", {{CLOSE, P("\x03")}}, "close(1002,protocol) "},
		{"a reason",
			{{CLOSE, P("\x0f\xa0"
				   "bye")}},
			"close(4000,bye) "},
		{"a reason that is not UTF-8", {{CLOSE, P("\x03\xe8\xed\xa0\x80")}},
			"close(1007,not_utf8) "},
		{"two", {{CLOSE, P("\x03\xe8")}, {CLOSE, P("\x03\xe9")}}, "close(1000,) "},
		{"what follows is not read",
			{{CLOSE, P("\x03\xe8")}, {TEXT, P("a")}, {PING, P("a")}, {BINARY, P("a")}},
			"close(1000,) "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf b = {0};

		add_frames(&b, &cases[i]);
		expect(&b, cases[i].name, cases[i].is);
	}
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		for (unsigned k = 0; k < 2; k++) {
			unsigned code = k ? codes[i].to : codes[i].from;
			char payload[] = {(char)(code >> 8), (char)code}, is[64];
			struct dnc_buf b = {0};

			add_frame(&b, CLOSE, payload, sizeof payload);
			snprintf(is, sizeof is, codes[i].is ? "close(%s) " : "close(%s%u,) ",
				codes[i].is ? codes[i].is : "", code);
			expect(&b, "a code", is);
		}
}

static void a_message_is_limited_in_all_its_fragments(void **state)
{
	static char text[MAX + 1];
	struct dnc_buf b = {0};

	(void)state;
	memset(text, 'x', sizeof text);
	add_frame(&b, TEXT, text, MAX + 1);
	expect(&b, "in one frame", "fault(message_size) ");
	add_frame(&b, 1, text, MAX);
	add_frame(&b, FINAL, "x", 1);
	expect(&b, "in two", "fault(message_size) ");
	add_frame(&b, 1, text, MAX);
	add_frame(&b, 0, "", 0);
	add_frame(&b, PING, "p", 1);
	add_frame(&b, FINAL, text, MAX);
	add_frame(&b, CLOSE, "", 0);
	expect(&b, "with a ping", "ping(p) fault(message_size) close(0,) ");
	/* The header is enough. */
	dnc_buf_add(&b, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14);
	expect(&b, "2^63 - 1", "fault(message_size) ");
}

static void empty_fragments_are_counted(void **state)
{
	struct dnc_buf b = {0};

	(void)state;
	for (int more = 0; more < 2; more++) {
		add_frame(&b, 1, "x", 1);
		for (int i = 0; i < INBOX_EMPTY_FRAGMENTS + more; i++)
			add_frame(&b, 0, "", 0);
		add_frame(&b, FINAL, "", 0);
		/* Those of each message. */
		add_frame(&b, 1, "", 0);
		add_frame(&b, FINAL, "y", 1);
		expect(&b, "empty fragments",
			more ? "fault(empty_fragments) " : "message(x) message(y) ");
	}
}

/* Gives IN what is in B, which is freed. Returns the last item before INBOX_MORE. */
static enum inbox_item give(struct inbox *in, struct dnc_buf *b)
{
	const struct inbox_options o = {.max_message = 32 << 10};
	const unsigned char *p = (unsigned char *)b->p, *end = p + b->n;
	struct inbox_payload payload;
	enum inbox_item item = INBOX_MORE, next;

	while ((next = inbox_next(in, &o, &p, end, &payload)) != INBOX_MORE)
		item = next;
	dnc_buf_free(b);
	return item;
}

static void memory_is_taken_for_what_has_come_alone(void **state)
{
	struct inbox in = {0};
	struct dnc_buf b = {0};

	(void)state;
	assert_true(sizeof in < 96);
	add_header(&b, TEXT, 32 << 10);
	assert_int_equal(give(&in, &b), INBOX_MORE);
	assert_null(in.message.p);
	dnc_buf_chr(&b, 'x');
	assert_int_equal(give(&in, &b), INBOX_MORE);
	assert_in_range(in.message.size, 1, 2 * DNC_JSON_PADDING);
	inbox_free(&in);
	/* What was delivered is freed by the call that asks for more. */
	add_frame(&b, TEXT, "message", 7);
	add_frame(&b, PING, "ping", 4);
	assert_int_equal(give(&in, &b), INBOX_PING);
	assert_null(in.message.p);
	assert_null(in.control.p);
}

static void a_server_that_has_closed_waits_for_the_close_alone(void **state)
{
	const struct inbox_options o = {.max_message = MAX};
	struct dnc_buf b = {0};
	struct inbox_payload payload;

	(void)state;
	add_frame(&b, TEXT, "first", 5);
	add_frame(&b, 1, "second", 6);
	add_frame(&b, PING, "ping", 4);
	add_frame(&b, FINAL, "", 0);
	add_frame(&b, CLOSE, "\x03\xe9", 2);
	/* The server closes after each number of bytes behind the first message. */
	for (size_t i = 11; i <= b.n; i++) {
		const unsigned char *p = (unsigned char *)b.p, *cut = p + i, *end = p + b.n;
		struct inbox in = {0};
		enum inbox_item item;

		assert_int_equal(inbox_next(&in, &o, &p, cut, &payload), INBOX_MESSAGE);
		if (i == 11) {
			inbox_ignore(&in);
			assert_memory_equal(payload.bytes.p, "first", 5); /* not freed yet */
		}
		while ((item = inbox_next(&in, &o, &p, cut, &payload)) != INBOX_MORE)
			assert_int_not_equal(item, INBOX_FAULT);
		inbox_ignore(&in);
		if (i < b.n) {
			assert_int_equal(inbox_next(&in, &o, &p, end, &payload), INBOX_CLOSE);
			assert_int_equal(payload.code, 1001);
		}
		assert_int_equal(inbox_next(&in, &o, &p, end, &payload), INBOX_MORE);
		assert_ptr_equal(p, end);
		assert_null(in.message.p);
		assert_null(in.control.p);
		inbox_free(&in);
	}
	dnc_buf_free(&b);
}

static void compressed_messages_are_inflated(void **state)
{
	static const char text[] = "{\"type\":\"ping\",\"id\":\"1\"}",
			  is[] = "message({\"type\":\"ping\",\"id\":\"1\"}) ";
	const size_t n = sizeof text - 1;
	struct dnc_buf b = {0}, z = {0};

	(void)state;
	for (int level = 0; level <= 9; level++)
		for (int bits = 9; bits <= 15; bits++) {
			dnc_buf_clear(&z);
			add_deflated(&z, text, n, level, bits, END_STRIPPED);
			add_frame(&b, TEXT | RSV1, z.p, z.n);
			expect_deflated(&b, "a message", is);
		}
	for (size_t cut = 0; cut <= z.n; cut++) {
		add_frame(&b, 1 | RSV1, z.p, cut);
		add_frame(&b, PING, "p", 1);
		add_frame(&b, FINAL, z.p + cut, z.n - cut);
		add_frame(&b, TEXT, "plain", 5);
		add_frame(&b, TEXT | RSV1, z.p, z.n);
		expect_deflated(&b, "fragments",
			"ping(p) message({\"type\":\"ping\",\"id\":\"1\"}) message(plain) "
			"message({\"type\":\"ping\",\"id\":\"1\"}) ");
	}
	dnc_buf_free(&z);
}

static void faults_of_compressed_messages_are_told_apart(void **state)
{
	static const struct dialogue cases[] = {
		{"RSV1 on a continuation", {{1 | RSV1, P("\xf2")}, {FINAL | RSV1, P("H")}},
			"fault(protocol) "},
		{"on that of a plain message", {{1, P("a")}, {FINAL | RSV1, P("H")}},
			"fault(protocol) "},
		{"on a ping", {{PING | RSV1, P("a")}}, "fault(protocol) "},
		{"on a pong", {{PONG | RSV1, P("a")}}, "fault(protocol) "},
		{"on a close", {{CLOSE | RSV1, P("\x03\xe8")}}, "fault(protocol) "},
		{"a binary", {{BINARY | RSV1, P("\xf2\x48\x04\x00")}}, "fault(binary) "},
		{"a reserved block", {{TEXT | RSV1, P("\x07")}}, "fault(not_deflate) "},
		{"noise, then a close", {{TEXT | RSV1, P("\xff\xff\xff")}, {CLOSE, P("")}},
			"fault(not_deflate) close(0,) "},
		{"a message that is cut off", {{TEXT | RSV1, P("\xf2\x48\xcd\xc9")}},
			"fault(not_deflate) "},
		/* The text "\xff", stored. */
		{"invalid UTF-8", {{TEXT | RSV1, P("\x00\x01\x00\xfe\xff\xff\x00")}},
			"fault(not_utf8) "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf b = {0};

		add_frames(&b, &cases[i]);
		expect_deflated(&b, cases[i].name, cases[i].is);
	}
}

/* It takes bytes on the wire, and then inflated bytes. */
static void a_compressed_message_is_limited_before_and_after(void **state)
{
	static char text[1 << 16];
	struct dnc_buf b = {0}, z = {0}, is = {0};

	(void)state;
	for (size_t i = 0; i < sizeof text; i++) /* nothing that deflate can press */
		text[i] = (char)(i < MAX ? 0x20 + randombytes_uniform(0x5f) : ' ');
	add_deflated(&z, text, MAX, 0, 15, END_STRIPPED);
	assert_true(z.n > MAX);
	add_frame(&b, TEXT | RSV1, z.p, z.n);
	dnc_buf_printf(&is, "message(%.*s) ", MAX, text);
	dnc_buf_chr(&is, '\0');
	expect_deflated(&b, "the largest, stored", is.p);
	dnc_buf_free(&is);
	dnc_buf_clear(&z);
	add_deflated(&z, text, MAX + 1, 9, 15, END_STRIPPED);
	add_frame(&b, TEXT | RSV1, z.p, z.n);
	expect_deflated(&b, "a byte more", "fault(message_size) ");
	dnc_buf_clear(&z);
	add_deflated(&z, text + MAX, sizeof text - MAX, 9, 15, END_STRIPPED);
	assert_true(z.n < 200);
	add_frame(&b, TEXT | RSV1, z.p, z.n);
	add_frame(&b, CLOSE, "", 0);
	expect_deflated(&b, "a bomb", "fault(message_size) close(0,) ");
	add_header(&b, TEXT | RSV1, inflater_bound(MAX) + 1);
	expect_deflated(&b, "too many compressed bytes", "fault(message_size) ");
	dnc_buf_free(&z);
}

static int make_inflater(void **state)
{
	(void)state;
	inflater = inflater_new(MAX);
	return inflater && sodium_init() >= 0 ? 0 : -1;
}

static int free_inflater(void **state)
{
	(void)state;
	inflater_free(inflater);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_become_messages),
		cmocka_unit_test(lengths_of_every_form_are_read),
		cmocka_unit_test(what_no_client_may_send_is_a_fault),
		cmocka_unit_test(headers_that_no_client_may_send_are_a_fault),
		cmocka_unit_test(closes_are_answered_as_the_standard_says),
		cmocka_unit_test(a_message_is_limited_in_all_its_fragments),
		cmocka_unit_test(empty_fragments_are_counted),
		cmocka_unit_test(memory_is_taken_for_what_has_come_alone),
		cmocka_unit_test(a_server_that_has_closed_waits_for_the_close_alone),
		cmocka_unit_test(compressed_messages_are_inflated),
		cmocka_unit_test(faults_of_compressed_messages_are_told_apart),
		cmocka_unit_test(a_compressed_message_is_limited_before_and_after),
	};

	return cmocka_run_group_tests_name("inbox", tests, make_inflater, free_inflater);
}
