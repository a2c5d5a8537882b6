/* The states of a route (link/priv/route.h): a reader that comes, goes and acknowledges when the test says so, on a clock of the
 * test. */
#include "passing_clock.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "link/priv/route.h"

enum { SECOND = 1000, TURNS_MAX = 2000 };

static char directory[64];
static struct dnc_routes *routes;
static int number; /* of the route */
static int given;  /* lines */

/* The reader. */
static struct {
	int listener, fd; /* -1: none */
	char text[1 << 16];
	size_t n;
	char all[512]; /* the numbers of all lines that it got: "1 2 3 " */
} desk;

static const char *path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void desk_opens(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("desk.sock"));
	unlink(address.sun_path);
	desk.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(desk.listener, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(desk.listener, 5), 0);
}

static void desk_hangs_up(void)
{
	if (desk.fd >= 0)
		close(desk.fd);
	desk.fd = -1;
	desk.n = 0;
}

static void desk_closes(void)
{
	desk_hangs_up();
	if (desk.listener >= 0)
		close(desk.listener);
	desk.listener = -1;
	unlink(path_of("desk.sock"));
}

/* Reads what is there. */
static void desk_reads(void)
{
	size_t at = desk.n, length = strlen(desk.all);
	ssize_t n;

	if (desk.listener >= 0 && desk.fd < 0)
		desk.fd = accept4(desk.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (desk.fd < 0)
		return;
	n = read(desk.fd, desk.text + desk.n, sizeof desk.text - 1 - desk.n);
	if (n == 0) {
		desk_hangs_up();
		return;
	}
	desk.n += n > 0 ? (size_t)n : 0;
	desk.text[desk.n] = '\0';
	for (const char *p = desk.text + at; length < sizeof desk.all - 16 && (p = strchr(p, 'n'));
		p++)
		length += (size_t)snprintf(
			desk.all + length, sizeof desk.all - length, "%d ", atoi(p + 1));
}

static void desk_acknowledges(int n)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d\n", n);

	assert_int_equal(send(desk.fd, text, (size_t)length, MSG_NOSIGNAL), length);
}

static struct route *route(void)
{
	return routes->v[number];
}

/* The input's loop, once, without its waiting. */
static void turn(void)
{
	struct pollfd entries[ROUTES_ROOM];
	struct dnc_error err;
	int timeout = -1;

	routes_poll(routes, entries, &timeout);
	poll(entries, (nfds_t)routes->count, 0);
	assert_int_equal(routes_turn(routes, entries, &err), 0);
	assert_int_equal(dnc_routes_flush(routes, &err), 0);
	desk_reads();
}

/* MS pass, in steps in which the route can see them. */
static void pass(int64_t ms)
{
	for (; ms > 0; ms -= 100) {
		passed_ms += ms < 100 ? ms : 100;
		turn();
	}
}

#define turn_until(condition)                                                                      \
	do {                                                                                       \
		int left_ = TURNS_MAX;                                                             \
		while (!(condition) && left_--)                                                    \
			pass(10);                                                                  \
		assert_true(condition);                                                            \
	} while (0)

static void give(int count)
{
	struct dnc_error err;
	char line[32];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof line, "{\"id\":\"n%d\"}", ++given);
		assert_int_equal(
			dnc_routes_line(routes, number, dnc_str(line), DNC_STR("id"), &err), 0);
	}
}

/* Makes it the only route; its spool is SPOOL. Returns what dnc_routes_set() does. */
static int set(enum dnc_when_down when_down, const char *spool, struct dnc_error *err)
{
	struct dnc_route what;
	char name[160];
	int rc;

	snprintf(name, sizeof name, "unix:%s", path_of("desk.sock"));
	assert_int_equal(dnc_route_read(&what, dnc_str(name), DNC_STR(""), err), 0);
	what.when_down = when_down;
	if (when_down == DNC_WHEN_DOWN_SPOOL)
		what.spool = strdup(path_of(spool));
	rc = dnc_routes_set(routes, &(const struct dnc_route *){&what}, 1, &number, err);
	dnc_route_finish(&what);
	return rc;
}

static void add(enum dnc_when_down when_down)
{
	struct dnc_error err;

	assert_int_equal(set(when_down, "spool", &err), 0);
}

