/* postgres_server.h - a PostgreSQL server of the test's own: it listens on a Unix socket in its directory, and can be killed
 * and started again. PostgreSQL refuses root, so for root it runs as user postgres. */
#pragma once
#include "unit.h"
#include <errno.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"

#define POSTGRES_BIN "/usr/lib/postgresql/15/bin/"

static struct server {
	char dir[64];
	pid_t pid;
} server;

/* In a child: runs the program as who may. */
static inline void server_exec(char *const argv[])
{
	const struct passwd *user = getpwnam("postgres");

	if (getuid() == 0 && (!user || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(126);
	if (chdir("/") == 0)
		execv(argv[0], argv);
	_exit(127);
}

static inline pid_t server_spawn(char *const argv[], const char *output)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (!freopen("/dev/null", "r", stdin) || !freopen(output, "a", stdout) ||
		dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(125);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	server_exec(argv);
	return -1;
}

static inline void server_conninfo(char out[160], const char *database)
{
	snprintf(out, 160, "host=%s user=postgres dbname=%s", server.dir, database);
}

static inline bool server_answers(void)
{
	char conninfo[160];

	server_conninfo(conninfo, "postgres");
	return PQping(conninfo) == PQPING_OK;
}

/* Starts it, and waits until it answers. One that was killed has processes that die by and by: they hold its memory. */
static inline void server_run(void)
{
	char data[96], socket[128], log[96];
	char *argv[] = {POSTGRES_BIN "postgres", "-D", data, "-c", socket, "-c",
		"listen_addresses=", "-c", "fsync=off", "-c", "max_wal_senders=1", "-c",
		"wal_level=replica", "-c", "dynamic_shared_memory_type=mmap", "-c",
		"shared_buffers=32MB", NULL};
	int64_t until = dnc_clock_mono_ms() + 30000;

	snprintf(data, sizeof data, "%s/data", server.dir);
	snprintf(socket, sizeof socket, "unix_socket_directories=%s", server.dir);
	snprintf(log, sizeof log, "%s/log", server.dir);
	server.pid = server_spawn(argv, log);
	while (!server_answers()) {
		if (waitpid(server.pid, NULL, WNOHANG) == server.pid)
			server.pid = server_spawn(argv, log);
		assert_true(dnc_clock_mono_ms() < until);
		usleep(20000);
	}
}

static inline void server_start(void)
{
	char data[96], log[96];
	char *argv[] = {POSTGRES_BIN "initdb", "-D", data, "-U", "postgres", "-A", "trust",
		"--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", NULL};
	const struct passwd *user = getpwnam("postgres");
	int status;

	strcpy(server.dir, "/tmp/dnc-pg-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	snprintf(data, sizeof data, "%s/data", server.dir);
	snprintf(log, sizeof log, "%s/log", server.dir);
	if (getuid() == 0)
		assert_true(user && chown(server.dir, user->pw_uid, user->pw_gid) == 0);
	assert_int_equal(waitpid(server_spawn(argv, log), &status, 0) > 0, 1);
	assert_int_equal(status, 0);
	server_run();
}

/* As a machine that dies. */
static inline void server_kill(void)
{
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
}

/* Ends it, and removes all that it had. */
static inline void server_end(void)
{
	char command[96];

	if (server.pid > 0) {
		kill(server.pid, SIGQUIT);
		waitpid(server.pid, NULL, 0);
	}
	snprintf(command, sizeof command, "rm -rf %s", server.dir);
	assert_int_equal(system(command), 0);
}

/* Runs SQL as an operator would; returns the first value as a number. */
static inline int64_t server_sql(const char *database, const char *sql)
{
	char conninfo[160];
	PGconn *c;
	PGresult *r;
	int64_t value = 0;

	server_conninfo(conninfo, database);
	c = PQconnectdb(conninfo);
	r = PQexec(c, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(c));
	if (PQntuples(r))
		value = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
	PQclear(r);
	PQfinish(c);
	return value;
}
