#include "cli/signals.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include "base/clock.h"

/* One request to stop may come as several signals: timeout(1) signals its child and then the group of it, and both the kernel
 * and the shell send SIGHUP when a terminal is closed. */
enum { SAME_REQUEST_MS = 1000 };

static struct {
	void (*volatile stop)(void *);
	void *ctx;
	_Atomic int64_t first_ms; /* by dnc_clock_mono_ms(); set before `signal` */
	volatile sig_atomic_t signal;
} stopping;

/* Only what is safe in signal handlers, as clock_gettime(2) is. */
static void on_signal(int signal_number)
{
	int before = errno;

	if (!stopping.signal) {
		stopping.first_ms = dnc_clock_mono_ms();
		stopping.signal = signal_number;
		stopping.stop(stopping.ctx);
	} else if (dnc_clock_mono_ms() - stopping.first_ms >= SAME_REQUEST_MS) {
		_exit(128 + signal_number);
	}
	errno = before;
}

/* What asks for something else than to stop. */
static struct request {
	void (*volatile call)(void *); /* NULL: stops */
	void *ctx;
} hangup, user;

static void on_request(int signal_number)
{
	const struct request *r = signal_number == SIGHUP ? &hangup : &user;
	int before = errno;

	r->call(r->ctx);
	errno = before;
}

static void handle_request(int signal_number, struct request *r, void (*call)(void *), void *ctx)
{
	struct sigaction action = {.sa_handler = on_request, .sa_flags = SA_RESTART};

	r->ctx = ctx;
	r->call = call;
	sigemptyset(&action.sa_mask);
	sigaction(signal_number, &action, NULL);
}

void dnc_cli_on_hangup(void (*again)(void *), void *ctx)
{
	handle_request(SIGHUP, &hangup, again, ctx);
}

bool dnc_cli_hangup_taken(void)
{
	return hangup.call;
}

void dnc_cli_on_user(void (*asked)(void *), void *ctx)
{
	handle_request(SIGUSR1, &user, asked, ctx);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

void dnc_cli_release_signals(void)
{
	stopping.stop = nothing;
	if (hangup.call)
		hangup.call = nothing;
	if (user.call)
		user.call = nothing;
}

void dnc_cli_on_stop(void (*stop)(void *), void *ctx)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, inherited;

	stopping.stop = stop;
	stopping.ctx = ctx;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaddset(&action.sa_mask, signals[i]); /* one handler at a time */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if ((signals[i] != SIGHUP || !hangup.call) &&
			(sigaction(signals[i], NULL, &inherited) < 0 ||
				inherited.sa_handler != SIG_IGN))
			sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void pass_over(int signal_number)
{
	(void)signal_number;
}

/* A handler, not SIG_IGN: exec(3) keeps what is ignored. */
void dnc_cli_survive_file_limit(void)
{
	struct sigaction action = {.sa_handler = pass_over, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGXFSZ, &action, NULL);
}

void dnc_cli_broken_pipe(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

int dnc_cli_stopped_by(void)
{
	return stopping.signal;
}
