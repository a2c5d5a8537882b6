/* session_audit.h - audit records of what sessions do. */
#pragma once
#include "session.h"

/* "connected", "renewed". */
void audit_session(const struct session *s, const char *what);

/* "subscribed", "filters_changed": with what the filter compares, and where it starts. Of the filter known words alone are
 * recorded: whatever else a client may write in one can be, or hide, a number or a name. */
void audit_subscription(const struct session *s, const char *what);

/* "disconnected": why, and what was sent. */
void audit_disconnect(const struct session *s);