/* How many files wait. */
static size_t files(void)
{
	char pattern[160];
	glob_t found;
	size_t n;

	snprintf(pattern, sizeof pattern, "%s/route-*.ndjson", path_of("spool"));
	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static int start(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/dnc-route-XXXXXX");
	desk.listener = desk.fd = -1;
	desk.n = 0;
	desk.all[0] = '\0';
	given = 0;
	passed_ms = 0;
	if (!mkdtemp(directory))
		return -1;
	routes = dnc_routes_new(true);
	listen_to_stderr();
	return routes ? 0 : -1;
}

static int stop(void **state)
{
	char command[96];

	(void)state;
	dnc_routes_free(routes);
	desk_closes();
	leave_stderr();
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command) ? -1 : 0;
}

static void what_is_left_out_is_left_out_until_the_reader_is_there(void **state)
{
	(void)state;
	add(DNC_WHEN_DOWN_SKIP);
	pass(SECOND);
	give(3);
	pass(500);
	assert_int_equal(route()->state, ROUTE_UP);
	assert_int_equal(ledger_lines(&route()->unsafe), 3);
	pass(SECOND);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_non_null(strstr(take_said(), "is down: events for it are left out"));
	give(2);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(route()->skipped, 5);
	desk_opens();
	turn_until(route()->state == ROUTE_UP);
	assert_non_null(strstr(take_said(), "takes events again; 5 were left out so far"));
	give(2);
	turn_until(strcmp(desk.all, "6 7 ") == 0);
	assert_int_equal(ledger_lines(&route()->unsafe), 2);
	desk_acknowledges(2);
	turn_until(!route()->unsafe.count);
	assert_int_equal(route()->skipped, 5);
}

/* It is asked with one line, and nothing waits meanwhile. */
static void a_reader_that_acknowledges_nothing_is_left_out_until_it_does(void **state)
{
	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SKIP);
	turn_until(desk.fd >= 0);
	give(3);
	pass(10 * SECOND - 200);
	assert_int_equal(route()->state, ROUTE_UP);
	pass(400);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	assert_int_equal(route()->skipped, 3);
	assert_non_null(strstr(take_said(), "makes no progress: events for it are left out"));
	turn_until(desk.fd >= 0);
	pass(60 * SECOND);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	desk.all[0] = '\0';
	give(1000);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(route()->skipped, 3 + 999);
	pass(60 * SECOND);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	assert_string_equal(desk.all, "4 ");
	assert_null(strstr(take_said(), "takes events again"));
	desk_acknowledges(1);
	turn_until(route()->state == ROUTE_UP);
	turn();
	assert_non_null(strstr(take_said(), "takes events again; 1002 were left out so far"));
	give(2);
	turn_until(strcmp(desk.all, "4 1004 1005 ") == 0);
	assert_int_equal(ledger_lines(&route()->unsafe), 2);
	desk_acknowledges(2);
	turn_until(ledger_lines(&route()->unsafe) == 1);
	desk_acknowledges(3);
	turn_until(!route()->unsafe.count);
}

static void a_reader_that_only_comes_and_goes_is_said_to_be_down_once(void **state)
{
	unsigned down = 0, again = 0, lost = 0;
	const char *text;

	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SKIP);
	for (int i = 0; i < 600; i++) {
		desk.all[0] = '\0';
		give(10);
		pass(100);
		if (desk.n)
			desk_hangs_up();
		text = take_said();
		down += strstr(text, "are left out") != NULL;
		again += strstr(text, "takes events again") != NULL;
		lost += strstr(text, "lost the connection") != NULL;
	}
	assert_in_range(down, 1, 2);
	assert_int_equal(again, down - 1);
	assert_int_equal(lost, 3);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
}

/* No lines: nothing is said and done. */
static void a_route_without_lines_is_not_down(void **state)
{
	static const enum dnc_when_down all[] = {
		DNC_WHEN_DOWN_STALL, DNC_WHEN_DOWN_SPOOL, DNC_WHEN_DOWN_SKIP};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		add(all[i]);
		pass(60 * SECOND);
		assert_int_equal(route()->state, ROUTE_UP);
		assert_string_equal(take_said(), "");
	}
}

