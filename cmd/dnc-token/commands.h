/* commands.h - the commands of dnc-token, and what they share. Each returns the exit code, or exits. */
#pragma once
#include "auth/keys.h"
#include "options.h"

int mint(const struct options *o);
int inspect(const struct options *o);

/* Exits if there is one. */
void expect_no_argument(const struct options *o);

/* The keys of the file PATH, to be freed with dnc_keys_free(). Exits if none can be used. */
struct dnc_keys *read_keys(const char *path, bool to_sign);
