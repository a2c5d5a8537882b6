#include "passed.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

/* True if FD, whose FileDescriptorName= is NAME, is for clients; -1 if it is for nobody. */
static int is_for_clients(int fd, const char *name)
{
	if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0)
		return true;
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
		return name && strcmp(name, "web") == 0;
	return -1;
}

int dnc_passed_sockets(bool clients, int (*add)(void *ctx, int fd), void *ctx)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names), found = 0;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (found >= 0 && is_for_clients(fd, names ? names[i] : NULL) == clients)
			found = add(ctx, fd) < 0 ? -1 : found + 1;
		if (names)
			free(names[i]);
	}
	free(names);
	return found;
}