/* A file is removed when all of its lines are acknowledged, and what comes meanwhile waits behind it. */
static void what_waits_in_files_is_sent_in_its_order(void **state)
{
	(void)state;
	add(DNC_WHEN_DOWN_SPOOL);
	give(3);
	pass(3 * SECOND);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(files(), 1);
	assert_non_null(strstr(take_said(), "is down: events for it wait in"));
	desk_opens();
	turn_until(strcmp(desk.all, "1 2 3 ") == 0);
	give(2);
	turn();
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(files(), 2);
	desk_acknowledges(1);
	pass(SECOND);
	desk_acknowledges(2);
	pass(SECOND);
	assert_int_equal(files(), 2);
	assert_string_equal(desk.all, "1 2 3 ");
	desk_acknowledges(3);
	turn_until(strcmp(desk.all, "1 2 3 4 5 ") == 0);
	assert_int_equal(files(), 1);
	assert_null(strstr(take_said(), "takes events again"));
	desk_acknowledges(5);
	turn_until(route()->state == ROUTE_UP);
	assert_int_equal(files(), 0);
	turn();
	assert_non_null(strstr(take_said(), "takes events again; it has all that waited"));
	give(1);
	turn_until(strcmp(desk.all, "1 2 3 4 5 6 ") == 0);
	desk_acknowledges(6);
	turn_until(!route()->unsafe.count);
}

/* Also one that stalled before, and has lines that are not acknowledged: they go behind those of the files. */
static void files_that_a_reload_finds_are_sent_first(void **state)
{
	(void)state;
	add(DNC_WHEN_DOWN_SPOOL);
	give(2);
	pass(3 * SECOND);
	assert_int_equal(files(), 1);
	dnc_routes_free(routes);
	routes = dnc_routes_new(true);
	desk_opens();
	add(DNC_WHEN_DOWN_STALL);
	give(3);
	turn_until(strcmp(desk.all, "3 4 5 ") == 0);
	desk.all[0] = '\0';
	add(DNC_WHEN_DOWN_SPOOL);
	pass(SECOND);
	/* They are safe in a file now, and the old one is still there. */
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(files(), 2);
	turn_until(strcmp(desk.all, "1 2 ") == 0);
	desk_acknowledges(1);
	pass(SECOND);
	assert_int_equal(files(), 2);
	desk_acknowledges(2);
	turn_until(strcmp(desk.all, "1 2 3 4 5 ") == 0);
	assert_int_equal(files(), 1);
	give(1);
	desk_acknowledges(5);
	turn_until(strcmp(desk.all, "1 2 3 4 5 6 ") == 0);
	desk_acknowledges(6);
	turn_until(!route()->unsafe.count && route()->state == ROUTE_UP);
	assert_int_equal(files(), 0);
}

/* The disk is full, or gone: the reader that is there again gets what could not be written. */
static void a_spool_that_cant_be_written_holds_nothing_back(void **state)
{
	char moved[160];

	(void)state;
	add(DNC_WHEN_DOWN_SPOOL);
	give(2);
	pass(3 * SECOND);
	assert_int_equal(files(), 1);
	snprintf(moved, sizeof moved, "%s/moved", directory);
	assert_int_equal(rename(path_of("spool"), moved), 0);
	give(3);
	pass(2 * SECOND);
	assert_int_equal(ledger_lines(&route()->unsafe), 3);
	assert_non_null(strstr(take_said(), "No such file or directory; still trying"));
	assert_int_equal(rename(moved, path_of("spool")), 0);
	pass(2 * SECOND);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(rename(path_of("spool"), moved), 0);
	give(1);
	turn();
	desk_opens();
	turn_until(strcmp(desk.all, "6 ") == 0);
	assert_int_equal(route()->state, ROUTE_UP);
	assert_int_equal(route()->spool.buf.n, 0);
	assert_int_equal(ledger_lines(&route()->unsafe), 1);
	desk_acknowledges(1);
	turn_until(!route()->unsafe.count);
	turn();
	/* The others were taken away. */
	assert_non_null(strstr(take_said(), "takes events again; but 2 files were not sent"));
}

/* What is removed is delivered, if that goes on, and taken up again if it is named again. */
static void a_removed_route_is_given_up_when_it_makes_no_progress(void **state)
{
	struct dnc_error err;

	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_STALL);
	give(3);
	turn_until(strcmp(desk.all, "1 2 3 ") == 0);
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	assert_non_null(strstr(take_said(), "is no route any more; 3 lines still wait for it"));
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	assert_string_equal(take_said(), "");
	pass(9 * SECOND);
	assert_null(routes_stuck(routes));
	add(DNC_WHEN_DOWN_STALL);
	pass(60 * SECOND);
	assert_null(routes_stuck(routes));
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	pass(9 * SECOND);
	desk_acknowledges(1);
	pass(9 * SECOND);
	assert_null(routes_stuck(routes));
	assert_false(routes_have(routes, 1, 2));
	pass(2 * SECOND);
	assert_ptr_equal(routes_stuck(routes), route());
	routes_give_up(routes, route());
	assert_null(routes->v[number]);
	assert_true(routes_have(routes, 0, 3));
}

