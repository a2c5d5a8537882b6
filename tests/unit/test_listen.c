/* Listening sockets: what addresses mean, what is refused, and what happens when no connection can be accepted. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "web/priv/listen.h"
#include "web/web.h"

enum { WAIT_MS = 20000, STEP_MS = 2 };

static char dir[] = "/tmp/dnc-listen-XXXXXX";
static uv_loop_t loop;

static struct {
	int fds[256];
	size_t count, local;
} accepted;

static void on_accepted(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	assert_ptr_equal(ctx, &accepted);
	assert_true(accepted.count < sizeof accepted.fds / sizeof accepted.fds[0]);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	accepted.fds[accepted.count++] = fd;
	accepted.local += peer->ss_family == AF_UNIX;
}

static struct listeners *open_listeners(bool anywhere)
{
	memset(&accepted, 0, sizeof accepted);
	assert_int_equal(uv_loop_init(&loop), 0);
	return listeners_new(&loop, anywhere, on_accepted, &accepted);
}

static void close_loop(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (size_t i = 0; i < accepted.count; i++)
		close(accepted.fds[i]);
}

static void close_listeners(struct listeners *l)
{
	listeners_free(l);
	close_loop();
}

static void add(struct listeners *l, const char *text)
{
	struct dnc_error err;

	if (listeners_add(l, text, &err) < 0)
		fail_msg("%s", err.message);
}

static int connect_to(const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, address, size), 0);
	return fd;
}

/* Connects to ADDRESS, "127.0.0.1:PORT" or "[::1]:PORT". */
static int connect_tcp(const char *address)
{
	uint16_t port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return address[0] == '[' ? connect_to((struct sockaddr *)&v6, sizeof v6)
	                         : connect_to((struct sockaddr *)&v4, sizeof v4);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return connect_to((struct sockaddr *)&address, sizeof address);
}

static void await_accepted(size_t count)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	while (accepted.count < count) {
		if (dnc_clock_mono_ms() > until)
			fail_msg("%zu connections, not %zu", accepted.count, count);
		uv_run(&loop, UV_RUN_NOWAIT);
		poll(NULL, 0, STEP_MS);
	}
	assert_int_equal(accepted.count, count);
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static void a_port_of_0_is_any_free_one(void **state)
{
	struct listeners *l = open_listeners(false);
	size_t count = has_ipv6() ? 3 : 2;

	(void)state;
	add(l, "127.0.0.1:0");
	add(l, "127.1.2.3:0"); /* all of 127.0.0.0/8 */
	if (count == 3)
		add(l, "[::1]:0");
	for (size_t i = 0; i < count; i++) {
		static const char *const prefixes[] = {"127.0.0.1:", "127.1.2.3:", "[::1]:"};
		const char *address = listeners_address(l, i);

		assert_int_equal(strncmp(address, prefixes[i], strlen(prefixes[i])), 0);
		assert_in_range(atoi(strrchr(address, ':') + 1), 1, 65535);
	}
	assert_string_equal(listeners_address(l, count), "");
	close(connect_tcp(listeners_address(l, 0)));
	await_accepted(1);
	if (count == 3) {
		close(connect_tcp(listeners_address(l, 2)));
		await_accepted(2);
	}
	assert_int_equal(accepted.local, 0);
	close_listeners(l);
}

static void what_is_no_address_is_refused_by_its_text(void **state)
{
	static const struct {
		const char *text, *message;
		int code;
		bool anywhere;
	} cases[] = {
		{"", "not an address like 127.0.0.1:8080", EINVAL, false},
		{":80", "not an address", EINVAL, false},
		{"127.0.0.1", "not an address", EINVAL, false},
		{"127.0.0.1:", "not an address", EINVAL, false},
		{"127.0.0.1:8o80", "not an address", EINVAL, false},
		{"127.0.0.1:65536", "not an address", EINVAL, false},
		{"127.0.0.1:100000", "not an address", EINVAL, false},
		{"1234567890123456789012345678901234567890123456789012345678901234:1",
			"not an address", EINVAL, false},
		{"localhost:0", "not a numeric address", EINVAL, false},
		{"[::1:0", "not a numeric address", EINVAL, false},
		{"0.0.0.0:0", "only loopback addresses are served", EINVAL, false},
		{"[::]:0", "only loopback addresses are served", EINVAL, false},
		{"192.0.2.1:0", "unable to listen on 192.0.2.1:0: ", EADDRNOTAVAIL, true},
		{"unix:", "unix: has no path", EINVAL, false},
		{"systemd", "no listening TCP socket was passed", EINVAL, false},
	};
	struct listeners *l = open_listeners(false);
	struct listeners *anywhere = listeners_new(&loop, true, on_accepted, &accepted);
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(
			listeners_add(cases[i].anywhere ? anywhere : l, cases[i].text, &err), -1);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].text, err.message);
		assert_int_equal(err.code, cases[i].code);
	}
	assert_string_equal(listeners_address(l, 0), "");
	listeners_free(l);
	close_listeners(anywhere);
	listeners_free(NULL);
}

