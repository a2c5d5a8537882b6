#include "cli/signals.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static struct {
	void (*volatile stop)(void *);
	void *ctx;
	volatile sig_atomic_t signal;
} stopping;

static void on_signal(int signal_number)
{
	if (stopping.signal)
		_exit(128 + signal_number);
	stopping.signal = signal_number;
	stopping.stop(stopping.ctx);
}

static struct {
	void (*volatile again)(void *);
	void *ctx;
} hangup;

static void on_hangup(int signal_number)
{
	(void)signal_number;
	hangup.again(hangup.ctx);
}

void dnc_cli_on_hangup(void (*again)(void *), void *ctx)
{
	struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

	hangup.again = again;
	hangup.ctx = ctx;
	sigemptyset(&action.sa_mask);
	sigaction(SIGHUP, &action, NULL);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

void dnc_cli_release_signals(void)
{
	stopping.stop = hangup.again = nothing;
}

void dnc_cli_on_stop(void (*stop)(void *), void *ctx)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	stopping.stop = stop;
	stopping.ctx = ctx;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
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
