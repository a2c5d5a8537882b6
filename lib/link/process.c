#include "priv/process.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED_WAIT_MS = 1000 };

/* TEXT as a file without a name, so that nobody has to write while the command reads. */
static int make_input(struct dnc_str text, struct dnc_error *err)
{
	int fd = memfd_create("events", MFD_CLOEXEC);

	while (fd >= 0 && text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		text.p += n;
		text.n -= (size_t)n;
	}
	if (fd >= 0 && !text.n && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	dnc_error_set(err, errno, "unable to hold its events: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Its own process group, and signals as a shell expects them. Returns an errno. */
static int spawn(pid_t *pid, const char *command, int input, int output)
{
	char *args[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t set;
	extern char **environ;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	rc = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
	posix_spawnattr_setflags(
		&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&how, 0);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&how, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&how, &set);
	if (rc == 0)
		rc = posix_spawn(pid, "/bin/sh", &files, &how, args, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Both the end and what it prints, as one descriptor. */
static int watch(struct process *p, struct dnc_error *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	p->end = pidfd_open(p->pid, 0);
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->end >= 0 && p->fd >= 0 && epoll_ctl(p->fd, EPOLL_CTL_ADD, p->end, &event) == 0 &&
		epoll_ctl(p->fd, EPOLL_CTL_ADD, p->printed.fd, &event) == 0)
		return 0;
	return dnc_error_set(err, errno, "unable to wait for the shell: %s", strerror(errno));
}

int process_start(struct process *p, const char *name, const char *command, struct dnc_str text,
	struct dnc_error *err)
{
	int input, output, rc;

	*p = PROCESS_NONE;
	input = make_input(text, err);
	if (input < 0)
		return -1;
	output = printed_open(&p->printed, name, err);
	if (output < 0) {
		close(input);
		return -1;
	}
	rc = spawn(&p->pid, command, input, output);
	close(input);
	close(output);
	if (rc) {
		p->pid = 0;
		printed_close(&p->printed);
		return dnc_error_set(err, rc, "unable to start the shell: %s", strerror(rc));
	}
	if (watch(p, err) == 0)
		return 0;
	process_finish(p);
	return -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Until now its number was taken, also if it has ended long ago. */
static void reap(struct process *p)
{
	waitpid(p->pid, NULL, WNOHANG);
	close_fd(&p->end);
	close_fd(&p->fd);
	printed_close(&p->printed);
	p->pid = 0;
}

static void explain(const struct process *p, const siginfo_t *info, char why[96])
{
	why[0] = '\0';
	if (p->ended_by_us)
		snprintf(why, 96, "took too long");
	else if (!info->si_pid)
		snprintf(why, 96, "has an unknown status");
	else if (info->si_code != CLD_EXITED)
		snprintf(why, 96, "was killed by signal %d (%s)", info->si_status,
			strsignal(info->si_status));
	else if (info->si_status)
		snprintf(why, 96, "exited with status %d", info->si_status);
}

/* True if it has ended; it is not reaped. */
static bool has_ended(const struct process *p, siginfo_t *info)
{
	*info = (siginfo_t){0};
	return waitid(P_PID, (id_t)p->pid, info, WEXITED | WNOHANG | WNOWAIT) < 0 || info->si_pid;
}

static void look_at_printed(struct process *p)
{
	bool watched = !printed_too_much(&p->printed);

	printed_read(&p->printed);
	/* It is not to wake the owner all the time. */
	if (watched && printed_too_much(&p->printed))
		epoll_ctl(p->fd, EPOLL_CTL_DEL, p->printed.fd, NULL);
}

int process_look(struct process *p, char why[96])
{
	siginfo_t info;
	bool ended = p->end >= 0 && has_ended(p, &info);

	look_at_printed(p);
	if (ended) {
		explain(p, &info, why);
		if (why[0])
			kill(-p->pid, SIGKILL);
		close_fd(&p->end);
	}
	if (p->end < 0 && (p->printed.fd < 0 || (ended && why[0])))
		reap(p);
	return ended;
}

void process_kill(struct process *p, int number)
{
	p->ended_by_us = true;
	kill(-p->pid, number);
}

void process_finish(struct process *p)
{
	struct pollfd end = {.fd = p->end, .events = POLLIN};

	if (!p->pid)
		return;
	process_kill(p, SIGKILL);
	/* A process that waits for a disk that does not answer does not end by any signal. */
	if (end.fd >= 0)
		poll(&end, 1, KILLED_WAIT_MS);
	reap(p);
}

void process_leave(struct process *p)
{
	if (p->pid)
		reap(p);
}
