#include "ini.h"
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include "file.h"

struct reading {
	FILE *file;
	const char *path;
	const struct dnc_ini_events *events;
	struct dnc_error *err;
	off_t size;              /* of a regular file when it was opened; -1: another file */
	struct dnc_ini_entry at; /* of the present line */
	char text[DNC_INI_LINE_MAX + 1], section[DNC_INI_NAME_MAX + 1], key[DNC_INI_NAME_MAX + 1];
	bool plain;  /* the line must be an entry, and libinih has not said so yet */
	bool opened; /* the line opens a section */
	bool ended;  /* by -1 */
};

static int wrong(struct reading *r, size_t at, const char *why)
{
	r->plain = false;
	if (!r->events->wrong)
		dnc_error_set(r->err, EINVAL, "%s:%u:%zu: %s", r->path, r->at.line, at + 1, why);
	if (!r->events->wrong || r->events->wrong(r->events->ctx, &r->at, at, why) < 0)
		r->ended = true;
	return -1;
}

static void tell(struct reading *r)
{
	if (!r->ended && r->events->entry(r->events->ctx, &r->at) < 0)
		r->ended = true;
}

/* Why a line that has more than `text` can hold is wrong. */
static const char *too_long(const struct reading *r)
{
	char first = r->text[strspn(r->text, " \t\f\v")];

	return first == '#' || first == ';'
	               ? "a comment is longer than 198 bytes: write it on more lines"
	               : "a line is longer than 198 bytes: shorten it, or, if it is a list or a "
	                 "program, continue it on another, which starts with a blank";
}

/* Reads a line to `text`, without its end. Returns 0 at the end of the file, -1 for a line that is wrong, which was reported
 * and is passed over. */
static int read_line(struct reading *r)
{
	const char *why = NULL;
	size_t n = 0, wrong_at = 0;
	int c, read = 0;

	r->at.line++;
	for (; (c = getc_unlocked(r->file)) != EOF && c != '\n'; read = 1) {
		if (!why && !c)
			why = "a NUL byte", wrong_at = n;
		if (!why && n && r->text[n - 1] == '\r')
			why = "a carriage return without a line feed", wrong_at = n - 1;
		if (!why && n == DNC_INI_LINE_MAX) {
			r->text[n] = '\0';
			why = too_long(r);
			wrong_at = n;
		}
		if (!why)
			r->text[n++] = (char)c;
	}
	if (c == EOF && ferror(r->file)) {
		dnc_error_set(r->err, errno, "%s: %s", r->path, strerror(errno));
		r->ended = true;
		return 0;
	}
	/* What grows all the time has no end; dnc_ini_read() then finds that it has changed. */
	if ((c == EOF && !read) || (r->size >= 0 && ftello(r->file) > r->size))
		return 0;
	if (!why && n && r->text[n - 1] == '\r') {
		n--;
		if (c == EOF)
			why = "a carriage return without a line feed", wrong_at = n;
	}
	if (c == EOF && !why) {
		why = "the last line does not end with a line feed: the file may have been cut; "
		      "complete it, with a line feed at its end";
		wrong_at = n;
	}
	r->text[n] = '\0';
	r->at.text = (struct dnc_str){r->text, n};
	return why ? wrong(r, wrong_at, why) : 1;
}

/* True if TEXT, which follows something, has nothing but a comment. */
static bool is_comment(const char *text)
{
	size_t blank = strspn(text, " \t");

	return !text[blank] || (blank && text[blank] == ';');
}

/* Where libinih sees a comment begin in the N bytes of NAME: at ";" after a blank. N if nowhere. */
static size_t find_comment(const char *name, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (name[i] == ';' && strchr(" \t\f\v\r", name[i - 1]))
			return i;
	return n;
}

