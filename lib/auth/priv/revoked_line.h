/* revoked_line.h - one line of the file of revoked tokens (see auth/revoked.h), read and written. */
#pragma once
#include "auth/revoked.h"
#include "json/json.h"

enum {
	REVOKED_LINE_MAX = 1024
}; /* without its end; a jti of 127 bytes with each escaped has 764 */

/* Reads LINE, which is without its end and followed by DNC_JSON_PADDING readable bytes. Returns 1 and sets JTI, 0 if the line
 * lists none, -1 with ERR: EINVAL with the byte at fault as its offset, or no memory. */
int revoked_line_read(struct dnc_json_parser *parser, struct dnc_str line, char jti[DNC_JTI_MAX],
	struct dnc_error *err);

/* Appends JTI as a line. Returns -1 with ERR (EINVAL) if no token that the hub takes can have it; nothing was appended then. */
int revoked_line_write(struct dnc_buf *out, struct dnc_str jti, struct dnc_error *err);
