#include "priv/readers.h"
#include <errno.h>
#include <stdlib.h>
#include "base/unix_socket.h"

bool readers_are_several(const char *address)
{
	struct dnc_str rest = dnc_str(address);

	dnc_address_next_of_all(&rest);
	return rest.n;
}

static int add(struct readers *r, struct dnc_str one, struct dnc_error *err)
{
	if (r->count == DNC_ADDRESSES_MAX)
		return dnc_error_set(err, EINVAL, "more than %d addresses: give the nearest ones",
			DNC_ADDRESSES_MAX);
	if (!dnc_str_starts(one, DNC_STR("unix:")))
		return dnc_error_set(err, EINVAL,
			"\"%.*s\": several addresses must all be unix:PATH, sockets of hubs that "
			"share one log; to write to all of them use tee(1), or copy in rules",
			one.n < 60 ? (int)one.n : 60, one.p);
	r->text[one.p + one.n - r->text] = '\0';
	r->name[r->count] = one.p;
	return dnc_unix_path_fits(readers_path(r, r->count++), err) ? 0 : -1;
}

int readers_read(struct readers *r, const char *address, struct dnc_error *err)
{
	struct dnc_str rest;

	*r = (struct readers){.text = strdup(address)};
	if (!r->text)
		return dnc_error_nomem(err);
	rest = dnc_str(r->text);
	while (rest.n)
		if (add(r, dnc_address_next_of_all(&rest), err) < 0)
			return -1;
	return 0;
}

void readers_free(struct readers *r)
{
	free(r->text);
	*r = (struct readers){0};
}

bool readers_next(struct readers *r)
{
	bool other = false;
	size_t next = r->at;

	r->tried |= 1u << r->at;
	for (size_t i = 1; i < r->count && !other; i++) {
		next = (r->at + i) % r->count;
		other = !(r->tried >> next & 1);
	}
	r->at = other ? next : (r->at + 1) % r->count;
	if (!other)
		r->tried = 0;
	return other;
}
