/* claims.h - what routes must not write to, because the program uses it for something else. */
#pragma once
#include "options.h"
#include "rules/rules.h"

/* -1 with ERR, EINVAL, if a route of R (NULL: none) leads to an input, the output, the rejects or another file of O, or to a file of
 * R: rules, lists or state. Before routes are opened, which makes their files. */
int claims_check(const struct options *o, const struct dnc_rules *r, struct dnc_error *err);
