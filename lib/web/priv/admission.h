/* admission.h - whether a connection that was accepted may go on, before anything of it is read. One for each server, in its
 * thread. */
#pragma once
#include <stdbool.h>
#include "limits.h"

struct admission {
	struct limits *limits; /* borrowed */
	bool tls;              /* of the listeners that are no Unix sockets */
	int64_t warned_ms; /* when a refusal was logged last, of dnc_clock_mono_ms(); 0: never */
};

/* Admits the connection FD, LOCAL if it was made to a Unix socket. False when there are too many, of its address or in
 * all: then the client was told, if it speaks no TLS, and FD is closed. */
bool admission_open(struct admission *a, int fd, bool local, struct limits_admission *out);
