/* signals.h - signals that end a command or make a service reload. One set for the process. */
#pragma once

/* Calls STOP(CTX) on the first SIGTERM, SIGINT or SIGHUP, in the signal handler; the second one ends the process at once.
 * SIGPIPE is ignored from here on. */
void dnc_cli_on_stop(void (*stop)(void *), void *ctx);

/* Calls AGAIN(CTX) on each SIGHUP, in the signal handler, instead of stopping. For services, after dnc_cli_on_stop(). */
void dnc_cli_on_hangup(void (*again)(void *), void *ctx);

/* From here on neither STOP nor AGAIN is called: what they use may be freed. The second signal that stops still ends the
 * process. */
void dnc_cli_release_signals(void);

/* Ends the process by SIGPIPE without a message: the reader of its output has left. */
_Noreturn void dnc_cli_broken_pipe(void);

/* Returns the signal that asked to stop, or 0. Any thread. */
int dnc_cli_stopped_by(void);
