#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/ini.h"

#define LONG                                                                                         \
	"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"   \
	"901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"9012345678901234567"

/* Writes what is told: "3,5:s/k=v" is the entry of line 3 whose value is at byte 5; + continues, ; has a comment. */
static int write_entry(void *ctx, const struct dnc_ini_entry *e)
{
	dnc_buf_printf(ctx, "%u,%zu:%s", e->line, e->value_at, e->section);
	if (e->key)
		dnc_buf_printf(ctx, "/%s%s=%.*s%s", e->key, e->continues ? "+" : "",
			DNC_STR_ARG(e->value), e->comment ? ";" : "");
	dnc_buf_lit((struct dnc_buf *)ctx, "\n");
	return 0;
}

static int write_wrong(void *ctx, const struct dnc_ini_entry *e, size_t at, const char *why)
{
	dnc_buf_printf(ctx, "%u,%zu: %.20s\n", e->line, at, why);
	return 0;
}

static bool is_free(void *ctx, const char *key)
{
	(void)ctx;
	return strcmp(key, "free") == 0;
}

static int refuse(void *ctx, const struct dnc_ini_entry *e)
{
	(void)ctx;
	return e->line == 2 ? -1 : 0;
}

static int read_text(const char *text, const struct dnc_ini_events *events, struct dnc_error *err)
{
	char path[] = "/tmp/dnc-ini-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = dnc_ini_read(path, events, err);
	unlink(path);
	return rc;
}

static void files_are_read_with_places(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"", ""},
		{"# x\n; y\n\n  \n", ""},
		{"a = 1\n", "1,4:/a=1\n"},
		{"[s]\na=1", "1,1:s\n2,3: the last line does n\n"},
		{"a = 1\n# b", "1,4:/a=1\n2,3: the last line does n\n"},
		{"a = 1\n[s", "1,4:/a=1\n2,2: the last line does n\n"},
		{"a = 1\r", "1,5: a carriage return wi\n"},
		{"\xef\xbb\xbf[s]\r\na : 1\r\n", "1,4:s\n2,4:s/a=1\n"},
		/* A mark is skipped in the first line alone, also where that one is wrong. */
		{"x\ry\n\xef\xbb\xbf = 1\n", "1,1: a carriage return wi\n2,6:/\xef\xbb\xbf=1\n"},
		{"[s]\nb = b ; c\n", "1,1:s\n2,4:s/b=b;\n"},
		{"[s]\nb = b;c\n", "1,1:s\n2,4:s/b=b;c\n"},
		{"[s]\na = 1\n  2\n\n\t3 ; x\nb =\n", "1,1:s\n2,4:s/a=1\n3,2:s/a+=2\n"
						      "5,1:s/a+=3 ; x\n6,2:s/b=\n"},
		{"[s]\nb = 1\n[t] # x\na = 1\n",
			"1,1:s\n2,4:s/b=1\n3,4: \"#\" starts no commen\n3,1:t\n4,4:t/a=1\n"},
		{"[s]\n\n[t]\n a = 1\n", "1,1:s\n3,1:t\n4,5:t/a=1\n"},
		{"[s]\nx\na = 1\n", "1,1:s\n2,0: expected [SECTION], \n3,4:s/a=1\n"},
		{"[s\na = 1\n", "1,2: the name of the sect\n2,4:/a=1\n"},
		{"[s ;t]\na = 1\n", "1,3: \";\" after a blank be\n2,4:/a=1\n"},
		{"[s;t]\na = 1\n", "1,1:s;t\n2,4:s;t/a=1\n"},
		{"= 1\n[t]\n", "1,0: a key is missing bef\n2,1:t\n"},
		{"a = \"" LONG "\nb = 1\n", "1,198: a line is longer tha\n2,4:/b=1\n"},
		{"12345678901234567890123456789012345678901234567890 = 1\n",
			"1,0: a key is longer than\n"},
		{"1234567890123456789012345678901234567890123456789 = 1\n",
			"1,52:/1234567890123456789012345678901234567890123456789=1\n"},
		{"[12345678901234567890123456789012345678901234567890]\n",
			"1,1: the name of the sect\n"},
		{"# " LONG "\nb = 1\n", "1,198: a comment is longer \n2,4:/b=1\n"},
		/* An indented section or key continues nothing. */
		{"[s]\na = 1\n  [t x]\nb = 2\n",
			"1,1:s\n2,4:s/a=1\n3,2: starts with a blank \n3,3:t x\n4,4:t x/b=2\n"},
		{"[s]\na = 1\n\tb.c-d = 2\n b=3\n c : 4\nd = 5\n",
			"1,1:s\n2,4:s/a=1\n3,1: starts with a blank \n4,1: starts with a blank \n"
			"5,1: starts with a blank \n6,4:s/d=5\n"},
		{"[s]\na = 1\n [2-9]$\n (?=x)\n \"b = 1\"\n x:y\n [\"x\"]\n",
			"1,1:s\n2,4:s/a=1\n3,1:s/a+=[2-9]$\n4,1:s/a+=(?=x)\n5,1:s/a+=\"b = 1\"\n"
			"6,1:s/a+=x:y\n7,1:s/a+=[\"x\"]\n"},
		{"free = 1\n b = 1\n [t]\n", "1,7:/free=1\n2,1:/free+=b = 1\n3,1:/free+=[t]\n"},
		{"a\rb = 1\n", "1,1: a carriage return wi\n"},
		{"a =\n\v2\n", "1,2:/a=\n2,1:/a+=2\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf told = {0};
		struct dnc_error err;

		assert_int_equal(
			read_text(cases[i].text,
				&(struct dnc_ini_events){write_entry, write_wrong, &told, is_free},
				&err),
			0);
		dnc_buf_chr(&told, '\0');
		assert_string_equal(told.p, cases[i].told);
		dnc_buf_free(&told);
	}
}

static void errors_end_the_reading(void **state)
{
	const struct dnc_ini_events events = {.entry = refuse};
	struct dnc_error err = {0};

	(void)state;
	assert_int_equal(read_text("a = 1\nb = 1\n", &events, &err), -1);
	assert_string_equal(err.message, "");
	assert_int_equal(read_text("a = 1\n\nb\n", &events, &err), -1);
	assert_non_null(strstr(err.message, ":3:1: expected [SECTION]"));
	assert_int_equal(dnc_ini_read("/nonexistent", &events, &err), -1);
	assert_int_equal(err.code, 2); /* ENOENT */
}

/* Somebody writes to the file while it is read: what was read may be half of what is meant. */
static int write_more(void *ctx, const struct dnc_ini_entry *e)
{
	FILE *f = fopen(ctx, "a");

	(void)e;
	assert_non_null(f);
	fputs("b = 2\n", f);
	return fclose(f);
}

static void files_that_change_are_refused(void **state)
{
	char path[] = "/tmp/dnc-ini-XXXXXX";
	const struct dnc_ini_events changing = {.entry = write_more, .ctx = path};
	struct dnc_buf told = {0};
	struct dnc_error err = {0};
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	assert_non_null(f);
	fputs("a = 1\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(dnc_ini_read(path, &changing, &err), -1);
	assert_int_equal(err.code, EAGAIN);
	assert_non_null(strstr(err.message, " was written to while it was read: write a new file"));
	assert_int_equal(dnc_ini_read(path,
				 &(struct dnc_ini_events){
					 .entry = write_entry, .wrong = write_wrong, .ctx = &told},
				 &err),
		0);
	dnc_buf_free(&told);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_with_places),
		cmocka_unit_test(errors_end_the_reading),
		cmocka_unit_test(files_that_change_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
