/* dnc-ingest: which streams are one run, so that their records without a time have the same ids. */
#include "unit.h"
#include "../../cmd/dnc-ingest/identity.c"
#include "json/json.h"

/* A record without a time, which has an id of its run. Returns the event's id. */
static void make_id(
	struct dnc_event_reader *reader, const struct dnc_event_run *run, char id[DNC_UUID_LEN + 1])
{
	static const char text[256] = "{\"type\":\"dnc.number.suppressed\",\"phone_number\":"
				      "\"+13035550143\",\"reason\":\"complaint\"}";
	struct dnc_event event;
	struct dnc_error err;

	dnc_event_reader_position(reader, (struct dnc_event_run *)run, 1, 0);
	assert_int_equal(dnc_event_normalize(reader, text, strlen(text), &event, &err), 0);
	snprintf(id, DNC_UUID_LEN + 1, "%.*s", DNC_STR_ARG(event.id));
	dnc_event_reader_position(reader, NULL, 0, 0);
}

#define FILE_OF(named, size, time)                                                                 \
	{                                                                                          \
		.name = named, .size_bytes = size, .modified_ns = time                             \
	}

static const char archive[] = "dir/a.zip:lists/b.txt";

static const struct {
	const char *given;
	struct dnc_stream one, other;
	bool again; /* the other one is read by another process */
	bool same;
} rows[] = {
	/* The same file, by any path; each part of what it is counts. */
	{NULL, FILE_OF("x/list", 5, 7), FILE_OF("y/list", 5, 7), true, true},
	{NULL, FILE_OF("list", 5, 7), FILE_OF("lost", 5, 7), true, false},
	{NULL, FILE_OF("list", 5, 7), FILE_OF("list", 6, 7), true, false},
	{NULL, FILE_OF("list", 5, 7), FILE_OF("list", 5, 8), true, false},
	/* Two files of one run are never taken for one. */
	{NULL, FILE_OF("x/list", 5, 7), FILE_OF("y/list", 5, 7), false, false},
	{"r", FILE_OF("x/list", 5, 7), FILE_OF("y/list", 6, 8), false, false},
	/* --run stands for the time and the size. */
	{"r", FILE_OF("list", 5, 7), FILE_OF("list", 6, 8), true, true},
	{"r", FILE_OF("list", 5, 7), FILE_OF("lost", 5, 7), true, false},
	{"r", {.name = "stdin"}, {.name = "fd:3"}, true, true},
	/* Standard input is a new run each time. */
	{NULL, {.name = "stdin"}, {.name = "stdin"}, true, false},
	{NULL, {.name = archive, .member = archive + 10, .size_bytes = 5, .modified_ns = 7},
		{.name = archive + 4, .member = archive + 10, .size_bytes = 5, .modified_ns = 7},
		true, true},
	{NULL, {.name = archive, .member = archive + 10, .size_bytes = 5, .modified_ns = 7},
		FILE_OF("b.txt", 5, 7), true, false},
};

static void the_same_file_is_the_same_run(void **state)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	assert_non_null(reader);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct identities known = {.given = rows[i].given};
		char ids[2][DNC_UUID_LEN + 1];

		for (int k = 0; k < 2; k++) {
			struct dnc_event_run *run;

			if (k && rows[i].again) {
				identity_finish(&known);
				known.given = rows[i].given;
			}
			assert_int_equal(
				identity_open(&known, k ? &rows[i].other : &rows[i].one, &run), 0);
			assert_non_null(run);
			make_id(reader, run, ids[k]);
			dnc_event_run_free(run);
		}
		if ((strcmp(ids[0], ids[1]) == 0) != rows[i].same)
			fail_msg("row %zu: %s %s", i, ids[0], ids[1]);
		identity_finish(&known);
	}
	dnc_event_reader_free(reader);
}

static void a_producer_is_live(void **state)
{
	struct identities known = {.given = "r"};
	const struct dnc_stream s = {.name = "in.sock", .acked = true};
	struct dnc_event_run *run = NULL;

	(void)state;
	assert_int_equal(identity_open(&known, &s, &run), 0);
	assert_null(run);
	identity_finish(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_file_is_the_same_run),
		cmocka_unit_test(a_producer_is_live)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
