/* WebSocket frame headers, RFC 6455 section 5.2. */
#include "unit.h"
#include "frame/frame.h"

static struct dnc_str bytes(const char *p, size_t n)
{
	return (struct dnc_str){p, n};
}

#define BYTES(s) bytes(s, sizeof(s) - 1)

static void a_length_is_written_in_the_shortest_form(void **state)
{
	static const struct {
		uint64_t payload;
		enum dnc_frame_first first;
		const char *header;
		size_t n;
	} cases[] = {{0, DNC_FRAME_TEXT, "\x81\x00", 2}, {5, DNC_FRAME_TEXT, "\x81\x05", 2},
		{125, DNC_FRAME_PING, "\x89\x7d", 2}, {126, DNC_FRAME_TEXT, "\x81\x7e\x00\x7e", 4},
		{256, DNC_FRAME_TEXT_DEFLATED, "\xc1\x7e\x01\x00", 4},
		{65535, DNC_FRAME_TEXT, "\x81\x7e\xff\xff", 4},
		{65536, DNC_FRAME_TEXT, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
		{0x7fffffffffffffff, DNC_FRAME_TEXT, "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
			10}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[DNC_FRAME_HEADER_MAX];
		struct dnc_frame_header back;

		assert_int_equal(dnc_frame_header_bytes(cases[i].payload), cases[i].n);
		assert_int_equal(
			dnc_frame_write_header(out, cases[i].first, cases[i].payload), cases[i].n);
		assert_memory_equal(out, cases[i].header, cases[i].n);
		assert_int_equal(dnc_frame_read_header(out, cases[i].n, &back), DNC_FRAME_READ);
		assert_int_equal(back.payload, cases[i].payload);
		assert_int_equal(back.bytes, cases[i].n);
		assert_int_equal(back.opcode, cases[i].first & 0xf);
		assert_int_equal(back.deflated, cases[i].first == DNC_FRAME_TEXT_DEFLATED);
		assert_true(back.final);
		assert_false(back.masked);
	}
}

/* Section 5.7, and what its examples leave out. */
static void headers_are_read_as_the_standard_says(void **state)
{
	static const struct {
		const char *header;
		size_t n;
		struct dnc_frame_header is;
	} cases[] = {
		{"\x81\x05", 2, {DNC_OPCODE_TEXT, true, .payload = 5, .bytes = 2}},
		{"\x81\x85\x37\xfa\x21\x3d", 6,
			{DNC_OPCODE_TEXT, true, false, true, {0x37, 0xfa, 0x21, 0x3d}, 5, 6}},
		{"\x01\x03", 2, {DNC_OPCODE_TEXT, false, .payload = 3, .bytes = 2}},
		{"\x80\x02", 2, {DNC_OPCODE_CONTINUATION, true, .payload = 2, .bytes = 2}},
		{"\x00\x02", 2, {DNC_OPCODE_CONTINUATION, false, .payload = 2, .bytes = 2}},
		{"\x89\x05", 2, {DNC_OPCODE_PING, true, .payload = 5, .bytes = 2}},
		{"\x8a\x85\x37\xfa\x21\x3d", 6,
			{DNC_OPCODE_PONG, true, false, true, {0x37, 0xfa, 0x21, 0x3d}, 5, 6}},
		{"\x88\x7d", 2, {DNC_OPCODE_CLOSE, true, .payload = 125, .bytes = 2}},
		{"\xc1\x07", 2, {DNC_OPCODE_TEXT, true, true, .payload = 7, .bytes = 2}},
		{"\x82\x7e\x01\x00", 4, {DNC_OPCODE_BINARY, true, .payload = 256, .bytes = 4}},
		{"\x82\xfe\x01\x00\x01\x02\x03\x04", 8,
			{DNC_OPCODE_BINARY, true, false, true, {1, 2, 3, 4}, 256, 8}},
		{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10,
			{DNC_OPCODE_BINARY, true, .payload = 65536, .bytes = 10}},
		{"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04", 14,
			{DNC_OPCODE_BINARY, true, false, true, {1, 2, 3, 4}, 65536, 14}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_frame_header *is = &cases[i].is;
		struct dnc_frame_header h;
		char exact[16];

		/* Every shorter part of it is not enough. The bytes end where it says: the sanitizer looks. */
		for (size_t n = 0; n <= cases[i].n; n++) {
			char *part = malloc(n ? n : 1);

			memcpy(part, cases[i].header, n);
			assert_int_equal(dnc_frame_read_header(part, n, &h),
				n < cases[i].n ? DNC_FRAME_MORE : DNC_FRAME_READ);
			free(part);
		}
		memset(exact, 'x', sizeof exact);
		memcpy(exact, cases[i].header, cases[i].n);
		assert_int_equal(dnc_frame_read_header(exact, sizeof exact, &h), DNC_FRAME_READ);
		assert_int_equal(h.opcode, is->opcode);
		assert_int_equal(h.final, is->final);
		assert_int_equal(h.deflated, is->deflated);
		assert_int_equal(h.masked, is->masked);
		assert_int_equal(h.payload, is->payload);
		assert_int_equal(h.bytes, is->bytes);
		if (is->masked)
			assert_memory_equal(h.key, is->key, sizeof h.key);
	}
}

static void what_no_peer_may_send_is_invalid(void **state)
{
	static const struct {
		const char *why, *header;
		size_t n;
	} cases[] = {
		{"reserved bit 2", "\xa1\x00", 2},
		{"reserved bit 3", "\x91\x00", 2},
		{"reserved data opcode", "\x83\x00", 2},
		{"reserved control opcode", "\x8b\x00", 2},
		{"the last opcode", "\x8f\x00", 2},
		{"a ping in pieces", "\x09\x00", 2},
		{"a long close", "\x88\x7e", 2},
		{"a long ping", "\x89\xff", 2},
		{"a compressed ping", "\xc9\x00", 2},
		{"125 in two bytes", "\x81\x7e\x00\x7d", 4},
		{"65535 in eight bytes", "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10},
		{"the highest bit", "\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_frame_header h;

		if (dnc_frame_read_header(cases[i].header, cases[i].n, &h) != DNC_FRAME_INVALID)
			fail_msg("%s is accepted", cases[i].why);
	}
}

static void a_close_frame_says_code_and_reason(void **state)
{
	char out[2 + DNC_FRAME_CONTROL_MAX], text[200];
	struct dnc_str none = {0};

	(void)state;
	assert_int_equal(dnc_frame_write_close(out, 1000, none), 4);
	assert_memory_equal(out, "\x88\x02\x03\xe8", 4);
	assert_int_equal(dnc_frame_write_close(out, 4401, BYTES("token expired")), 17);
	assert_memory_equal(out, "\x88\x0f\x11\x31token expired", 17);
	memset(text, 'x', sizeof text);
	assert_int_equal(dnc_frame_write_close(out, 1001, bytes(text, 123)), 127);
	assert_int_equal(dnc_frame_write_close(out, 1001, bytes(text, 124)), 127);
	assert_int_equal(out[1], 125);
	assert_int_equal(out[126], 'x');
	/* Two bytes of three of a character do not fit: none of it is sent. */
	memcpy(text + 121, "\xe2\x82\xac", 3);
	assert_int_equal(dnc_frame_write_close(out, 1001, bytes(text, 124)), 125);
	assert_int_equal(out[1], 123);
}

static void the_payload_is_what_follows_the_header(void **state)
{
	struct dnc_frame f = {"\x81\x02ok", 4, 2};

	(void)state;
	assert_true(dnc_str_eq(dnc_frame_payload(f), DNC_STR("ok")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_is_written_in_the_shortest_form),
		cmocka_unit_test(headers_are_read_as_the_standard_says),
		cmocka_unit_test(what_no_peer_may_send_is_invalid),
		cmocka_unit_test(a_close_frame_says_code_and_reason),
		cmocka_unit_test(the_payload_is_what_follows_the_header),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
