/* signals.h - signals that end a command or make a service reload. One set for the process. */
#pragma once
#include <stdbool.h>

/* Calls STOP(CTX) on the first SIGTERM, SIGINT or SIGHUP, in the signal handler; one that comes more than a second later ends the
 * process at once. Signals that are ignored already stay so, as nohup(1) and shells ask for. SIGPIPE is ignored from here
 * on. */
void dnc_cli_on_stop(void (*stop)(void *), void *ctx);

/* Calls AGAIN(CTX) on each SIGHUP, in the signal handler, instead of stopping, also if SIGHUP was ignored: it ends nothing. For
 * services; best as the first thing they do, before or after dnc_cli_on_stop(), as SIGHUP would end them until then. */
void dnc_cli_on_hangup(void (*again)(void *), void *ctx);

/* True if dnc_cli_on_hangup() was called. */
bool dnc_cli_hangup_taken(void);

/* Calls ASKED(CTX) on each SIGUSR1, in the signal handler. */
void dnc_cli_on_user(void (*asked)(void *), void *ctx);

/* From here on neither STOP nor AGAIN nor ASKED is called: what they use may be freed. The first signal
 * of all is still only noted, and one that comes more than a second after it ends the process at once. A SIGHUP of
 * dnc_cli_on_hangup() and SIGUSR1 do nothing. */
void dnc_cli_release_signals(void);

/* From here on a write beyond the limit of the size of files (RLIMIT_FSIZE) fails with EFBIG, as on a full disk, instead of ending
 * the process by SIGXFSZ, which leaves half a line and no message. Programs that the process starts get the signal as before. */
void dnc_cli_survive_file_limit(void);

/* Ends the process by SIGPIPE without a message: the reader of its output has left. */
_Noreturn void dnc_cli_broken_pipe(void);

/* Returns the signal that asked to stop, or 0. Any thread. */
int dnc_cli_stopped_by(void);
