/* admission.h - whether a connection that was accepted may go on, before anything of it is read. One for each server, in its
 * thread. */
#pragma once
#include <stdbool.h>
#include "limits.h"

struct admission {
	struct limits *limits; /* borrowed */
	bool tls;              /* of the listeners that are no Unix sockets */
	/* When the last warning was logged, of dnc_clock_mono_ms(); 0: never. */
	int64_t refused_ms, plain_ms;
};

/* Admits the connection FD from ADDRESS (address.h). False when there are too many, of its address or in all: then the
 * client was told, if it speaks no TLS, and FD is closed. */
bool admission_open(struct admission *a, int fd, const char *address, struct limits_admission *out);

/* The client at ADDRESS does not speak TLS where it must: warns of it, now and then. */
void admission_warn_plain(struct admission *a, const char *address);
