/* Events of the rows of tables: the same as those of their records, whatever differs from row to row. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "event/cells.h"
#include "event/priv/reader.h"

enum { COLUMNS = 16, VALUES = 8, KINDS = 12, FIXED = 4 };

/* Columns, and what rows have in them; NULL ends the values. Some rows are no events. */
static const struct {
	const char *name, *value[VALUES];
} columns[COLUMNS] = {
	{"reason", {"complaint", "complaint", "consumer_request", "other", "of 12025550143"}},
	{"source", {"internal", "internal", "federal", "else"}},
	{"provider", {"acme", "list \"7\" \\ ünï", "+1******0143"}},
	{"provider_id", {"17", "18"}},
	{"timestamp", {"2026-03-01T08:00:00.000Z", "2026-03-01T08:00:00+02:00",
			      "2026-04-01T08:00:00Z", "soon"}},
	{"suppressed_at", {"2026-03-02T08:00:00.000Z", "2026-03-02T08:00:01Z"}},
	{"expires_at", {"2027-03-02T08:00:00.000Z", "2025-03-02T08:00:00Z", "never"}},
	{"notes", {"said \"never\"", "2025550143", "line\nend", "<cell 7>", "\x01\\", "ünï"}},
	{"suppressed_by", {"jo", "<cell 8>", "a, b"}},
	{"dnc_entry_id", {"7", "entry 8"}},
	{"account", {"1", "2", "+12025550143", "+1******0143"}},
	{"<cell 1>", {"<cell 1>", "x"}},
	{"agent \"x\"", {"Smith, Jo", "2001-09-09T01:46:47.000Z"}},
	{"request_id", {"r1", "r2"}},
	{"severity", {"high", "odd"}},
	{"event_id", {"e1", "6ec78522-5e7c-84c0-9b3d-b378ffa70d6d"}},
};

/* Adds a cell, in half of the rows with the time that it says. */
static void add_cell(struct dnc_cells *row, struct dnc_cell *cell, const struct dnc_cell_name *name,
	const char *text)
{
	*cell = (struct dnc_cell){.name = name, .value = dnc_str(text)};
	cell->timed = rand() % 2 && cell->value.n == DNC_TIME_LEN &&
	              dnc_clock_parse(cell->value, &cell->at_ms);
	row->count++;
}

/* A row of random cells of the columns in KIND (a bit for each). */
static void make_row(struct dnc_cells *row, struct dnc_cell *cell,
	const struct dnc_cell_name *names, unsigned kind)
{
	row->cell = cell;
	row->count = 0;
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t values = 0, last;

		while (values < VALUES && columns[i].value[values])
			values++;
		last = rand() % 8 ? values > 2 ? values - 1 : values : values;
		if (i < FIXED && rand() % 8)
			last = 1;
		if (kind & 1u << i)
			add_cell(row, &cell[row->count], &names[i],
				columns[i].value[(size_t)rand() % last]);
	}
}

/* The line without the time of arrival, and without a time that is that one. */
static void blank(struct dnc_buf *b, const struct dnc_event *e)
{
	dnc_buf_clear(b);
	dnc_buf_str(b, e->line);
	memset(b->p + (e->ingested_at.p - e->line.p), 'x', e->ingested_at.n);
	if (dnc_str_eq(e->timestamp, e->ingested_at))
		memset(b->p + (e->timestamp.p - e->line.p), 'x', e->timestamp.n);
}

/* Makes the event of ROW both ways, and compares. Returns whether there is one. */
static bool compare(struct dnc_event_reader *by_cells, struct dnc_event_reader *by_record,
	const struct dnc_cells *row)
{
	struct dnc_buf record = {0}, a = {0}, b = {0};
	struct dnc_error err_a, err_b;
	struct dnc_event x, y;
	int rc;

	dnc_cells_write(&record, row);
	assert_true(dnc_buf_reserve(&record, DNC_JSON_PADDING));
	rc = dnc_event_from_cells(by_cells, row, &x, &err_a);
	assert_int_equal(rc, dnc_event_normalize(by_record, record.p, record.n, &y, &err_b));
	if (rc == 0) {
		struct dnc_event_shape shape_x, shape_y;

		blank(&a, &x);
		blank(&b, &y);
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.p, b.p, a.n);
		dnc_event_shape_of(&x, &shape_x);
		dnc_event_shape_of(&y, &shape_y);
		assert_true(llabs(shape_x.timestamp_ms - shape_y.timestamp_ms) < 60000);
		shape_x.timestamp_ms = shape_y.timestamp_ms = 0;
		assert_memory_equal(&shape_x, &shape_y, sizeof shape_x);
	} else {
		assert_int_equal(err_a.code, err_b.code);
		assert_string_equal(err_a.message, err_b.message);
	}
	dnc_buf_free(&record);
	dnc_buf_free(&a);
	dnc_buf_free(&b);
	return rc == 0;
}