static void an_address_in_use_is_named(void **state)
{
	struct listeners *l = open_listeners(false);
	struct dnc_error err;

	(void)state;
	add(l, "127.0.0.1:0");
	assert_int_equal(listeners_add(l, listeners_address(l, 0), &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_non_null(strstr(err.message, listeners_address(l, 0)));
	close_listeners(l);
}

/* As many descriptors as the process has now, and MORE. */
static struct rlimit limit_descriptors(int more)
{
	int next = dup(STDERR_FILENO);
	struct rlimit before, few;

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){(rlim_t)(next + more), before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return before;
}

static void a_want_of_descriptors_is_no_other_fault(void **state)
{
	struct sockaddr_un left = {.sun_family = AF_UNIX};
	char unix_text[100];
	/* With one more, nobody can be asked whether the socket file of a process that is gone is in use. */
	const char *const texts[] = {"127.0.0.1:0", unix_text};
	struct listeners *l = open_listeners(false);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct dnc_error err;

	(void)state;
	snprintf(left.sun_path, sizeof left.sun_path, "%s/left", dir);
	snprintf(unix_text, sizeof unix_text, "unix:%s/left", dir);
	assert_int_equal(bind(fd, (const struct sockaddr *)&left, sizeof left), 0);
	close(fd);
	for (int more = 0; more < 2; more++) {
		struct rlimit before = limit_descriptors(more);
		int rc = listeners_add(l, texts[more], &err);

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, EMFILE);
		assert_non_null(strstr(err.message, strerror(EMFILE)));
	}
	unlink(left.sun_path);
	close_listeners(l);
}

static void with_authentication_any_address_is_served(void **state)
{
	struct listeners *l = open_listeners(true);

	(void)state;
	add(l, "0.0.0.0:0");
	assert_int_equal(strncmp(listeners_address(l, 0), "0.0.0.0:", 8), 0);
	close(connect_tcp(listeners_address(l, 0)));
	await_accepted(1);
	close_listeners(l);
}

static void so_many_addresses_may_be_listened_on(void **state)
{
	struct listeners *l = open_listeners(false);
	struct dnc_error err;

	(void)state;
	for (int i = 0; i < DNC_WEB_MAX_LISTEN; i++)
		add(l, "127.0.0.1:0");
	assert_int_equal(listeners_add(l, "127.0.0.1:0", &err), -1);
	assert_string_equal(err.message, "more than 8 addresses");
	close_listeners(l);
}

static void unix_sockets_are_local_and_replace_their_leftovers(void **state)
{
	char path[64], address[80];
	struct listeners *l;
	struct dnc_error err;

	(void)state;
	snprintf(path, sizeof path, "%s/socket", dir);
	snprintf(address, sizeof address, "unix:%s", path);
	for (int round = 0; round < 2; round++) {
		l = open_listeners(false);
		add(l, address);
		assert_string_equal(listeners_address(l, 0), address);
		assert_int_equal(listeners_add(l, address, &err), -1);
		close(connect_unix(path));
		await_accepted(2); /* one was a look whether a process listens there */
		assert_int_equal(accepted.local, 2);
		close_listeners(l);
	}
	unlink(path);
}

static void shared_sockets_serve_whoever_is_free(void **state)
{
	struct listeners *l = open_listeners(false), *other;
	struct dnc_error err;
	int fds[3];

	(void)state;
	add(l, "127.0.0.1:0");
	other = listeners_new(&loop, false, on_accepted, &accepted);
	assert_int_equal(listeners_share(other, l, &err), 0);
	assert_string_equal(listeners_address(other, 0), listeners_address(l, 0));
	for (int i = 0; i < 3; i++)
		fds[i] = connect_tcp(listeners_address(l, 0));
	await_accepted(3);
	/* One stops; the other goes on. */
	listeners_stop(l);
	listeners_stop(l);
	close(connect_tcp(listeners_address(other, 0)));
	await_accepted(4);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	listeners_free(other);
	close_listeners(l);
}

/* As many as the process may open: those that wait are accepted when there is room again. */
static void without_descriptors_connections_wait(void **state)
{
	struct listeners *l = open_listeners(false);
	struct rlimit limit, none;
	int fds[3];

	(void)state;
	dnc_log_level(DNC_ERR);
	add(l, "127.0.0.1:0");
	for (int i = 0; i < 3; i++)
		fds[i] = connect_tcp(listeners_address(l, 0));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)fds[2] + 1, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 10; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(accepted.count, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	await_accepted(3);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close_listeners(l);
}

/* What is passed starts at descriptor 3, and is named by the process: a child of its own. */
static int serve_passed(bool tcp)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
	struct listeners *l;
	struct dnc_error err;
	char pid[16];
	int rc;

	if (tcp && (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0))
		return 2;
	if (fd != 3 && dup2(fd, 3) < 0)
		return 3;
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	memset(&accepted, 0, sizeof accepted);
	uv_loop_init(&loop);
	l = listeners_new(&loop, false, on_accepted, &accepted);
	rc = listeners_add(l, "systemd", &err);
	if (!tcp)
		return rc < 0 && strstr(err.message, "no listening TCP socket") ? 0 : 4;
	if (rc < 0 || strncmp(listeners_address(l, 0), "127.0.0.1:", 10) != 0)
		return 5;
	connect_tcp(listeners_address(l, 0));
	for (int i = 0; i < 10000 && !accepted.count; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	return accepted.count == 1 ? 0 : 6;
}

static void sockets_of_the_service_manager_are_served(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (!child)
			_exit(serve_passed(tcp));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_of_0_is_any_free_one),
		cmocka_unit_test(what_is_no_address_is_refused_by_its_text),
		cmocka_unit_test(an_address_in_use_is_named),
		cmocka_unit_test(a_want_of_descriptors_is_no_other_fault),
		cmocka_unit_test(with_authentication_any_address_is_served),
		cmocka_unit_test(so_many_addresses_may_be_listened_on),
		cmocka_unit_test(unix_sockets_are_local_and_replace_their_leftovers),
		cmocka_unit_test(shared_sockets_serve_whoever_is_free),
		cmocka_unit_test(without_descriptors_connections_wait),
		cmocka_unit_test(sockets_of_the_service_manager_are_served),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
