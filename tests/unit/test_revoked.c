/* The file of revoked tokens: what it lists is known, and what can't be read is told. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "auth/revoked.h"
#include "auth/token.h"
#include "base/buf.h"

static char dir[] = "/tmp/dnc-revoked-XXXXXX", path[64];

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}

/* The text of a case ends with its first NUL, unless it says how long it is. */
static void what_is_listed_is_revoked(void **state)
{
	static const struct {
		const char *text;
		const char *jtis[4];
	} cases[] = {
		{"", {NULL}},
		{"\n\n \t\n", {NULL}},
		{"one", {"one"}},
		{"# a comment\n\n  one \ntwo\ntwo\n\tthree", {"one", "two", "three"}},
		{"one\r\ntwo\r\n", {"one", "two"}},
		{"\xef\xbb\xbfone\ntwo", {"one", "two"}},
		{"\xef\xbb\xbf# one\r\ntwo\r\n", {"two"}},
		{"\xef\xbb\xbf", {NULL}},
		{"one # stolen\ntwo\t#\nthree #four", {"one", "two", "three"}},
		{"  # caf\xc3\xa9\none", {"one"}},
		{"\"one\"\n  \"two\" # quoted \"\n", {"one", "two"}},
		{"\"a b\"\n\"a,b\"\n\"#x\"\n\"it's\"", {"a b", "a,b", "#x", "it's"}},
		{"\"a\\\"b\\\\\"\n\"caf\\u00e9\"\n\"\\ud83d\\ude00\"",
			{"a\"b\\", "caf\xc3\xa9", "\xf0\x9f\x98\x80"}},
		{"YQ==\nonrtac:7f-A_~z/1+2.3|x@y", {"YQ==", "onrtac:7f-A_~z/1+2.3|x@y"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_revoked *r;
		struct dnc_error err;

		put(cases[i].text, strlen(cases[i].text));
		r = dnc_revoked_load(path, &err);
		if (!r)
			fail_msg("%zu: %s", i, err.message);
		for (int k = 0; k < 4 && cases[i].jtis[k]; k++)
			if (!dnc_revoked_has(r, cases[i].jtis[k]))
				fail_msg("%zu: %s is not revoked", i, cases[i].jtis[k]);
		assert_false(dnc_revoked_has(r, ""));
		assert_false(dnc_revoked_has(r, "four") || dnc_revoked_has(r, "# one"));
		dnc_revoked_free(r);
	}
	assert_false(dnc_revoked_has(NULL, "one"));
	dnc_revoked_free(NULL);
}

static void what_would_revoke_nothing_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t n; /* 0: to the first NUL */
		const char *place, *part;
	} cases[] = {
		{"one\rtwo\rthree\r", 0, ":1:4: ", "carriage return"},
		{"# old Mac\rone\r", 0, ":1:10: ", "carriage return"},
		{"one\r", 0, ":1:4: ", "carriage return"},
		{"one\r\r\n", 0, ":1:4: ", "carriage return"},
		{"one\n two,three\n", 0, ":2:5: ", "unexpected ,"},
		{"one,\n", 0, ":1:4: ", "unexpected ,"},
		{"\"one\",\n", 0, ":1:6: ", "unexpected ,"},
		{"one;\n", 0, ":1:4: ", "unexpected ;"},
		{"'one'\n", 0, ":1:1: ", "unexpected '"},
		{"[\"one\"]\n", 0, ":1:1: ", "unexpected ["},
		{"{\"jti\":\"one\"}\n", 0, ":1:1: ", "unexpected {"},
		{"jti=one\n", 0, ":1:4: ", "unexpected ="},
		{"=one\n", 0, ":1:1: ", "unexpected ="},
		{"jti: one\n", 0, ":1:6: ", "text after a blank"},
		{"one two\n", 0, ":1:5: ", "text after a blank"},
		{"\n\none# stolen\n", 0, ":3:4: ", "unexpected #"},
		{"// one\n", 0, ":1:4: ", "text after a blank"},
		{"\"one\n", 0, ":1:1: ", "not closed"},
		{"\"one\\\n", 0, ":1:1: ", "not closed"},
		{"\"one\" \"two\"\n", 0, ":1:7: ", "unexpected \""},
		{"\"one\"two\n", 0, ":1:6: ", "unexpected t"},
		{"\"\\x\"\n", 0, ":1:1: ", "not a JSON string"},
		{"\"\\ud83d\"\n", 0, ":1:1: ", "not a JSON string"},
		{"\"\"\n", 0, ":1:1: ", "1 to 127 bytes"},
		{"\"\\n\"\n", 0, ":1:1: ", "control characters"},
		{"\"caf\xc3\xa9\"\n", 0, ":1:5: ", "byte 0xc3"},
		{"\xe2\x80\x9cone\xe2\x80\x9d\n", 0, ":1:1: ", "byte 0xe2"},
		{"one\xc2\xa0\n", 0, ":1:4: ", "byte 0xc2"},
		{"one\xe2\x80\x8b\n", 0, ":1:4: ", "byte 0xe2"},
		{"one\n\xef\xbb\xbftwo\n", 0,
			":2:1: ", "byte 0xef"}, /* two files, one after the other */
		{"\xef\xbb\xbf\xef\xbb\xbfone\n", 0, ":1:4: ", "byte 0xef"},
		{"\xef\xbb\xbfone,\n", 0, ":1:7: ", "unexpected ,"},
		{"\xff\xfeo\0n\0e\0\n\0", 10, ":1:1: ", "byte 0xff"},
		{"o\0n\0e\0\n\0", 8, ":1:2: ", "byte 0x00"},
		{"one\0two\n", 8, ":1:4: ", "byte 0x00"},
		{"# a\0b\none\n", 10, ":1:4: ", "byte 0x00"},
		{"one\ftwo\n", 0, ":1:4: ", "byte 0x0c"},
		{"one\x7f\n", 0, ":1:4: ", "byte 0x7f"},
		{"# a\xe2\x80\xa8one\n", 0, ":1:4: ", "line separator"},
		{"# a\xc2\x85one\n", 0, ":1:4: ", "line separator"},
		{"# a\vone\n", 0, ":1:4: ", "byte 0x0b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;

		put(cases[i].text, cases[i].n ? cases[i].n : strlen(cases[i].text));
		assert_null(dnc_revoked_load(path, &err));
		assert_int_equal(err.code, EINVAL);
		if (!strstr(err.message, cases[i].place) || !strstr(err.message, cases[i].part))
			fail_msg("%zu: \"%s\", not \"%s%s\"", i, err.message, cases[i].place,
				cases[i].part);
	}
}

static void lines_are_limited(void **state)
{
	char text[3000];

	(void)state;
	for (size_t n = 100; n < 2000; n++) {
		bool comment = n % 2;
		struct dnc_error err;
		struct dnc_revoked *r;

		memset(text, 'x', n);
		text[0] = comment ? '#' : 'x';
		put(text, n);
		r = dnc_revoked_load(path, &err);
		assert_true((r != NULL) == (comment ? n <= 1024 : n < DNC_JTI_MAX));
		assert_true(r || err.code == EINVAL);
		dnc_revoked_free(r);
	}
	unlink(path);
	assert_null(dnc_revoked_load(path, &(struct dnc_error){0}));
}

/* Any jti that a token may have, after whatever was in the file. */
static void what_is_added_is_revoked(void **state)
{
	static const char *const before[] = {
		NULL, "", "old\n", "old", "# no end", "old\r\n", "\"old\""};
	static const char *const jtis[] = {"new", "#x", "a b", " a ", "a,b", "\"", "\\", "it's",
		"caf\xc3\xa9", "\xe2\x80\x8b", "\xf0\x9f\x98\x80", "\xef\xbb\xbfx", "a=", "=",
		"a=b", "\xc2\x85", "[]", "{}"};

	(void)state;
	for (size_t b = 0; b < sizeof before / sizeof before[0]; b++)
		for (size_t i = 0; i < sizeof jtis / sizeof jtis[0]; i++) {
			struct dnc_revoked *r;
			struct dnc_error err;
			struct stat once, twice;

			unlink(path);
			if (before[b])
				put(before[b], strlen(before[b]));
			if (dnc_revoked_add(path, jtis[i], &err) < 0)
				fail_msg("%s: %s", jtis[i], err.message);
			assert_int_equal(stat(path, &once), 0);
			assert_int_equal(dnc_revoked_add(path, jtis[i], &err), 0);
			assert_int_equal(stat(path, &twice), 0);
			assert_int_equal(once.st_size, twice.st_size);
			assert_int_equal(dnc_revoked_add(path, "last", &err), 0);
			r = dnc_revoked_load(path, &err);
			if (!r)
				fail_msg("%s after %s: %s", jtis[i],
					before[b] ? before[b] : "nothing", err.message);
			assert_true(dnc_revoked_has(r, jtis[i]) && dnc_revoked_has(r, "last"));
			assert_true(!before[b] || !strstr(before[b], "old") ||
				    dnc_revoked_has(r, "old"));
			dnc_revoked_free(r);
		}
}

static void what_no_token_can_have_is_not_added(void **state)
{
	static const char *const jtis[] = {
		"", "two\nlines", "a\rb", "\x7f", "\xff", "\xed\xa0\x80", "a\tb"};
	char longest[DNC_JTI_MAX + 1];
	struct dnc_error err;

	(void)state;
	unlink(path);
	for (size_t i = 0; i < sizeof jtis / sizeof jtis[0]; i++) {
		assert_int_equal(dnc_revoked_add(path, jtis[i], &err), -1);
		assert_int_equal(err.code, EINVAL);
	}
	memset(longest, 'x', sizeof longest);
	longest[DNC_JTI_MAX] = '\0';
	assert_int_equal(dnc_revoked_add(path, longest, &err), -1);
	assert_int_not_equal(access(path, F_OK), 0);
	longest[DNC_JTI_MAX - 1] = '\0';
	assert_int_equal(dnc_revoked_add(path, longest, &err), 0);
	assert_int_equal(dnc_revoked_add(dir, "x", &err), -1);
	assert_int_equal(err.code, EISDIR);
	/* A file that the hub would refuse gets nothing more, which would seem to be revoked. */
	put("one,two\n", 8);
	assert_int_equal(dnc_revoked_add(path, "three", &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.message, ":1:4: "));
}

static void ids_make_a_list_that_is_freed_with_the_last_reference(void **state)
{
	char ids[2 * DNC_JTI_MAX + 8] = "a\0\0b c";
	struct dnc_revoked *r;

	(void)state;
	memset(ids + 7, 'x', DNC_JTI_MAX); /* too long for any token */
	memset(ids + 8 + DNC_JTI_MAX, 'y', DNC_JTI_MAX - 1);
	r = dnc_revoked_of((struct dnc_str){ids, 8 + 2 * DNC_JTI_MAX});
	assert_non_null(r);
	assert_ptr_equal(dnc_revoked_ref(r), r);
	dnc_revoked_free(r);
	assert_true(dnc_revoked_has(r, "a"));
	assert_true(dnc_revoked_has(r, "b c"));
	assert_true(dnc_revoked_has(r, ids + 8 + DNC_JTI_MAX));
	assert_false(dnc_revoked_has(r, ids + 7));
	assert_false(dnc_revoked_has(r, ""));
	dnc_revoked_free(r);
	assert_null(dnc_revoked_ref(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_make_a_list_that_is_freed_with_the_last_reference),
		cmocka_unit_test(what_is_listed_is_revoked),
		cmocka_unit_test(what_would_revoke_nothing_is_refused_with_its_place),
		cmocka_unit_test(lines_are_limited),
		cmocka_unit_test(what_is_added_is_revoked),
		cmocka_unit_test(what_no_token_can_have_is_not_added),
	};
	int rc;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/revoked", dir);
	rc = cmocka_run_group_tests_name("revoked", tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return rc;
}
