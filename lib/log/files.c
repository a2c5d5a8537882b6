/* files.c - checks that the log's paths still name the files that are open: what is committed to a file that was removed
 * is lost with it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "priv/sqlite.h"

int files_record(struct journal *j, struct dnc_error *err)
{
	for (int i = 0; i < FILES; i++) {
		struct stat st;

		if (stat(j->file_path[i], &st) < 0)
			return dnc_error_set(err, errno, "unable to stat %s: %s", j->file_path[i],
				strerror(errno));
		j->file_id[i] = (struct stat_id){st.st_dev, st.st_ino};
		j->file_bytes[i] = st.st_size;
	}
	return 0;
}

static int check(struct journal *j, enum log_file which, struct dnc_error *err)
{
	const char *path = j->file_path[which];
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return dnc_error_set(
				err, EIO, "unable to stat %s: %s", path, strerror(errno));
		return dnc_error_set(err, ENOENT,
			"%s was removed while in use: restore it, or restart dnc-wsd to begin a "
			"new log",
			path);
	}
	if (st.st_dev != j->file_id[which].dev || st.st_ino != j->file_id[which].ino)
		return dnc_error_set(err, ESTALE,
			"%s was replaced while in use: restore the original file, or restart "
			"dnc-wsd to use the new one",
			path);
	j->file_bytes[which] = st.st_size;
	return 0;
}

int files_check(struct journal *j, struct dnc_error *err)
{
	j->files_gone = true;
	if (check(j, FILE_DB, err) < 0)
		return -1;
	for (int i = FILE_WAL; i < FILES; i++)
		if (check(j, (enum log_file)i, err) < 0) {
			/* As long as the lost WAL is open, what only it holds can be copied into the database. */
			checkpointer_wake(j->checkpointer);
			return -1;
		}
	j->files_gone = false;
	j->base.stats.bytes = (uint64_t)j->file_bytes[FILE_DB];
	j->base.stats.wal_bytes = (uint64_t)j->file_bytes[FILE_WAL];
	return 0;
}
