/* reload.h - reads keys, roles, revoked tokens and the certificate anew, in a thread: a list of a million revoked tokens takes
 * seconds, and a file system may take any time, but the loop serves clients.
 *
 * In the main thread, but for what says otherwise. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>
#include "auth/auth.h"
#include "web/certificate.h"

struct daemon;

struct reload {
	struct daemon *daemon;
	uv_async_t wanted, read; /* of the main thread's loop */
	pthread_t thread;        /* while running */
	bool running, again;     /* again: another one was wanted meanwhile */
	/* What the thread has read, once it has sent READ. */
	const struct dnc_auth_snapshot *snapshot; /* NULL: the files are at fault */
	struct dnc_certificate *certificate;      /* may be NULL */
	struct dnc_error why;
	pthread_mutex_t lock;   /* of closed */
	bool closed;            /* the loop has ended: nobody is told */
	struct dnc_error fault; /* of the last reload, while failed */
	atomic_bool failed;     /* any thread */
};

/* Adds its handles to the daemon's loop. -1 if that fails. */
int reload_init(struct reload *r, struct daemon *d);

/* Begins one, or has it follow the one that runs. In a signal handler, or any thread. */
void reload_ask(struct reload *r);

/* Closes the handles. What still runs comes to nothing. */
void reload_close(struct reload *r);

/* After the loop. False if the thread still reads: then what it uses must stay. */
bool reload_finish(struct reload *r);

/* Reads the TLS certificate, if there is one. Returns -1 with ERR. Any thread. */
int reload_read_certificate(
	const struct daemon *d, struct dnc_certificate **out, struct dnc_error *err);
