/* url.h - one address of --url. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "options.h"

struct url {
	char *text;         /* http or https, with the path of the events; owned */
	char *given;        /* as it was given; owned */
	const char *socket; /* of unix:PATH, a part of `given`; else NULL */
	bool tls, of_env;
};

/* For messages. */
static inline const char *url_name(const struct url *u)
{
	return u->socket ? u->socket : u->text;
}

/* Reads GIVEN; OF_ENV: of DNC_URL, which may have dnc-tail's address. -1 with ERR: EINVAL if it is wrong, or DNC_ERROR_NO_MEMORY;
 * to be freed in any case. */
int url_read(struct url *u, struct dnc_str given, bool of_env, struct dnc_error *err);

void url_free(struct url *u);
