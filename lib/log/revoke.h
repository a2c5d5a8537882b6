/* revoke.h - revokes a token at all hubs that share a log. */
#pragma once
#include <stdint.h>
#include "base/err.h"

/* Revokes the token whose id is JTI in the log that CONNINFO names, until a day after EXPIRES_MS (since 1970; 0: for ever). Waits
 * until that is committed. -1 with ERR. */
int dnc_log_revoke(
	const char *conninfo, const char *jti, int64_t expires_ms, struct dnc_error *err);
