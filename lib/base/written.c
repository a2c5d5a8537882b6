#include "priv/written.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/vfs.h>

/* File systems that do not know all writers. Linux: linux/magic.h. */
static bool has_other_writers(int fd)
{
	static const unsigned kinds[] = {
		0x6969,     /* NFS */
		0x517b,     /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB 2 */
		0x65735546, /* FUSE */
		0x01021997, /* 9P */
		0x00c36400, /* Ceph */
		0x5346414f, /* AFS */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if ((unsigned)fs.f_type == kinds[i])
			return true;
	return false;
}

enum written written_by(int fd)
{
	if (has_other_writers(fd))
		return WRITTEN_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return WRITTEN_BY_NOBODY;
	}
	return errno == EAGAIN ? WRITTEN_BY_SOMEBODY : WRITTEN_UNKNOWN;
}
