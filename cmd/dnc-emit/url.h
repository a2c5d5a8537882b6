/* url.h - the address of --url. */
#pragma once
#include "options.h"

struct url {
	char *text; /* http or https, with the path of the events; to be freed with url_free() */
	const char *socket; /* of unix:PATH, borrowed from the options; else NULL */
	bool tls;
};

/* Reads the URL of O. Exits if it is wrong. */
void url_read(struct url *u, const struct options *o);

void url_free(struct url *u);
