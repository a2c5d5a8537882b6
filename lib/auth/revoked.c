/* revoked.c - the file of revoked tokens, and a table of what it holds. */
#include "revoked.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/hash.h"
#include "priv/revoked_line.h"

enum { REVOKED_MAX = 1000000 };

struct entry {
	UT_hash_handle hh;
	char jti[];
};

/* Memory for entries: a list that a reload replaced is freed in a loop that serves clients, and a million entries one by one
 * would take a third of a second. */
struct block {
	struct block *next;
	size_t used; /* bytes of `room` */
	_Alignas(struct entry) char room[1 << 20];
};

struct dnc_revoked {
	atomic_uint refs;
	struct entry *table;
	struct block *blocks; /* the first one has room */
};

/* A file that is read. */
struct reading {
	FILE *file;
	const char *path;
	struct dnc_json_parser *parser;
	unsigned number; /* of the line */
	size_t n, mark;  /* bytes of the line, and of the byte order mark before it */
	char line[REVOKED_LINE_MAX + 1 + DNC_JSON_PADDING]; /* 1 for the carriage return */
};

static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF */

/* An entry for an id of N bytes. NULL when there is no memory. */
static struct entry *new_entry(struct dnc_revoked *r, size_t n)
{
	const size_t align = _Alignof(struct entry);
	size_t size = (sizeof(struct entry) + n + 1 + align - 1) / align * align;
	struct block *b = r->blocks;
	struct entry *e;

	if (!b || sizeof b->room - b->used < size) {
		b = malloc(sizeof *b);
		if (!b)
			return NULL;
		b->next = r->blocks;
		b->used = 0;
		r->blocks = b;
	}
	e = (struct entry *)(b->room + b->used);
	memset(e, 0, size);
	b->used += size;
	return e;
}

/* Without entries and with one reference. NULL when there is no memory. */
static struct dnc_revoked *new_list(void)
{
	struct dnc_revoked *r = calloc(1, sizeof *r);

	if (r)
		atomic_init(&r->refs, 1);
	return r;
}

/* -1 when there is no memory. */
static int add(struct dnc_revoked *r, const char *jti)
{
	size_t n = strlen(jti);
	struct entry *e;

	HASH_FIND(hh, r->table, jti, n, e);
	if (e)
		return 0;
	e = new_entry(r, n);
	if (!e)
		return -1;
	memcpy(e->jti, jti, n);
	HASH_ADD_KEYPTR(hh, r->table, e->jti, n, e);
	return e->hh.tbl ? 0 : -1;
}

/* An error of the present line at its byte AT. */
static int fault(const struct reading *in, size_t at, const char *what, struct dnc_error *err)
{
	return dnc_error_set(
		err, EINVAL, "%s:%u:%zu: %.120s", in->path, in->number, in->mark + at + 1, what);
}

/* Reads a line without its end. Returns 1, 0 at the end of the file, -1 with ERR. */
static int next_line(struct reading *in, struct dnc_error *err)
{
	int c;

	in->n = in->mark = 0;
	in->number++;
	while ((c = getc_unlocked(in->file)) != EOF && c != '\n') {
		if (in->n == REVOKED_LINE_MAX + 1)
			return fault(in, REVOKED_LINE_MAX, "the line is too long", err);
		in->line[in->n++] = (char)c;
		if (in->number == 1 && in->n == sizeof mark - 1 && !in->mark &&
			memcmp(in->line, mark, in->n) == 0) {
			in->mark = in->n;
			in->n = 0;
		}
	}
	if (c == EOF && ferror(in->file))
		return dnc_error_set(
			err, errno, "unable to read %s: %s", in->path, strerror(errno));
	if (c == '\n' && in->n && in->line[in->n - 1] == '\r')
		in->n--;
	if (in->n > REVOKED_LINE_MAX)
		return fault(in, REVOKED_LINE_MAX, "the line is too long", err);
	return c != EOF || in->n;
}

