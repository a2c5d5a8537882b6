#include "priv/map_process.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/map_frame.h"

/* How often to look at a record that is at work: twenty times within its limit, but not more often than this. */
enum { LOOKS = 20, LOOK_MIN_MS = 5, LOOK_MAX_MS = 50 };

/* A process that neither computes nor answers for so long was stopped by somebody. */
enum { DEAD_MS = 60000 };

/* How long it waits for a lock that may be held by a thread that it does not have. */
enum { LOCKED_S = 1 };

/* What it may write on standard error. */
enum { NOTES_MAX = 1 << 20 };

/* The sanitizers reserve terabytes of addresses: there the memory is watched, but not limited. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITS_ADDRESSES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMITS_ADDRESSES 0
#endif
#endif
#ifndef LIMITS_ADDRESSES
#define LIMITS_ADDRESSES 1
#endif

/* The pages that PID has mapped, and those of them that are in memory. False if it is not known. */
static bool read_pages(pid_t pid, uint64_t *mapped, uint64_t *resident)
{
	char path[40];
	FILE *f;
	int got;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	got = fscanf(f, "%" SCNu64 " %" SCNu64, mapped, resident);
	fclose(f);
	return got == 2;
}

static uint64_t pages(uint64_t bytes)
{
	return bytes / (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, uint64_t most)
{
	const struct rlimit r = {most, most};

	/* A sandbox may forbid it; the owner watches the process, too. */
	(void)setrlimit((__rlimit_resource_t)resource, &r);
}

static void limit_memory(uint64_t memory)
{
	uint64_t mapped, resident;

	if (LIMITS_ADDRESSES && read_pages(getpid(), &mapped, &resident))
		limit(RLIMIT_AS, mapped * (uint64_t)sysconf(_SC_PAGESIZE) + memory);
}

/* The terminal and the service manager send signals to all processes; this one ends with its owner's socket. */
static void reset_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
	static const int reset[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGWINCH};
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	for (size_t i = 0; i < sizeof reset / sizeof reset[0]; i++)
		signal(reset[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps nothing of the owner open but the socket, which becomes descriptor 3. */
static void close_files(int fd, int notes)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		dup2(notes, STDERR_FILENO) < 0 || dup2(fd, STDERR_FILENO + 1) < 0 ||
		close_range(STDERR_FILENO + 2, ~0u, 0) < 0)
		_exit(1);
}

/* The process may have been made by fork(2) while another thread, which unpacks a file, held a lock, and that thread is not
 * here to give it back. What is used here:
 * - malloc(3) and stdio(3): glibc takes the locks of malloc itself around fork(), and makes those of streams new in
 *   the child (since 2.24);
 * - libjq's state was made by the owner's thread, which is the one that has forked, and is used by no other; so are its keys
 *   for memory of threads;
 * - the lock of the time zone, in which libarchive may be (mktime(3), for the times in zip files) and jq's functions of time
 *   wait. glibc does nothing about it. So it is tried here: if it is held, the process ends, no record is blamed, and the
 *   mapper starts the next one.
 * Locks of locales, iconv(3) and the unpacker are not used by maps. */
static void try_locks(void)
{
	const struct itimerval soon = {.it_value.tv_sec = LOCKED_S}, off = {0};
	const time_t now = 0;
	struct tm t;

	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &soon, NULL);
	localtime_r(&now, &t);
	setitimer(ITIMER_REAL, &off, NULL);
}

static _Noreturn void run(struct map_process *p, struct dnc_map *map, int fd, pid_t owner)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != owner)
		_exit(0);
	prctl(PR_SET_NAME, "dnc-map");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0); /* a dump would contain records */
	close_files(fd, p->notes);
	reset_signals();
	try_locks();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, NOTES_MAX);
	limit_memory(p->limits.memory);
	map_worker_run(map, STDERR_FILENO + 1, p->page);
}

static void close_process(struct map_process *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->notes >= 0)
		close(p->notes);
	p->fd = p->notes = -1;
	p->pid = 0;
}

static int fail_start(struct map_process *p, struct dnc_error *err)
{
	int code = errno;

	close_process(p);
	return dnc_error_set(
		err, code, "unable to start a process for the map: %s", strerror(code));
}

int map_process_start(struct map_process *p, struct dnc_map *map, const struct map_limits *limits,
	struct map_page *page, struct dnc_error *err)
{
	pid_t owner = getpid();
	uint64_t mapped, resident;
	sigset_t all, before;
	int fds[2];

