/* Providers without memory: nothing is lost, and nothing that failed looks like success. */
#include "nomem.h"
#include <stdio.h>
#include "hub/hub.h"
#include "log/journal.h"
#include "log/priv/providers.h"
#include "web/http/provider_list.h"

#define NOON_MS INT64_C(1769860800000)

static struct dnc_journal *journal;
static struct dnc_providers *providers;

/* A canonical line of TYPE about PROVIDER, as JSON text, with DATA. */
static void write_line(struct dnc_buf *b, const char *provider, const char *type, const char *data)
{
	dnc_buf_clear(b);
	dnc_buf_printf(b,
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"%s\",\"provider\":\"%s\","
		"\"severity\":\"info\",\"timestamp\":\"2026-01-31T11:00:00.000Z\",\"summary\":\"s\","
		"\"event_data\":{%s},\"metadata\":{\"ingested_at\":\"2026-01-31T11:00:00.000Z\","
		"\"source_format\":\"ndjson\"}}",
		type, provider, data);
	assert_true(dnc_buf_reserve(b, DNC_JSON_PADDING));
}

static struct dnc_buf sync_line;

static int stage(void *ctx)
{
	return providers_stage(ctx, dnc_buf_view(&sync_line), 2, NOON_MS);
}

/* As the journal does: the batch is tried again, and meanwhile nothing has changed. */
static void assert_unchanged(void *ctx)
{
	struct dnc_provider at = {0};

	providers_abandon(ctx);
	assert_int_equal(dnc_providers_next(ctx, &at), 1);
	assert_int_equal(at.events[DNC_PROVIDER_SYNC].seq, 1);
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 0);
	assert_int_equal(dnc_providers_next(ctx, &at), 0);
	dnc_provider_free(&at);
}

static void what_can_not_be_staged_is_staged_again(void **state)
{
	struct dnc_providers *p = providers_new();
	struct dnc_provider at = {0};

	(void)state;
	assert_non_null(p);
	write_line(&sync_line, "a", "dnc.list.synced", "\"sync_status\":\"failed\"");
	assert_int_equal(providers_stage(p, dnc_buf_view(&sync_line), 1, NOON_MS), 0);
	providers_commit(p);
	write_line(&sync_line, "b\\\"c", "dnc.list.synced", "\"sync_status\":\"success\"");
	fail_each(stage, assert_unchanged, p);
	providers_commit(p);
	for (int i = 0; i < 2; i++)
		assert_int_equal(dnc_providers_next(p, &at), 1);
	assert_int_equal(at.events[DNC_PROVIDER_SYNC].seq, 2);
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 2);
	assert_int_equal(dnc_providers_refused(p), 0);
	dnc_provider_free(&at);
	providers_free(p);
	dnc_buf_free(&sync_line);
}

static const struct dnc_view *view;
static struct dnc_buf list;

static int make_list(void *ctx)
{
	struct provider_list *made = provider_list_new(view, journal, NOON_MS);
	int rc = made ? 1 : -1;

	(void)ctx;
	while (rc > 0)
		rc = provider_list_add(made);
	dnc_buf_free(&list);
	if (rc == 0)
		dnc_buf_str(&list, dnc_buf_view(provider_list_text(made)));
	provider_list_free(made);
	return rc == 0 && dnc_buf_ok(&list) ? 0 : -1;
}

static void ignore(void *ctx)
{
	(void)ctx;
}

/* A list that is made has all providers; one that can't be made fails. */
static void a_list_is_whole_or_fails(void **state)
{
	static const struct dnc_view views[] = {
		{.types = DNC_ALL_TYPES}, {.types = DNC_ALL_TYPES, .rendering = DNC_MASKED}};
	struct dnc_buf line = {0}, whole = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"a", "b\\\"c", "federal_dnc"};

		write_line(&line, names[i], "dnc.list.synced", "\"sync_status\":\"success\"");
		assert_int_equal(
			providers_stage(providers, dnc_buf_view(&line), (uint64_t)i + 1, NOON_MS),
			0);
		write_line(
			&line, names[i], "dnc.provider.status_change", "\"new_status\":\"online\"");
		assert_int_equal(
			providers_stage(providers, dnc_buf_view(&line), (uint64_t)i + 4, NOON_MS),
			0);
	}
	providers_commit(providers);
	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		view = &views[i];
		assert_int_equal(make_list(NULL), 0);
		dnc_buf_clear(&whole);
		dnc_buf_str(&whole, dnc_buf_view(&list));
		fail_each(make_list, ignore, NULL);
		assert_true(dnc_str_eq(dnc_buf_view(&list), dnc_buf_view(&whole)));
	}
	dnc_buf_free(&line);
	dnc_buf_free(&whole);
	dnc_buf_free(&list);
}

static int open_in_memory(void *ctx)
{
	struct dnc_error err;
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){0}, &err);

	(void)ctx;
	dnc_journal_close(j);
	return j ? 0 : -1;
}

static void a_log_opens_with_all_it_needs_or_not(void **state)
{
	(void)state;
	fail_each(open_in_memory, ignore, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_not_be_staged_is_staged_again),
		cmocka_unit_test(a_list_is_whole_or_fails),
		cmocka_unit_test(a_log_opens_with_all_it_needs_or_not),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	providers = dnc_journal_providers(journal);
	rc = cmocka_run_group_tests_name("providers without memory", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