static int read_lines(struct dnc_revoked *r, struct reading *in, struct dnc_error *err)
{
	struct dnc_error why = {.message = "out of memory"};
	char jti[DNC_JTI_MAX];
	int rc;

	while ((rc = next_line(in, err)) > 0) {
		rc = revoked_line_read(in->parser, (struct dnc_str){in->line, in->n}, jti, &why);
		if (rc < 0)
			return why.code == DNC_ERROR_NO_MEMORY
			               ? dnc_error_nomem(err)
			               : fault(in, why.offset, why.message, err);
		if (rc == 0)
			continue;
		if (HASH_COUNT(r->table) == REVOKED_MAX && !dnc_revoked_has(r, jti))
			return fault(in, 0, "more than 1000000 tokens", err);
		if (add(r, jti) < 0)
			return dnc_error_nomem(err);
	}
	return rc;
}

struct dnc_revoked *dnc_revoked_load(const char *path, struct dnc_error *err)
{
	struct dnc_revoked *r = new_list();
	struct reading in = {.path = path, .parser = dnc_json_parser_new()};
	int rc = -1;

	if (!r || !in.parser)
		dnc_error_nomem(err);
	else if ((in.file = dnc_file_open_stream(path, err)))
		rc = read_lines(r, &in, err);
	if (in.file)
		fclose(in.file);
	dnc_json_parser_free(in.parser);
	if (rc == 0)
		return r;
	dnc_revoked_free(r);
	return NULL;
}

struct dnc_revoked *dnc_revoked_of(struct dnc_str ids)
{
	struct dnc_revoked *r = new_list();

	for (size_t at = 0, n; r && at < ids.n; at += n + 1) {
		n = strlen(ids.p + at);
		if (!n || n >= DNC_JTI_MAX || add(r, ids.p + at) == 0)
			continue;
		dnc_revoked_free(r);
		r = NULL;
	}
	return r;
}

const struct dnc_revoked *dnc_revoked_ref(const struct dnc_revoked *r)
{
	if (r)
		atomic_fetch_add(&((struct dnc_revoked *)(uintptr_t)r)->refs, 1);
	return r;
}

void dnc_revoked_free(struct dnc_revoked *r)
{
	struct block *next;

	if (!r || atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	HASH_CLEAR(hh, r->table);
	for (struct block *b = r->blocks; b; b = next) {
		next = b->next;
		free(b);
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

/* True if the file has a last line without an end, which what is appended would continue. */
static bool ends_inside_line(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	       last != '\n';
}

/* LINE starts with a line end that may be left out. */
static int append(const char *path, struct dnc_str line, struct dnc_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644), rc = 0;

	if (fd < 0)
		return dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
	if (!ends_inside_line(fd))
		line.p++, line.n--;
	if (write(fd, line.p, line.n) != (ssize_t)line.n || fsync(fd) < 0)
		rc = dnc_error_set(err, errno, "unable to write %s: %s", path, strerror(errno));
	close(fd);
	return rc;
}

/* 1 if the file PATH lists JTI, 0 if not, or if there is no file yet, -1 with ERR. */
static int is_listed(const char *path, const char *jti, struct dnc_error *err)
{
	struct dnc_error why = {.message = "out of memory"};
	struct dnc_revoked *r = dnc_revoked_load(path, &why);
	int rc = dnc_revoked_has(r, jti);

	if (!r && why.code != ENOENT) {
		rc = -1;
		if (err)
			*err = why;
	} else if (rc == 0 && r && HASH_COUNT(r->table) == REVOKED_MAX) {
		rc = dnc_error_set(err, EINVAL, "%s: has 1000000 tokens already", path);
	}
	dnc_revoked_free(r);
	return rc;
}

int dnc_revoked_add(const char *path, const char *jti, struct dnc_error *err)
{
	struct dnc_buf line = {0};
	int rc;

	dnc_buf_chr(&line, '\n');
	rc = revoked_line_write(&line, dnc_str(jti), err);
	if (rc == 0 && !dnc_buf_ok(&line))
		rc = dnc_error_nomem(err);
	if (rc == 0)
		rc = is_listed(path, jti, err);
	if (rc == 0)
		rc = append(path, dnc_buf_view(&line), err);
	else if (rc > 0)
		rc = 0;
	if (rc == 0)
		rc = dnc_file_sync_directory(path, err);
	dnc_buf_free(&line);
	return rc;
}
