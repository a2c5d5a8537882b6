#include "state.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

static int fail(const char *act, const char *path, struct dnc_error *err)
{
	return dnc_error_set(err, errno, "unable to %s %s: %s", act, path, strerror(errno));
}

/* Follows links, because rename(2) would replace a link by a file. Refuses what is not a regular file. */
static int resolve(struct state_file *f, const char *path, struct dnc_error *err)
{
	char *real = realpath(path, NULL);
	int n = snprintf(f->path, sizeof f->path, "%s", real ? real : path);
	struct stat st;

	free(real);
	if (n + (int)sizeof ".lock" > (int)sizeof f->path)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the path is too long", path);
	if (lstat(f->path, &st) == 0 && !S_ISREG(st.st_mode))
		return dnc_error_set(err, EINVAL, "%s: not a regular file", path);
	return 0;
}

/* A record lock: the kernel knows its owner and releases it when the process ends. */
static int lock_file(struct state_file *f, struct dnc_error *err)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[sizeof f->path + 8];

	snprintf(path, sizeof path, "%s.lock", f->path);
	f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (f->lock < 0)
		return fail("open", path, err);
	if (fcntl(f->lock, F_SETLK, &all) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return fail("lock", path, err);
	if (fcntl(f->lock, F_GETLK, &all) < 0 || all.l_type == F_UNLCK || all.l_pid <= 0)
		return dnc_error_set(err, EAGAIN, "%s is in use by another process", f->path);
	return dnc_error_set(err, EAGAIN, "%s is in use by process %ld", f->path, (long)all.l_pid);
}

/* Writes as many bytes as the longest position has, to the file that will hold the next one, and removes it. */
static int try_to_write(const struct state_file *f, struct dnc_error *err)
{
	char fresh[sizeof f->path + 8], text[EPOCH_SIZE + 24];

	memset(text, ' ', sizeof text);
	snprintf(fresh, sizeof fresh, "%s.new", f->path);
	if (unlink(fresh) < 0 && errno != ENOENT)
		return fail("remove", fresh, err);
	if (dnc_file_create(fresh, 0640, (struct dnc_str){text, sizeof text}, err) < 0)
		return -1;
	unlink(fresh);
	return 0;
}

int state_open(struct state_file *f, const char *path, struct dnc_error *err)
{
	f->lock = -1;
	if (resolve(f, path, err) < 0 || lock_file(f, err) < 0 || try_to_write(f, err) < 0) {
		state_close(f);
		return -1;
	}
	return 0;
}

/* `EPOCH SEQ`, and nothing else but the end of the line. */
static bool parse(const char *text, size_t n, struct position *position)
{
	size_t epoch = strcspn(text, " \t\r\n");
	const char *digits = text + epoch + 1;
	char *end;

	if (strlen(text) != n || !epoch || epoch >= EPOCH_SIZE || text[epoch] != ' ' ||
		*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	position->seq = strtoull(digits, &end, 10);
	if (errno || end[*end == '\n'])
		return false;
	memcpy(position->epoch, text, epoch);
	position->epoch[epoch] = '\0';
	return true;
}

int state_read(const struct state_file *f, struct position *position, struct dnc_error *err)
{
	FILE *file = dnc_file_open_stream(f->path, err);
	char text[EPOCH_SIZE + 32];
	int failed;
	size_t n;

	if (!file)
		return err->code == ENOENT ? 1 : -1;
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	failed = ferror(file) ? errno : 0;
	fclose(file);
	errno = failed;
	if (failed)
		return fail("read", f->path, err);
	if (!parse(text, n, position))
		return dnc_error_set(err, EINVAL,
			"%s: not a state file of dnc-tail; remove it to start without a position",
			f->path);
	return 0;
}

int state_write(const struct state_file *f, const struct position *position, struct dnc_error *err)
{
	char text[EPOCH_SIZE + 24];
	int n = snprintf(text, sizeof text, "%s %" PRIu64 "\n", position->epoch, position->seq);

	return dnc_file_replace(f->path, 0640, (struct dnc_str){text, (size_t)n}, err);
}

void state_close(struct state_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}
