/* options.h - the command line of dnc-token. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIST_MAX = 16 };

struct options {
	const char *command, *arg; /* NULL if missing */
	const char *key, *output, *file, *log, *revoked, *subject, *role, *issuer;
	unsigned algorithm; /* of enum dnc_algorithm */
	const char *permissions[LIST_MAX], *audiences[LIST_MAX];
	size_t permission_count, audience_count;
	int64_t ttl_ms;
	bool algorithm_given, ttl_given;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);

/* Exits if an option was given that o->command, which must be one of the four, ignores. */
void options_expect_own(const struct options *o);

/* Exits if an argument follows the command, which must be one that takes none. */
void options_expect_no_argument(const struct options *o);