	*p = (struct map_process){.fd = -1, .notes = -1, .page = page, .limits = *limits};
	atomic_store(&page->at_work, 0);
	p->notes = memfd_create("dnc-map", MFD_CLOEXEC);
	if (p->notes < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return fail_start(p, err);
	p->fd = fds[0];
	/* The handlers of the owner must not run in the process. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	p->pid = fork();
	if (p->pid == 0)
		run(p, map, fds[1], owner);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	if (p->pid < 0)
		return fail_start(p, err);
	p->alive_ms = dnc_clock_mono_ms();
	p->resident_max = read_pages(p->pid, &mapped, &resident) ? resident : 0;
	p->resident_max += pages(limits->memory);
	return 0;
}

/* The processor time of the process in ms; -1 if it is not known. */
static int64_t cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return -1;
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int look_every_ms(const struct map_process *p)
{
	int64_t ms = p->limits.timeout_ms / LOOKS;

	return ms < LOOK_MIN_MS ? LOOK_MIN_MS : ms > LOOK_MAX_MS ? LOOK_MAX_MS : (int)ms;
}

int map_process_wait_ms(const struct map_process *p)
{
	int64_t ms = p->look_ms - dnc_clock_mono_ms();

	return ms < 1 ? 1 : ms > LOOK_MAX_MS ? LOOK_MAX_MS : (int)ms;
}

static int64_t dead_after_ms(const struct map_process *p)
{
	return DEAD_MS + p->limits.timeout_ms * 10;
}

/* Somebody has stopped it, or the machine gives it no time: who waits for it is told. */
static void look_for_life(struct map_process *p, int64_t now, int64_t cpu)
{
	char since[DNC_WAITING_TEXT_BYTES];
	int64_t waited = 0;

	if (cpu != p->cpu_seen_ms || p->alive_ms > p->waiting.since_ms)
		waited = dnc_waiting_end(&p->waiting, now);
	p->cpu_seen_ms = cpu;
	if (waited)
		dnc_note(
			"the process of the map goes on, after %lld s", (long long)(waited / 1000));
	if (dnc_waiting_look(&p->waiting, now))
		dnc_err("waiting for the process of the map (%d) %s: it does not run (if it was "
			"stopped, continue it); after %lld s it is killed and started again",
			(int)p->pid, dnc_waiting_text(&p->waiting, now, since),
			(long long)(dead_after_ms(p) / 1000));
}

enum map_end map_process_watch(struct map_process *p)
{
	uint64_t at = atomic_load(&p->page->at_work), mapped, resident;
	int64_t now = dnc_clock_mono_ms(), cpu;

	if (now < p->look_ms)
		return MAP_RUNS;
	p->look_ms = now + look_every_ms(p);
	cpu = cpu_ms(p->pid);
	look_for_life(p, now, cpu);
	if (!at || at != p->watched) {
		p->watched = at;
		p->cpu_ms = cpu;
	}
	if (at && read_pages(p->pid, &mapped, &resident) && resident > p->resident_max)
		return MAP_LARGE;
	if (at && cpu - p->cpu_ms > p->limits.timeout_ms)
		return MAP_SLOW;
	return now - p->alive_ms > dead_after_ms(p) ? MAP_KILLED : MAP_RUNS;
}

/* Writes what the process said first before it ended. */
static void describe(const struct map_process *p, int signal_number, char *why, size_t n)
{
	char text[160];
	ssize_t got = pread(p->notes, text, sizeof text - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	snprintf(why, n, "%s%s%s", signal_number ? strsignal(signal_number) : "it ended",
		text[0] ? ": " : "", text);
}

enum map_end map_process_end(struct map_process *p, char *why, size_t n)
{
	int status = 0;
	int sig;

	if (!p->pid)
		return MAP_RUNS;
	kill(p->pid, SIGKILL); /* without effect if it has ended */
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	describe(p, sig, why, n);
	close_process(p);
	if (WIFEXITED(status) && WEXITSTATUS(status) == MAP_EXIT_NO_MEMORY)
		return MAP_LARGE;
	if (sig == SIGABRT && strstr(why, "cannot allocate memory")) /* libjq's words */
		return MAP_LARGE;
	switch (sig) {
	case SIGABRT:
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
	case SIGSYS:
		return MAP_CRASH;
	default:
		return sig ? MAP_KILLED : MAP_CRASH;
	}
}
