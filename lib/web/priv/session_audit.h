/* session_audit.h - audit records of what sessions do. */
#pragma once
#include "session.h"

/* "connected", "renewed". */
void audit_session(const struct session *s, const char *what);

/* "subscribed", "filters_changed": with the filter and where it starts. */
void audit_subscription(const struct session *s, const char *what);

/* "disconnected": why, and what was sent. */
void audit_disconnect(const struct session *s);
