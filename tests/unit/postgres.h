/* postgres.h - servers of PostgreSQL for tests: each in a directory of its own, on a Unix socket in it, and ended by its number. */
#pragma once
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"

struct postgres {
	char dir[64];  /* data and socket */
	char log[160]; /* connection string of a superuser */
	pid_t pid;     /* 0: it does not run */
};

enum { POSTGRES_WAIT_MS = 60000 };

/* Where Debian has initdb and postgres. */
static inline const char *postgres_program(const char *name)
{
	static char path[128];
	glob_t found;

	assert_int_equal(glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found), 0);
	snprintf(path, sizeof path, "%.*s/%s",
		(int)(strrchr(found.gl_pathv[found.gl_pathc - 1], '/') -
			found.gl_pathv[found.gl_pathc - 1]),
		found.gl_pathv[found.gl_pathc - 1], name);
	globfree(&found);
	return path;
}

/* Starts a program of PostgreSQL, which refuses to be run by root: by user postgres then. Its output goes to DIR/output.
 * It ends with the test. */
static inline pid_t postgres_spawn(const char *dir, const char *const *argv)
{
	const char *path = postgres_program(argv[0]);
	struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	char output[96];
	pid_t pid;
	int fd;

	snprintf(output, sizeof output, "%s/output", dir);
	if (user)
		assert_int_equal(chown(dir, user->pw_uid, user->pw_gid), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 ||
		chdir(dir) < 0 || fchmod(fd, 0666) < 0)
		_exit(99);
	if (user &&
		(setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(99);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(99);
}

static inline void postgres_run(const char *dir, const char *const *argv)
{
	pid_t pid = postgres_spawn(dir, argv);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s ended with status %d: see %s/output", argv[0], status, dir);
}

static inline void postgres_start(struct postgres *s)
{
	const char *const argv[] = {"postgres", "-D", "data", "-k", s->dir, "-F", "-c",
		"listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=30", "-c",
		"logging_collector=off", NULL};
	int64_t end = dnc_clock_mono_ms() + POSTGRES_WAIT_MS;

	s->pid = postgres_spawn(s->dir, argv);
	while (PQping(s->log) != PQPING_OK) {
		/* One that was killed has processes that die by and by: they hold its memory. */
		if (waitpid(s->pid, NULL, WNOHANG) != 0)
			s->pid = postgres_spawn(s->dir, argv);
		if (dnc_clock_mono_ms() > end)
			fail_msg("postgres does not run: see %s/output", s->dir);
		usleep(20000);
	}
}

/* SIGINT ends its connections, SIGQUIT lets it crash. */
static inline void postgres_stop(struct postgres *s, int sig)
{
	if (!s->pid)
		return;
	kill(s->pid, sig);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static inline void postgres_make_dir(struct postgres *s)
{
	strcpy(s->dir, "/tmp/dnc-postgres-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->log, sizeof s->log, "host=%s user=postgres dbname=postgres", s->dir);
}

/* A server with an empty database. */
static inline void postgres_new(struct postgres *s)
{
	const char *const initdb[] = {"initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E",
		"UTF8", "--locale=C.UTF-8", "-N", NULL};

	postgres_make_dir(s);
	postgres_run(s->dir, initdb);
	postgres_start(s);
}

/* A standby of PRIMARY. */
static inline void postgres_new_standby(struct postgres *s, const struct postgres *primary)
{
	const char *const copy[] = {"pg_basebackup", "-h", primary->dir, "-U", "postgres", "-D",
		"data", "-R", "-X", "stream", "-c", "fast", "-N", NULL};

	postgres_make_dir(s);
	postgres_run(s->dir, copy);
	postgres_start(s);
}

static inline void postgres_free(struct postgres *s)
{
	char command[128];

	if (!s->dir[0])
		return;
	postgres_stop(s, SIGQUIT);
	snprintf(command, sizeof command, "rm -rf %s", s->dir);
	assert_int_equal(system(command), 0);
	s->dir[0] = '\0';
}

static inline void postgres_no_notice(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

/* Runs SQL, and returns the first value of the last result ("" without one), valid until the next call. */
static inline const char *postgres_query(const char *conninfo, const char *sql)
{
	static char value[4096];
	PGconn *c = PQconnectdb(conninfo);
	PGresult *r;

	PQsetNoticeReceiver(c, postgres_no_notice, NULL);
	r = PQexec(c, sql);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(c));
	value[0] = '\0';
	if (PQntuples(r) > 0 && PQnfields(r) > 0)
		snprintf(value, sizeof value, "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	PQfinish(c);
	return value;
}

/* The same as a superuser. */
static inline const char *postgres_sql(const struct postgres *s, const char *sql)
{
	return postgres_query(s->log, sql);
}

/* Waits until the first value of SQL is WANTED. */
static inline void postgres_wait(const struct postgres *s, const char *sql, const char *wanted)
{
	int64_t end = dnc_clock_mono_ms() + POSTGRES_WAIT_MS;

	while (strcmp(postgres_sql(s, sql), wanted) != 0) {
		if (dnc_clock_mono_ms() > end)
			fail_msg("%s: not \"%s\"", sql, wanted);
		usleep(20000);
	}
}
