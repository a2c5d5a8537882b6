/* url.h - the address of --url. */
#pragma once
#include "base/err.h"
#include "options.h"

struct url {
	char *text; /* http or https, with the path of the events; to be freed with url_free() */
	const char *socket; /* of unix:PATH, borrowed from the options; else NULL */
	bool tls;
};

/* Reads the URL of O. -1 with ERR: EINVAL if it is wrong, or DNC_ERROR_NO_MEMORY; U may be freed then, too. */
int url_read(struct url *u, const struct options *o, struct dnc_error *err);

void url_free(struct url *u);