static void a_removed_route_says_what_it_left_out_and_spooled(void **state)
{
	struct dnc_error err;

	(void)state;
	add(DNC_WHEN_DOWN_SKIP);
	give(3);
	pass(3 * SECOND);
	take_said();
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	turn();
	assert_null(routes->v[number]);
	assert_non_null(strstr(take_said(), "3 events were left out"));
	add(DNC_WHEN_DOWN_SPOOL);
	give(3);
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	pass(SECOND);
	assert_non_null(routes->v[number]);
	pass(2 * SECOND);
	assert_null(routes->v[number]);
	assert_int_equal(files(), 1);
	assert_non_null(strstr(take_said(), "(1 files)"));
}

/* A removed route does not keep the input from being read; one that stays does. */
static void a_removed_route_is_not_full(void **state)
{
	static char line[1 << 20];
	struct dnc_error err;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	add(DNC_WHEN_DOWN_STALL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			dnc_routes_line(routes, number, dnc_str(line), DNC_STR("id"), &err), 0);
	assert_true(routes_full(routes));
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	assert_false(routes_full(routes));
}

/* All or nothing: what is in use stays as it is. */
static void other_routes_are_refused_before_anything_changes(void **state)
{
	struct dnc_error err;
	struct dnc_route file, desk_route;
	const struct dnc_route *both[] = {&desk_route, &file};
	int numbers[2];
	char name[160];

	(void)state;
	add(DNC_WHEN_DOWN_SPOOL);
	snprintf(name, sizeof name, "file:%s", path_of("none/kept"));
	assert_int_equal(dnc_route_read(&file, dnc_str(name), DNC_STR(""), &err), 0);
	snprintf(name, sizeof name, "unix:%s", path_of("desk.sock"));
	assert_int_equal(dnc_route_read(&desk_route, dnc_str(name), DNC_STR(""), &err), 0);
	desk_route.when_down = DNC_WHEN_DOWN_SKIP;
	desk_route.timeout_ms = 1234;
	assert_int_equal(dnc_routes_set(routes, both, 2, numbers, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(routes->count, 1);
	assert_int_equal(route()->what.when_down, DNC_WHEN_DOWN_SPOOL);
	assert_int_equal(route()->what.timeout_ms, 0);
	assert_false(route()->retired);
	/* Where events can wait, a file may come later. */
	file.when_down = DNC_WHEN_DOWN_SKIP;
	assert_int_equal(dnc_routes_set(routes, both, 2, numbers, &err), 0);
	assert_int_equal(route()->what.when_down, DNC_WHEN_DOWN_SKIP);
	assert_int_equal(route()->what.timeout_ms, 1234);
	assert_null(route()->spool.dir);
	dnc_route_finish(&file);
	dnc_route_finish(&desk_route);
	/* A spool that events wait in is not left. */
	add(DNC_WHEN_DOWN_SPOOL);
	give(2);
	pass(3 * SECOND);
	assert_int_equal(set(DNC_WHEN_DOWN_STALL, NULL, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_int_equal(set(DNC_WHEN_DOWN_SPOOL, "other", &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_int_equal(set(DNC_WHEN_DOWN_SPOOL, "spool", &err), 0);
	assert_int_equal(set(DNC_WHEN_DOWN_SPOOL, "./spool/", &err), 0);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
}

/* No more is left out, and no line waits for one that was only a trial. */
static void a_route_that_is_not_to_skip_any_more_keeps_its_lines(void **state)
{
	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SKIP);
	give(1);
	pass(11 * SECOND);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	pass(SECOND);
	desk.all[0] = '\0';
	give(1); /* the trial */
	turn_until(strcmp(desk.all, "2 ") == 0);
	take_said();
	add(DNC_WHEN_DOWN_STALL);
	assert_non_null(strstr(take_said(), "2 events were left out"));
	dnc_routes_report(routes);
	assert_string_equal(take_said(), "");
	give(2);
	turn_until(strcmp(desk.all, "2 3 4 ") == 0);
	assert_int_equal(ledger_lines(&route()->unsafe), 2);
	desk_acknowledges(2);
	turn_until(ledger_lines(&route()->unsafe) == 1);
	pass(SECOND);
	assert_int_equal(ledger_lines(&route()->unsafe), 1);
	desk_acknowledges(3);
	turn_until(!route()->unsafe.count);
}

/* What was taken back from the reader is not safe before it is in a file. */
static void what_waits_is_safe_when_it_is_in_a_file(void **state)
{
	char moved[160];

	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SPOOL);
	turn_until(desk.fd >= 0);
	snprintf(moved, sizeof moved, "%s/moved", directory);
	assert_int_equal(rename(path_of("spool"), moved), 0);
	give(3);
	turn_until(strcmp(desk.all, "1 2 3 ") == 0);
	desk_closes();
	pass(5 * SECOND);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
	assert_int_equal(ledger_lines(&route()->unsafe), 3);
	assert_int_equal(rename(moved, path_of("spool")), 0);
	turn_until(!route()->unsafe.count);
	assert_int_equal(files(), 1);
}

/* The trial goes to a file with the others. */
static void a_route_that_is_to_spool_instead_of_skip_spools(void **state)
{
	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SKIP);
	give(1);
	pass(12 * SECOND);
	desk.all[0] = '\0';
	give(1);
	turn_until(strcmp(desk.all, "2 ") == 0);
	add(DNC_WHEN_DOWN_SPOOL);
	give(2);
	assert_int_equal(ledger_lines(&route()->unsafe), 2);
	turn_until(strcmp(desk.all, "2 3 4 ") == 0);
	desk.all[0] = '\0';
	pass(12 * SECOND);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
	assert_int_equal(files(), 1);
	assert_string_equal(desk.all, "2 3 4 ");
	desk_acknowledges(3);
	turn_until(route()->state == ROUTE_UP);
	assert_int_equal(files(), 0);
}

/* A far end that, as a file, knows lines which it has already. */
static struct {
	struct far far;
	uint64_t lines, safe;
	int64_t down;
	const char *unsafe; /* text of what it has not safe */
} fake;

static int fake_line(struct far *f, struct dnc_str line, struct dnc_str id, struct dnc_error *err)
{
	(void)f, (void)line, (void)id, (void)err;
	fake.lines++;
	return 0;
}

static int fake_flush(struct far *f, struct dnc_error *err)
{
	(void)f, (void)err;
	return 0;
}

static int fake_poll(struct far *f, struct pollfd *entry)
{
	(void)f, (void)entry;
	return -1;
}

static int fake_turn(struct far *f, short revents, struct dnc_error *err)
{
	(void)f, (void)revents, (void)err;
	return 0;
}

static uint64_t fake_safe(const struct far *f)
{
	(void)f;
	return fake.safe;
}

static bool fake_full(const struct far *f)
{
	(void)f;
	return false;
}

static int64_t fake_down_since(const struct far *f)
{
	(void)f;
	return fake.down;
}

static int fake_take(struct far *f, struct dnc_buf *out, struct dnc_error *err)
{
	(void)f, (void)err;
	dnc_buf_str(out, dnc_str(fake.unsafe));
	fake.safe = fake.lines;
	return 0;
}

static void fake_close(struct far *f)
{
	(void)f;
}

static const struct far_acts fake_acts = {.line = fake_line,
	.flush = fake_flush,
	.poll = fake_poll,
	.turn = fake_turn,
	.safe = fake_safe,
	.full = fake_full,
	.down_since = fake_down_since,
	.take = fake_take,
	.close = fake_close};

static void start_fake(enum dnc_when_down when_down)
{
	add(when_down);
	route()->far->acts->close(route()->far);
	memset(&fake, 0, sizeof fake);
	fake.far.acts = &fake_acts;
	fake.down = 1;
	route()->far = &fake.far;
}

/* Only what the far end has not is left out, and what it has by then need not be in a file. */
static void what_the_far_end_has_when_it_goes_down_is_safe(void **state)
{
	(void)state;
	start_fake(DNC_WHEN_DOWN_SKIP);
	give(3);
	fake.unsafe = "n3\n";
	pass(SECOND);
	assert_int_equal(route()->state, ROUTE_SKIPPING);
	assert_int_equal(route()->skipped, 1);
	routes_drop(routes, (size_t)number);
	start_fake(DNC_WHEN_DOWN_SPOOL);
	give(3);
	fake.unsafe = "";
	pass(SECOND);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	assert_int_equal(files(), 0);
}

/* One that it was given twice comes back once; all are safe when those that came back are. */
static void lines_that_come_back_once_are_safe_with_the_others(void **state)
{
	char moved[160];

	(void)state;
	start_fake(DNC_WHEN_DOWN_SPOOL);
	give(3);
	fake.unsafe = "n1\nn3\n";
	snprintf(moved, sizeof moved, "%s/moved", directory);
	assert_int_equal(rename(path_of("spool"), moved), 0);
	pass(SECOND);
	assert_int_equal(route()->state, ROUTE_SPOOLING);
	assert_int_equal(ledger_lines(&route()->unsafe), 3);
	fake.down = 0;
	pass(SECOND);
	assert_int_equal(route()->state, ROUTE_UP);
	assert_int_equal(fake.lines, 5);
	assert_int_equal(ledger_lines(&route()->unsafe), 3);
	fake.safe++;
	turn();
	assert_true(ledger_lines(&route()->unsafe) >= 2);
	fake.safe++;
	turn();
	assert_int_equal(ledger_lines(&route()->unsafe), 0);
	/* And then each line for itself. */
	give(2);
	fake.safe++;
	turn();
	assert_int_equal(ledger_lines(&route()->unsafe), 1);
}

/* The loop was blocked, by a slow condition or because the process was stopped: the far end had no chance. */
static void time_without_turns_is_no_downtime(void **state)
{
	struct dnc_error err;

	(void)state;
	desk_opens();
	add(DNC_WHEN_DOWN_SKIP);
	turn_until(desk.fd >= 0);
	give(3);
	passed_ms += 60 * SECOND;
	give(2);
	turn();
	assert_int_equal(route()->state, ROUTE_UP);
	turn_until(strcmp(desk.all, "1 2 3 4 5 ") == 0);
	passed_ms += 60 * SECOND;
	pass(8 * SECOND);
	assert_int_equal(route()->state, ROUTE_UP);
	/* Nor is a connection that it could not make. */
	desk_hangs_up();
	turn();
	passed_ms += 60 * SECOND;
	turn();
	assert_int_equal(route()->state, ROUTE_UP);
	turn_until(desk.fd >= 0);
	desk_acknowledges(5);
	turn_until(!route()->unsafe.count);
	assert_null(strstr(take_said(), "left out"));
	/* A removed route is not given up for it. */
	add(DNC_WHEN_DOWN_STALL);
	give(1);
	turn();
	assert_int_equal(dnc_routes_set(routes, NULL, 0, NULL, &err), 0);
	passed_ms += 60 * SECOND;
	assert_null(routes_stuck(routes));
	turn();
	assert_null(routes_stuck(routes));
	pass(9 * SECOND);
	assert_null(routes_stuck(routes));
	pass(2 * SECOND);
	assert_non_null(routes_stuck(routes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_left_out_is_left_out_until_the_reader_is_there, start, stop),
		cmocka_unit_test_setup_teardown(
			a_reader_that_acknowledges_nothing_is_left_out_until_it_does, start, stop),
		cmocka_unit_test_setup_teardown(
			a_reader_that_only_comes_and_goes_is_said_to_be_down_once, start, stop),
		cmocka_unit_test_setup_teardown(a_route_without_lines_is_not_down, start, stop),
		cmocka_unit_test_setup_teardown(
			what_waits_in_files_is_sent_in_its_order, start, stop),
		cmocka_unit_test_setup_teardown(
			files_that_a_reload_finds_are_sent_first, start, stop),
		cmocka_unit_test_setup_teardown(
			a_spool_that_cant_be_written_holds_nothing_back, start, stop),
		cmocka_unit_test_setup_teardown(
			a_removed_route_is_given_up_when_it_makes_no_progress, start, stop),
		cmocka_unit_test_setup_teardown(
			a_removed_route_says_what_it_left_out_and_spooled, start, stop),
		cmocka_unit_test_setup_teardown(a_removed_route_is_not_full, start, stop),
		cmocka_unit_test_setup_teardown(
			other_routes_are_refused_before_anything_changes, start, stop),
		cmocka_unit_test_setup_teardown(
			a_route_that_is_not_to_skip_any_more_keeps_its_lines, start, stop),
		cmocka_unit_test_setup_teardown(
			what_waits_is_safe_when_it_is_in_a_file, start, stop),
		cmocka_unit_test_setup_teardown(
			a_route_that_is_to_spool_instead_of_skip_spools, start, stop),
		cmocka_unit_test_setup_teardown(
			what_the_far_end_has_when_it_goes_down_is_safe, start, stop),
		cmocka_unit_test_setup_teardown(
			lines_that_come_back_once_are_safe_with_the_others, start, stop),
		cmocka_unit_test_setup_teardown(time_without_turns_is_no_downtime, start, stop),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
