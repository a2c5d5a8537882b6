/* dnc-tail's marks: the position is never ahead of what the reader has taken. */
#include "unit.h"
#include "../../cmd/dnc-tail/marks.c"

static struct marks m;

static int empty(void **state)
{
	(void)state;
	memset(&m, 0, sizeof m);
	return 0;
}

static void an_event_counts_once_its_last_byte_is_taken(void **state)
{
	(void)state;
	marks_add(&m, 0, "e1", 33);
	marks_add(&m, 100, "e1", 34);
	marks_add(&m, 200, "e1", 40);
	assert_true(marks_taken(&m, 99));
	assert_int_equal(m.safe.seq, 33);
	assert_false(marks_taken(&m, 99));
	assert_true(marks_taken(&m, 199));
	assert_int_equal(m.safe.seq, 34);
	assert_true(marks_taken(&m, 200));
	assert_int_equal(m.safe.seq, 40);
	assert_string_equal(m.safe.epoch, "e1");
}

static void each_event_keeps_the_epoch_it_came_in(void **state)
{
	(void)state;
	marks_add(&m, 100, "e1", 38);
	marks_add(&m, 100, "e2", 33);
	marks_add(&m, 200, "e2", 34);
	m.mark[m.first].end = 50;
	assert_true(marks_taken(&m, 50));
	assert_string_equal(m.safe.epoch, "e1");
	assert_int_equal(m.safe.seq, 38);
	assert_true(marks_taken(&m, 100));
	assert_string_equal(m.safe.epoch, "e2");
	assert_int_equal(m.safe.seq, 33);
}

static void too_many_marks_make_the_position_coarser_and_never_later(void **state)
{
	uint64_t count = 5 * MARKS_MAX + 3;

	(void)state;
	for (uint64_t i = 1; i <= count; i++)
		marks_add(&m, i * 10, "e1", i);
	for (uint64_t taken = 0; taken < count * 10; taken += 7) {
		marks_taken(&m, taken);
		assert_true(m.safe.seq * 10 <= taken);
	}
	marks_taken(&m, count * 10);
	assert_int_equal(m.safe.seq, count);
}

static void too_many_epochs_forget_the_oldest_marks_only(void **state)
{
	char epoch[8];

	(void)state;
	for (unsigned i = 1; i <= MARKS_EPOCHS + 3; i++) {
		snprintf(epoch, sizeof epoch, "e%u", i);
		marks_add(&m, i * 10, epoch, i);
	}
	assert_false(marks_taken(&m, 30)); /* e1 to e3 */
	assert_true(marks_taken(&m, 49));
	assert_string_equal(m.safe.epoch, "e4");
	assert_int_equal(m.safe.seq, 4);
	assert_true(marks_taken(&m, 1000));
	assert_string_equal(m.safe.epoch, "e11");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_counts_once_its_last_byte_is_taken, empty),
		cmocka_unit_test_setup(each_event_keeps_the_epoch_it_came_in, empty),
		cmocka_unit_test_setup(
			too_many_marks_make_the_position_coarser_and_never_later, empty),
		cmocka_unit_test_setup(too_many_epochs_forget_the_oldest_marks_only, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
