#include "state.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int state_read(const char *path, struct state *s, struct dnc_error *err)
{
	FILE *f = fopen(path, "re");
	int n;

	if (!f && errno == ENOENT)
		return 1;
	if (!f)
		return dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
	n = fscanf(f, "%63s %" SCNu64, s->epoch, &s->seq);
	fclose(f);
	if (n != 2)
		return dnc_error_set(
			err, EINVAL, "%s: not a place in a stream; remove it to start anew", path);
	return 0;
}

int state_write(const char *path, const struct state *s, struct dnc_error *err)
{
	char fresh[4096], text[128];
	int n = snprintf(text, sizeof text, "%s %" PRIu64 "\n", s->epoch, s->seq), fd;
	bool ok;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the path is too long", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	ok = fd >= 0 && write(fd, text, (size_t)n) == n && fdatasync(fd) == 0;
	if (fd >= 0)
		ok &= close(fd) == 0;
	if (!ok || rename(fresh, path) < 0)
		return dnc_error_set(err, errno, "unable to write %s: %s", path, strerror(errno));
	return 0;
}
