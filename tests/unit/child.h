/* child.h - runs code that exits in a child process, and keeps what it printed. */
#pragma once
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int status;      /* of exit(3), or minus the signal that ended it */
	char text[8192]; /* of standard output and standard error, ended by NUL */
};

/* Runs RUN(CTX) in a child, which exits with 99 if RUN returns. */
static inline void child_run(struct child *c, void (*run)(void *ctx), void *ctx)
{
	size_t n = 0;
	ssize_t got;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		run(ctx);
		exit(99);
	}
	close(fds[1]);
	while ((got = read(fds[0], c->text + n, sizeof c->text - 1 - n)) > 0)
		n += (size_t)got;
	c->text[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Fails unless the child exited with STATUS and printed WORD. */
#define child_expect(c, expected, word)                                                            \
	do {                                                                                       \
		if ((c)->status != (expected) || !strstr((c)->text, (word)))                       \
			fail_msg("status %d, not %d, or no \"%s\" in: %s", (c)->status,            \
				(expected), (word), (c)->text);                                    \
	} while (0)
