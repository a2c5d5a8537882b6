/* temporary.h - temporary files without a name, which are gone when they are closed. Thread safe. */
#pragma once
#include "err.h"

/* Where they are made: GIVEN; or, if that is NULL, $TMPDIR; or, if that is not set or empty, /tmp. */
const char *dnc_temporary_dir(const char *given);

/* Opens one in DIR, to be read and written. -1 with ERR, an errno. */
int dnc_temporary_open(const char *dir, struct dnc_error *err);

/* Sets ERR: the file in DIR could not be used, CODE (an errno) says why, and ACT is a verb. Returns -1. */
int dnc_temporary_fail(const char *dir, const char *act, int code, struct dnc_error *err);
