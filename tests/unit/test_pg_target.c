/* The user's word on which server of a connection string is taken (target_session_attrs), which is not heeded: it is chosen here. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "log/priv/pg.h"

static struct dnc_error err;

/* What is said of CONNINFO. Valid until the next call. */
static const char *said_of(const char *conninfo, enum pg_target target)
{
	static char text[1024];
	struct pg *pg = pg_new(conninfo, target, "unit", &err);
	int saved = dup(STDERR_FILENO);
	FILE *out = tmpfile();

	if (!pg)
		fail_msg("%s: %s", conninfo, err.message);
	dup2(fileno(out), STDERR_FILENO);
	pg_warn_of_target(pg);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	text[fread(text, 1, sizeof text - 1, out)] = '\0';
	fclose(out);
	pg_free(pg);
	return text;
}

static void a_word_that_says_otherwise_is_warned_of(void **state)
{
	static const struct {
		const char *word;
		bool fits[PG_PREFER_STANDBY + 1];
	} cases[] = {
		{NULL, {true, true, true}},
		{"any", {true, true, true}},
		{"read-write", {true, true, false}},
		{"primary", {true, true, false}},
		{"read-only", {false, false, false}},
		{"standby", {false, false, false}},
		{"prefer-standby", {false, false, true}},
	};
	char conninfo[96];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int target = PG_PRIMARY; target <= PG_PREFER_STANDBY; target++) {
			const char *word = cases[i].word, *said;

			snprintf(conninfo, sizeof conninfo, "host=a%s%s",
				word ? " target_session_attrs=" : "", word ? word : "");
			said = said_of(conninfo, (enum pg_target)target);
			if (!*said != cases[i].fits[target] || (*said && !strstr(said, word)))
				fail_msg("%s, %d: %s", conninfo, target, said);
		}
}

/* It is said for all programs of a machine, or for all who use a service. */
static void the_word_may_be_in_a_service_or_in_the_environment(void **state)
{
	char path[] = "/tmp/dnc-service-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "[log]\nhost=a\ntarget_session_attrs=standby\n") > 0);
	close(fd);
	setenv("PGSERVICEFILE", path, 1);
	assert_non_null(strstr(said_of("service=log", PG_PRIMARY),
		"log on a:5432: target_session_attrs=standby, which the connection string, its "
		"service or PGTARGETSESSIONATTRS says, chooses no server: "
		"the one that takes writes is used"));
	unsetenv("PGSERVICEFILE");
	unlink(path);
	setenv("PGTARGETSESSIONATTRS", "read-write", 1);
	assert_non_null(strstr(said_of("host=a", PG_PREFER_STANDBY), "=read-write"));
	assert_string_equal(said_of("host=a", PG_PRIMARY), "");
	unsetenv("PGTARGETSESSIONATTRS");
}

static void what_is_no_word_is_refused(void **state)
{
	(void)state;
	assert_null(pg_new("host=a target_session_attrs=bogus", PG_PRIMARY, "unit", &err));
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.message, "invalid target_session_attrs value: \"bogus\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_that_says_otherwise_is_warned_of),
		cmocka_unit_test(the_word_may_be_in_a_service_or_in_the_environment),
		cmocka_unit_test(what_is_no_word_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
