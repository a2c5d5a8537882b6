#include "route.h"
#include <errno.h>
#include <stdlib.h>
#include "addresses.h"
#include "buf.h"
#include "unix_socket.h"

const char dnc_when_down_words[] = "stall spool skip";

static const struct dnc_str heads[] = {
	[DNC_ROUTE_UNIX] = DNC_STR("unix:"),
	[DNC_ROUTE_FD] = DNC_STR("fd:"),
	[DNC_ROUTE_FILE] = DNC_STR("file:"),
	[DNC_ROUTE_EXEC] = DNC_STR("exec:"),
};

enum { KINDS = sizeof heads / sizeof heads[0] };

static char *copy(struct dnc_str a, struct dnc_str b, struct dnc_str c)
{
	struct dnc_buf text = {0};

	dnc_buf_str(&text, a);
	dnc_buf_str(&text, b);
	dnc_buf_str(&text, c);
	dnc_buf_chr(&text, '\0');
	if (dnc_buf_ok(&text))
		return text.p;
	dnc_buf_free(&text);
	return NULL;
}

/* "a//./b" is "a/b", and "./a" is "a": one file has one address. ".." stays, because what is before may be a link. */
static void shorten(char *path)
{
	char *to = path;
	bool starts = true; /* a name */

	for (const char *p = path; *p;) {
		bool here = starts && p[0] == '.' && p[1] == '/';

		if (here || (starts && p > path && p[0] == '/')) {
			p += here ? 2 : 1;
			continue;
		}
		starts = *p == '/';
		*to++ = *p++;
	}
	*to = '\0';
}

char *dnc_route_path(struct dnc_str path, struct dnc_str directory)
{
	return copy(path.n && path.p[0] == '/' ? DNC_STR("") : directory, path, DNC_STR(""));
}

static int check_rest(const struct dnc_route *r, struct dnc_str rest, struct dnc_error *err)
{
	if (!rest.n)
		return dnc_error_set(
			err, EINVAL, "%s: what comes after the colon is missing", r->name);
	if (r->kind == DNC_ROUTE_FD && (rest.n > 9 || strspn(rest.p, "0123456789") != rest.n))
		return dnc_error_set(err, EINVAL, "%s: N of fd:N must be a number", r->name);
	return 0;
}

/* NULL with ERR. */
static char *read_socket(struct dnc_str address, struct dnc_str directory, struct dnc_error *err)
{
	const struct dnc_str head = heads[DNC_ROUTE_UNIX];
	const struct dnc_str path = {address.p + head.n, address.n - head.n};
	char *whole = copy(head, path.n && path.p[0] != '/' ? directory : DNC_STR(""), path);

	if (!whole) {
		dnc_error_nomem(err);
		return NULL;
	}
	shorten(whole + head.n);
	if (dnc_unix_path_fits(whole + head.n, err))
		return whole;
	free(whole);
	return NULL;
}

/* One socket, or several, of hubs that share one log. */
static int read_sockets(struct dnc_route *out, struct dnc_str directory, struct dnc_error *err)
{
	struct dnc_str rest = dnc_str(out->name);
	struct dnc_buf all = {0};
	size_t count = 0;

	for (; rest.n; count++) {
		struct dnc_str one = dnc_address_next_of_all(&rest);
		char *whole;

		if (count == DNC_ADDRESSES_MAX || !dnc_str_starts(one, heads[DNC_ROUTE_UNIX])) {
			dnc_buf_free(&all);
			return dnc_error_set(err, EINVAL,
				"%s: several addresses are up to %d sockets of hubs that share one log: "
				"unix:PATH,unix:PATH",
				out->name, DNC_ADDRESSES_MAX);
		}
		whole = read_socket(one, directory, err);
		if (!whole) {
			dnc_buf_free(&all);
			return -1;
		}
		if (count)
			dnc_buf_chr(&all, ',');
		dnc_buf_str(&all, dnc_str(whole));
		free(whole);
	}
	dnc_buf_chr(&all, '\0');
	out->address = all.p;
	return dnc_buf_ok(&all) ? 0 : dnc_error_nomem(err);
}

int dnc_route_read(
	struct dnc_route *out, struct dnc_str name, struct dnc_str directory, struct dnc_error *err)
{
	bool path;
	size_t kind = 0;

	*out = (struct dnc_route){.name = copy(name, DNC_STR(""), DNC_STR(""))};
	if (!out->name)
		return dnc_error_nomem(err);
	while (kind < KINDS && !dnc_str_starts(name, heads[kind]))
		kind++;
	if (kind == KINDS)
		return dnc_error_set(err, EINVAL,
			"%s: not unix:PATH, file:PATH, fd:N or exec:COMMAND", out->name);
	out->kind = (enum dnc_route_kind)kind;
	name = (struct dnc_str){out->name + heads[kind].n, name.n - heads[kind].n};
	if (out->kind == DNC_ROUTE_UNIX && name.n)
		return read_sockets(out, directory, err);
	path = out->kind == DNC_ROUTE_FILE;
	out->address = copy(
		heads[kind], path && name.n && name.p[0] != '/' ? directory : DNC_STR(""), name);
	if (!out->address)
		return dnc_error_nomem(err);
	if (path)
		shorten(out->address + heads[kind].n);
	return check_rest(out, name, err);
}

const char *dnc_route_rest(const struct dnc_route *r)
{
	return r->address + heads[r->kind].n;
}

void dnc_route_finish(struct dnc_route *r)
{
	free(r->name);
	free(r->address);
	free(r->spool);
	*r = (struct dnc_route){0};
}
