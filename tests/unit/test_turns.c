/* Whose job the log's reader runs next; the time is an argument. */
#include "unit.h"
#include "log/priv/turns.h"

enum { CLIENTS = 3, JOBS = 20 };

static struct turns turns;
static struct dnc_reader_client clients[CLIENTS];
static struct dnc_job jobs[CLIENTS][JOBS], urgent[JOBS];

static int set_up(void **state)
{
	(void)state;
	turns_init(&turns);
	memset(jobs, 0, sizeof jobs);
	memset(urgent, 0, sizeof urgent);
	for (int c = 0; c < CLIENTS; c++) {
		dnc_reader_client_init(&clients[c], 0);
		for (int i = 0; i < JOBS; i++)
			jobs[c][i].client = &clients[c];
	}
	return 0;
}

static struct dnc_job *next_at(int64_t ms)
{
	int64_t wait_ms;

	return turns_next(&turns, ms, &wait_ms);
}

static void a_client_with_many_jobs_gets_no_more_turns(void **state)
{
	(void)state;
	for (int i = 0; i < JOBS; i++)
		turns_add(&turns, &jobs[0][i]);
	turns_add(&turns, &jobs[1][0]);
	turns_add(&turns, &jobs[2][0]);
	assert_ptr_equal(next_at(0), &jobs[0][0]);
	assert_ptr_equal(next_at(0), &jobs[1][0]);
	/* Those that have more to do come after the others, and go on with the same job. */
	turns_again(&turns, &jobs[1][0]);
	assert_ptr_equal(next_at(0), &jobs[2][0]);
	assert_ptr_equal(next_at(0), &jobs[0][1]);
	turns_again(&turns, &jobs[0][1]);
	assert_ptr_equal(next_at(0), &jobs[1][0]);
	for (int i = 1; i < JOBS; i++)
		assert_ptr_equal(next_at(0), &jobs[0][i]);
	assert_null(next_at(0));
}

static void urgent_jobs_go_first_but_not_for_ever(void **state)
{
	(void)state;
	turns_add(&turns, &jobs[0][0]);
	turns_add(&turns, &jobs[1][0]);
	for (int i = 0; i < JOBS; i++)
		turns_add(&turns, &urgent[i]);
	for (int i = 0; i < TURNS_URGENT; i++)
		assert_ptr_equal(next_at(0), &urgent[i]);
	assert_ptr_equal(next_at(0), &jobs[0][0]);
	for (int i = TURNS_URGENT; i < 2 * TURNS_URGENT; i++)
		assert_ptr_equal(next_at(0), &urgent[i]);
	assert_ptr_equal(next_at(0), &jobs[1][0]);
	for (int i = 2 * TURNS_URGENT; i < JOBS; i++)
		assert_ptr_equal(next_at(0), &urgent[i]);
	assert_null(next_at(0));
}

static void a_client_that_worked_too_much_is_passed_over_for_a_while(void **state)
{
	int64_t wait_ms;

	(void)state;
	turns_add(&turns, &jobs[0][0]);
	assert_ptr_equal(next_at(0), &jobs[0][0]);
	turns_charge(&jobs[0][0], 300000000, 0); /* 50 ms more than there is at once */
	turns_again(&turns, &jobs[0][0]);
	turns_add(&turns, &jobs[0][1]);
	turns_add(&turns, &jobs[1][0]);
	assert_ptr_equal(turns_next(&turns, 0, &wait_ms), &jobs[1][0]);
	assert_null(turns_next(&turns, 0, &wait_ms));
	assert_in_range(wait_ms, 1000, 1010);
	assert_null(turns_next(&turns, 900, &wait_ms));
	assert_ptr_equal(turns_next(&turns, 1001, &wait_ms), &jobs[0][0]);
	turns_charge(&urgent[0], 300000000, 0); /* is nobody's */
}

static void failed_jobs_wait_and_removed_ones_are_gone(void **state)
{
	int64_t wait_ms;

	(void)state;
	jobs[0][0].due_ms = 100;
	urgent[0].due_ms = 50;
	turns_retry(&turns, &jobs[0][0]);
	turns_retry(&turns, &urgent[0]);
	turns_add(&turns, &jobs[1][0]);
	turns_add(&turns, &jobs[2][0]);
	turns_remove(&jobs[1][0]);
	assert_ptr_equal(turns_next(&turns, 10, &wait_ms), &jobs[2][0]);
	assert_null(turns_next(&turns, 10, &wait_ms));
	assert_int_equal(wait_ms, 40);
	assert_ptr_equal(next_at(50), &urgent[0]);
	assert_ptr_equal(turns_any(&turns), &jobs[0][0]);
	assert_null(turns_any(&turns));
	turns_add(&turns, &jobs[0][1]);
	assert_ptr_equal(turns_any(&turns), &jobs[0][1]);
	turns_add(&turns, &urgent[1]);
	turns_remove(&urgent[1]);
	turns_remove(&urgent[1]);
	assert_null(next_at(50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_client_with_many_jobs_gets_no_more_turns, set_up),
		cmocka_unit_test_setup(urgent_jobs_go_first_but_not_for_ever, set_up),
		cmocka_unit_test_setup(
			a_client_that_worked_too_much_is_passed_over_for_a_while, set_up),
		cmocka_unit_test_setup(failed_jobs_wait_and_removed_ones_are_gone, set_up),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
