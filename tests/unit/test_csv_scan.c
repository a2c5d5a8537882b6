/* Lines of CSV are cut into the fields that RFC 4180 means, and nothing else is taken for CSV. */
#include "unit.h"
#include <stdlib.h>
#include "source/priv/csv.h"

/* The fields of TEXT, a line or several, each after a "|"; "!" if it is not CSV, "..." if it does not end. */
static const char *fields_of(struct csv_state *csv, const char *text, size_t n)
{
	static struct dnc_buf shown;
	enum csv_scanned scanned = CSV_OPEN;

	csv->quoted = false;
	csv->count = 0;
	dnc_buf_clear(&csv->fields);
	while (n && scanned == CSV_OPEN) {
		const char *end = memchr(text, '\n', n);
		size_t line = end ? (size_t)(end - text) + 1 : n;

		scanned = csv_scan(csv, (struct dnc_str){text, line});
		text += line;
		n -= line;
	}
	dnc_buf_clear(&shown);
	if (scanned != CSV_ROW)
		dnc_buf_str(&shown, scanned == CSV_WRONG ? DNC_STR("!") : DNC_STR("..."));
	for (size_t i = 0; scanned == CSV_ROW && i < csv->count; i++) {
		dnc_buf_chr(&shown, '|');
		dnc_buf_str(&shown, field_at(csv, i));
	}
	dnc_buf_chr(&shown, '\0');
	assert_true(dnc_buf_ok(&shown));
	return shown.p;
}

static void fields_are_those_of_the_standard(void **state)
{
	static const struct {
		char delimiter;
		const char *text, *fields;
	} cases[] = {{',', "a,b\n", "|a|b"}, {',', "a,b\r\n", "|a|b"}, {',', "a,b\r", "|a|b"},
		{',', "a,\n", "|a|"}, {',', ",\n", "||"}, {',', ",,x\n", "|||x"},
		{',', "\"a\",\"b\"\n", "|a|b"}, {',', "\"a,b\",c\n", "|a,b|c"},
		{',', "\"a \"\"b\"\"\"\n", "|a \"b\""}, {',', "\"\"\n", "|"},
		{',', "\"\"\"\"\n", "|\""}, {',', "\"a\nb\",c\n", "|a\nb|c"},
		{',', "\"a\r\n\r\nb\"\r\n", "|a\r\n\r\nb"}, {',', "  a b \t, c\n", "|a b|c"},
		{',', " \"a \" ,b\n", "|a |b"}, {',', "\t\"a\"\t\r\n", "|a"},
		{'\t', "a\t\t b\n", "|a||b"}, {' ', "a  \"b\" c\n", "|a||b|c"},
		{';', "a,b;c\n", "|a,b|c"},
		/* A quote is only in quoted text, and nothing but blanks is behind that. */
		{',', "a\"b,c\n", "!"}, {',', "\"a\"b,c\n", "!"}, {',', "\"a\" \"b\"\n", "!"},
		{',', "a,\"b\n", "..."}, {',', "\"a\"\"\n", "..."},
		/* What spreadsheets keep as text. */
		{',', "=\"007\",b\n", "|007|b"}, {',', "a, =\"007\" ,b\n", "|a|007|b"},
		{',', "\"=\"\"007\"\"\",b\n", "|007|b"}, {',', "=\"0\"\"7\"\n", "|0\"7"},
		{',', "\"=\"\"0\"\"7\"\"\"\n", "|=\"0\"7\""}, {',', "=a,=\n", "|=a|="},
		{',', "=\"007\"x\n", "!"}, {',', "\t=\"007\"\n", "!"}, {',', "=\"007\n", "!"},
		{'=', "=\"007\"=b\n", "|007|b"}};
	static struct csv_state csv;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		csv.delimiter = cases[i].delimiter;
		assert_string_equal(
			fields_of(&csv, cases[i].text, strlen(cases[i].text)), cases[i].fields);
	}
	dnc_buf_free(&csv.fields);
}

/* Writes a row of random fields as a spreadsheet does; it is read as it was. */
static void what_is_written_is_read(void **state)
{
	static const char alphabet[] = "\"\",;\r\n\t ax=";
	static struct csv_state csv = {.delimiter = ','};
	struct dnc_buf text = {0}, wanted = {0};

	(void)state;
	srand(5);
	for (int round = 0; round < 20000; round++) {
		dnc_buf_clear(&text);
		dnc_buf_clear(&wanted);
		for (int fields = rand() % 5; fields >= 0; fields--) {
			dnc_buf_lit(&wanted, "|x");
			dnc_buf_lit(&text, " \"x");
			for (int n = rand() % 12; n; n--) {
				char c = alphabet[(size_t)rand() % (sizeof alphabet - 1)];

				dnc_buf_chr(&wanted, c);
				dnc_buf_chr(&text, c);
				if (c == '"')
					dnc_buf_chr(&text, c);
			}
			dnc_buf_str(&text, fields ? DNC_STR("\"\t,") : DNC_STR("\" \r\n"));
		}
		dnc_buf_chr(&wanted, '\0');
		assert_string_equal(fields_of(&csv, text.p, text.n), wanted.p);
	}
	dnc_buf_free(&text);
	dnc_buf_free(&wanted);
	dnc_buf_free(&csv.fields);
}

/* More fields than columns are counted, and cost no memory. */
static void too_many_fields_are_counted(void **state)
{
	static struct csv_state csv = {.delimiter = ','};
	char text[2 * CSV_MAX_COLUMNS + 100];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? ',' : 'x';
	text[sizeof text - 1] = '\n';
	assert_int_equal(csv_scan(&csv, (struct dnc_str){text, sizeof text}), CSV_ROW);
	assert_int_equal(csv.count, CSV_MAX_COLUMNS + 50);
	assert_int_equal(csv.fields.n, CSV_MAX_COLUMNS);
	dnc_buf_free(&csv.fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_standard),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(too_many_fields_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
