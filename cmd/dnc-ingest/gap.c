#include "gap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "ingest.h"

/* Of the file: a name, NUL, a number, and two NUL more when it is read. */
enum { GAP_BYTES = NAME_MAX + 32 };

/* No file has this name. */
static const char unnamed[] = "/";

static int fail(const struct gap *g, const char *act, struct dnc_error *err)
{
	return dnc_error_set(err, errno, "unable to %s %s: %s", act, g->path, strerror(errno));
}

/* True if the list is published and not in the directory DIR any more. NUMBER is the inode number of its file, or empty. */
static bool is_over(const char *dir, const char *name, const char *number)
{
	char path[PATH_MAX], *end;
	unsigned long long inode = strtoull(number, &end, 10);
	struct stat st;

	if (end == number || *end || snprintf(path, sizeof path, "%s/%s", dir, name) >= PATH_MAX)
		return false;
	/* Another file with this name is another list. */
	return lstat(path, &st) < 0 ? errno == ENOENT : st.st_ino != inode;
}

static int read_gap(struct gap *g, char text[GAP_BYTES], struct dnc_error *err)
{
	int fd = open(g->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail(g, "open", err);
	n = read(fd, text, GAP_BYTES - 2);
	if (n < 0)
		fail(g, "read", err);
	close(fd);
	if (n < 0)
		return -1;
	/* An editor or echo(1) has ended the line. */
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	snprintf(g->name, sizeof g->name, "%.*s", NAME_MAX, *text ? text : unnamed);
	return 0;
}

int gap_open(struct gap *g, const char *dir, struct dnc_error *err)
{
	char text[GAP_BYTES] = "";

	*g = (struct gap){0};
	if (snprintf(g->path, sizeof g->path, "%s/.dnc-ingest.failed", dir) >= (int)sizeof g->path)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", dir);
	if (read_gap(g, text, err) < 0)
		return -1;
	if (!g->name[0] || !is_over(dir, g->name, text + strlen(text) + 1))
		return 0;
	dnc_note("%s/%s is published: change lists are taken again", dir, g->name);
	return gap_end(g, err);
}

int gap_begin(struct gap *g, const char *name, struct dnc_error *err)
{
	if (dnc_file_replace(g->path, 0640, dnc_str(name), err) < 0)
		return -1;
	snprintf(g->name, sizeof g->name, "%s", name);
	return 0;
}

int gap_ending(const struct gap *g, const struct dnc_arrival *file, struct dnc_error *err)
{
	char text[GAP_BYTES];
	int n = snprintf(
		text, sizeof text, "%s%c%llu", g->name, 0, (unsigned long long)file->st.st_ino);

	return dnc_file_replace(g->path, 0640, (struct dnc_str){text, (size_t)n}, err);
}

int gap_end(struct gap *g, struct dnc_error *err)
{
	if (unlink(g->path) < 0 && errno != ENOENT)
		return fail(g, "remove", err);
	g->name[0] = '\0';
	return 0;
}

bool gap_was_removed(struct gap *g)
{
	if (!g->name[0] || access(g->path, F_OK) == 0 || errno != ENOENT)
		return false;
	g->name[0] = '\0';
	return true;
}

bool gap_holds(const struct gap *g, const char *name)
{
	return g->name[0] && strcmp(g->name, name) != 0;
}

bool gap_is_named(const struct gap *g)
{
	return strcmp(g->name, unnamed) != 0;
}

bool gap_is_list(const struct ingest *in)
{
	const struct dnc_format *f = dnc_format_find(in->options.source.format);

	return in->changes || (f && f->flags & DNC_FORMAT_ORDERED);
}

bool gap_may_be_list(const struct ingest *in)
{
	return gap_is_list(in) ||
	       (strcmp(in->options.source.format, "auto") == 0 && in->stage.failed &&
		       !in->accepted && !in->stage.rejects.count);
}