/* Random rows of many kinds, in an order in which molds come and go. */
static void cells_give_the_events_of_their_records(void **state)
{
	static const char *const numbers[] = {"2025550143", "+49 30 123456", "020 7946 0018",
		"0000", "(202) 555-0199 ext 7", "", "+1 2025550143", "415-555-0123", "4155550124"};
	const struct dnc_event_options options = {.region = "US"};
	const struct dnc_str part = DNC_STR("a run");
	struct dnc_event_reader *x = dnc_event_reader_new(&options);
	struct dnc_event_reader *y = dnc_event_reader_new(&options);
	struct dnc_event_run *run_x = dnc_event_run_new(&part, 1);
	struct dnc_event_run *run_y = dnc_event_run_new(&part, 1);
	struct dnc_cell_name names[COLUMNS];
	struct dnc_cell cell[COLUMNS];
	unsigned kinds[KINDS];
	size_t events = 0;

	(void)state;
	srand(11);
	for (size_t i = 0; i < COLUMNS; i++)
		dnc_cell_name_set(&names[i], columns[i].name);
	for (size_t i = 0; i < KINDS; i++) /* the last two columns are in few */
		kinds[i] = ((unsigned)rand() & (i % 5 ? 0x3FFFu : 0xFFFFu)) | (i % 7 ? 1 : 0);
	for (unsigned i = 0; i < 12000; i++) {
		struct dnc_cells row = {
			.type = rand() % 40 ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED};

		if (rand() % 50)
			row.number = dnc_str(numbers[rand() % 9]);
		make_row(&row, cell, names, kinds[rand() % KINDS]);
		dnc_event_reader_position(x, run_x, i + 1, 0);
		dnc_event_reader_position(y, run_y, i + 1, 0);
		events += compare(x, y, &row);
	}
	assert_true(events > 4000);
	dnc_event_run_free(run_x);
	dnc_event_run_free(run_y);
	dnc_event_reader_free(x);
	dnc_event_reader_free(y);
}

/* The first row of a kind is normalized; from the second one a mold is made, and compared. Nothing else is parsed. */
static void rows_of_a_kind_are_parsed_once(void **state)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_cell_name names[3];
	char text[16];

	(void)state;
	dnc_cell_name_set(&names[0], "reason");
	dnc_cell_name_set(&names[1], "notes");
	dnc_cell_name_set(&names[2], "suppressed_at");
	for (int i = 0; i < 100; i++) {
		const struct dnc_cell cell[] = {{.name = &names[0], .value = DNC_STR("complaint")},
			{.name = &names[1],
				.value = {text, (size_t)snprintf(text, sizeof text, "row %d", i)}},
			{.name = &names[2], .value = DNC_STR("2026-03-01T08:00:00Z")}};
		const struct dnc_cells row = {
			DNC_NUMBER_SUPPRESSED, DNC_STR("2025550143"), cell, 3};
		struct dnc_event event;
		struct dnc_error err;

		assert_int_equal(dnc_event_from_cells(r, &row, &event, &err), 0);
		assert_non_null(memmem(event.event_data.p, event.event_data.n, text, strlen(text)));
	}
	assert_int_equal(dnc_json_parser_count(r->parser), 1 + 2);
	dnc_event_reader_free(r);
}

/* An event that is too long is rejected by either way. */
static void long_cells_are_rejected(void **state)
{
	struct dnc_event_reader *x = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event_reader *y = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event_run *run = dnc_event_run_new(NULL, 0);
	struct dnc_cell_name names[2];
	static char text[DNC_EVENT_MAX_BYTES];

	(void)state;
	memset(text, 'x', sizeof text);
	dnc_cell_name_set(&names[0], "reason");
	dnc_cell_name_set(&names[1], "notes");
	for (size_t n = 10; n < sizeof text; n += n < 31000 || n > 32500 ? 997 : 1) {
		const struct dnc_cell cell[] = {{.name = &names[0], .value = DNC_STR("complaint")},
			{.name = &names[1], .value = {text, n}}};
		const struct dnc_cells row = {
			DNC_NUMBER_SUPPRESSED, DNC_STR("2025550143"), cell, 2};

		dnc_event_reader_position(x, run, n, 0);
		dnc_event_reader_position(y, run, n, 0);
		if (!compare(x, y, &row)) {
			assert_true(n > 31000);
			break;
		}
	}
	dnc_event_run_free(run);
	dnc_event_reader_free(x);
	dnc_event_reader_free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_give_the_events_of_their_records),
		cmocka_unit_test(rows_of_a_kind_are_parsed_once),
		cmocka_unit_test(long_cells_are_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
