/* revoked.c - the file of revoked tokens, and a table of what it holds. */
#include "priv/revoked.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/hash.h"
#include "base/str.h"

enum { REVOKED_MAX = 1000000 };

struct entry {
	char jti[DNC_JTI_MAX];
	UT_hash_handle hh;
};

struct dnc_revoked {
	struct entry *table;
};

/* -1 when there is no memory. */
static int add(struct dnc_revoked *r, const char *jti, size_t n)
{
	struct entry *e;

	HASH_FIND(hh, r->table, jti, n, e);
	if (e)
		return 0;
	e = calloc(1, sizeof *e);
	if (!e)
		return -1;
	memcpy(e->jti, jti, n);
	HASH_ADD_KEYPTR(hh, r->table, e->jti, n, e);
	if (e->hh.tbl)
		return 0;
	free(e);
	return -1;
}

static int read_lines(struct dnc_revoked *r, FILE *f, const char *path, struct dnc_error *err)
{
	char line[DNC_JTI_MAX + 64];

	for (int number = 1; fgets(line, sizeof line, f); number++) {
		struct dnc_str jti = dnc_str_trim(dnc_str(line));

		if (!strchr(line, '\n') && !feof(f))
			return dnc_error_set(err, EINVAL, "%s:%d: line too long", path, number);
		if (!jti.n || jti.p[0] == '#')
			continue;
		if (jti.n >= DNC_JTI_MAX)
			return dnc_error_set(err, EINVAL,
				"%s:%d: a jti must have at most 127 bytes", path, number);
		if (HASH_COUNT(r->table) == REVOKED_MAX)
			return dnc_error_set(
				err, EINVAL, "%s:%d: more than 1000000 tokens", path, number);
		if (add(r, jti.p, jti.n) < 0)
			return dnc_error_nomem(err);
	}
	return ferror(f) ? dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno))
	                 : 0;
}

struct dnc_revoked *revoked_load(const char *path, struct dnc_error *err)
{
	struct dnc_revoked *r = calloc(1, sizeof *r);
	FILE *f = fopen(path, "re");

	if (!f)
		dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
	else if (!r)
		dnc_error_nomem(err);
	if (f && r && read_lines(r, f, path, err) == 0) {
		fclose(f);
		return r;
	}
	if (f)
		fclose(f);
	revoked_free(r);
	return NULL;
}

void revoked_free(struct dnc_revoked *r)
{
	struct entry *e, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->table, e, next)
	{
		HASH_DEL(r->table, e);
		free(e);
	}
	free(r);
}

bool dnc_revoked_has(const struct dnc_revoked *r, const char *jti)
{
	struct entry *e = NULL;

	if (r && jti[0])
		HASH_FIND_STR(r->table, jti, e);
	return e;
}

int dnc_revoked_add(const char *path, const char *jti, struct dnc_error *err)
{
	char line[DNC_JTI_MAX + 2];
	int n = snprintf(line, sizeof line, "%s\n", jti), fd;

	if (strlen(jti) >= DNC_JTI_MAX || !*jti || strpbrk(jti, "\r\n") || jti[0] == '#')
		return dnc_error_set(err, EINVAL, "a jti must be one line of 1 to 127 bytes");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
	if (write(fd, line, (size_t)n) != n || fsync(fd) < 0) {
		dnc_error_set(err, errno, "unable to write %s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}