/* The line opens a section: libinih tells of it only with its first entry, and cuts long names. */
static int open_section(struct reading *r, size_t at)
{
	const char *end = strchr(r->text + at, ']');
	size_t n = end ? (size_t)(end - r->text) - at - 1 : 0, after;
	size_t comment = find_comment(r->text + at + 1, n);
	int rc = 1;

	if (!end)
		return wrong(r, r->at.text.n, "the name of the section does not end with \"]\"");
	if (comment < n)
		return wrong(r, at + 1 + comment,
			"\";\" after a blank begins a comment, so that the name of the section does not "
			"end with \"]\"");
	if (n > DNC_INI_NAME_MAX)
		return wrong(r, at + 1, "the name of the section is longer than 49 bytes");
	after = (size_t)(end + 1 - r->text) + strspn(end + 1, " \t");
	if (!is_comment(end + 1)) /* the section is meant: what follows belongs to it */
		rc = wrong(r, after,
			r->text[after] == '#' ? "\"#\" starts no comment behind \"]\": write \" ;\""
					      : "text after \"]\": begin a line with it");
	memcpy(r->section, r->text + at + 1, n);
	r->section[n] = '\0';
	r->key[0] = '\0';
	r->at.section = r->section;
	r->at.key = NULL;
	r->at.value = (struct dnc_str){0};
	r->at.continues = r->at.comment = false;
	r->at.key_at = r->at.value_at = at + 1;
	tell(r);
	r->opened = true;
	return rc;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* True for "name =" and "name: ", which start with a letter. */
static bool looks_like_entry(const char *text)
{
	size_t n = 0;

	while (is_name_char(text[n]))
		n++;
	n += strspn(text + n, " \t");
	if (!isalpha((unsigned char)text[0]))
		return false;
	return text[n] == '=' ||
	       (text[n] == ':' && (!text[n + 1] || dnc_chr_is_blank(text[n + 1])));
}

/* True for "[rule x]": "[", a letter, and a "]" that ends the line. */
static bool looks_like_section(const char *text)
{
	const char *end = strchr(text, ']');

	return text[0] == '[' && isalpha((unsigned char)text[1]) && end &&
	       (!end[1 + strspn(end + 1, " \t")] || strchr(";#", end[1 + strspn(end + 1, " \t")]));
}

/* The line continues a value. Who indents a key or a section has not meant that. */
static int check_continuation(struct reading *r, size_t at)
{
	char why[200];

	r->plain = true;
	if (r->events->is_free && r->events->is_free(r->events->ctx, r->key))
		return 1;
	if (looks_like_section(r->text + at)) {
		snprintf(why, sizeof why,
			"starts with a blank and so continues the value of \"%s\": remove the "
			"blank to begin a section",
			r->key);
		wrong(r, at, why);
		open_section(r, at);
		return -1;
	}
	if (!looks_like_entry(r->text + at))
		return 1;
	snprintf(why, sizeof why,
		"starts with a blank and so continues the value of \"%s\": remove the blank to "
		"begin a key; a value in a list that looks so stands in double quotes",
		r->key);
	return wrong(r, at, why);
}

/* What libinih would cut or take for nothing. */
static int check_line(struct reading *r)
{
	size_t at = strspn(r->text, " \t\f\v"), n;

	/* libinih skips a byte order mark. */
	if (r->at.line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0)
		at = 3 + strspn(r->text + 3, " \t\f\v");
	r->plain = false;
	if (!r->text[at] || r->text[at] == ';' || r->text[at] == '#')
		return 1;
	if (r->key[0] && at > 0)
		return check_continuation(r, at);
	if (r->text[at] == '[')
		return open_section(r, at);
	n = strcspn(r->text + at, "=:");
	while (n && dnc_chr_is_blank(r->text[at + n - 1]))
		n--;
	if (n > DNC_INI_NAME_MAX)
		return wrong(r, at, "a key is longer than 49 bytes");
	if (!n)
		return wrong(r, at, "a key is missing before \"=\"");
	r->plain = true;
	r->at.key_at = at;
	return 1;
}

/* An ini_reader. Of a line that is passed over libinih sees an empty one: it counts lines as we do, as it looks for a byte
 * order mark in its first one. */
static char *next(char *line, int size, void *stream)
{
	struct reading *r = stream;
	int rc;

	if (r->plain)
		wrong(r, 0,
			"expected [SECTION], key = value, or a line that starts with a blank and "
			"continues a value");
	if (r->ended || (rc = read_line(r)) == 0)
		return NULL;
	r->opened = false;
	if (rc > 0)
		rc = check_line(r);
	/* Also of a section whose line is wrong: or libinih would go on with the value of the key before it. */
	if (r->opened)
		snprintf(line, (size_t)size, "[%s]\n", r->section);
	else
		snprintf(line, (size_t)size, "%s\n", rc < 0 ? "" : r->text);
	return line;
}

static size_t find_value(const struct reading *r, const char *value)
{
	size_t from = r->at.continues ? 0 : strcspn(r->text, "=:");
	const char *found = strstr(r->text + from, value);

	return found ? (size_t)(found - r->text) : from;
}

/* A callback of libinih, for which 0 is an error. */
static int on_entry(void *ctx, const char *section, const char *key, const char *value)
{
	struct reading *r = ctx;
	size_t rest;

	(void)section; /* it is r->section */
	r->plain = false;
	r->at.section = r->section;
	r->at.continues = r->key[0] && strspn(r->text, " \t\f\v");
	snprintf(r->key, sizeof r->key, "%s", key);
	r->at.key = r->key;
	r->at.value = dnc_str(value);
	r->at.value_at = find_value(r, value);
	if (r->at.continues)
		r->at.key_at = r->at.value_at;
	rest = r->at.value_at + r->at.value.n;
	rest += strspn(r->text + rest, " \t\f\v");
	r->at.comment = r->text[rest] == ';';
	tell(r);
	return 1;
}

int dnc_ini_read(const char *path, const struct dnc_ini_events *events, struct dnc_error *err)
{
	struct reading r = {.path = path,
		.events = events,
		.err = err,
		.size = -1,
		.file = dnc_file_open_stream(path, err)};
	struct stat before;

	if (!r.file)
		return -1;
	if (fstat(fileno(r.file), &before) < 0) {
		dnc_error_set(err, errno, "%s: %s", path, strerror(errno));
		r.ended = true;
	} else if (S_ISREG(before.st_mode)) {
		r.size = before.st_size;
	}
	/* Errors of lines were found by next(). */
	if (!r.ended && ini_parse_stream(next, &r, on_entry, &r) == -2 && !r.ended) {
		dnc_error_nomem(err);
		r.ended = true;
	}
	if (!r.ended && dnc_file_check_unchanged(fileno(r.file), &before, path, err) < 0)
		r.ended = true;
	fclose(r.file);
	return r.ended ? -1 : 0;
}
