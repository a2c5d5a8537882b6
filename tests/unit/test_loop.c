/* The tasks of a server in its event loop. */
#include "hub_peer.h"
#include "web/priv/loop.h"

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

static void run(bool closes, unsigned expected)
{
	struct dnc_hub *h = new_hub(100);
	struct dnc_histogram turns = {0};
	unsigned advanced = 0, seconds = 0;
	struct loop l = {.hub = h,
		.turns = &turns,
		.advanced = count,
		.advanced_ctx = &advanced,
		.second = count,
		.second_ctx = &seconds};
	uv_loop_t uv;

	assert_int_equal(uv_loop_init(&uv), 0);
	loop_start(&l, &uv);
	if (closes)
		loop_close(&l);
	loop_work(&l);
	for (int i = 0; i < 3; i++)
		uv_run(&uv, UV_RUN_NOWAIT);
	assert_int_equal(advanced, expected);
	if (!closes)
		loop_close(&l);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&uv), 0);
	free_hub(h);
}

static void a_hub_that_asks_for_work_gets_it(void **state)
{
	(void)state;
	run(false, 1);
}

/* The reader answers until it is freed, which is after the loop was closed. */
static void a_loop_that_was_closed_works_no_more(void **state)
{
	(void)state;
	run(true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hub_that_asks_for_work_gets_it),
		cmocka_unit_test(a_loop_that_was_closed_works_no_more),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
