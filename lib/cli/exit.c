#include "cli/exit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void die(enum dnc_exit code, const char *fmt, va_list ap)
{
	char text[512];

	dnc_error_format(text, sizeof text, fmt, ap);
	dnc_err("%s", text);
	exit((int)code);
}

void dnc_cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	die(DNC_EXIT_USAGE, fmt, ap);
}

void dnc_cli_die(enum dnc_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	die(code, fmt, ap);
}

void dnc_cli_die_nomem(void)
{
	dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
}

enum dnc_exit dnc_cli_exit_code(int code)
{
	switch (code) {
	case EINVAL:
	case ENAMETOOLONG:
	case EBADF:
		return DNC_EXIT_USAGE;
	case ENOENT:
	case ECONNREFUSED:
	case EADDRINUSE:
	case EADDRNOTAVAIL:
		return DNC_EXIT_UNAVAILABLE;
	case EAGAIN:
	case ENOMEM:
	case DNC_ERROR_NO_MEMORY:
		return DNC_EXIT_TEMPFAIL;
	default:
		return DNC_EXIT_IO;
	}
}

void dnc_cli_die_io(const struct dnc_error *err)
{
	dnc_cli_die(dnc_cli_exit_code(err->code), "%s", err->message);
}

/* What did not fit into the buffer was written before, and what failed then is not written again. */
void dnc_cli_flush_stdout(void)
{
	bool failed = ferror(stdout);

	if (fflush(stdout) != 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s", strerror(errno));
	if (failed)
		dnc_cli_die(DNC_EXIT_IO, "unable to write all of standard output");
}
