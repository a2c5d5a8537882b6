/* close_reason.h - why connections end: one table, from which the enum, close codes (RFC 6455 section
 * 7.4), texts for clients, the label of dnc_closed_total and audit records follow. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* X(name, label, code, is it an error, text). Code 0: no close frame is sent. The text is sent
 * to the client, 123 bytes at most (section 5.5), and written to the audit record. */
#define CLOSE_REASON_TABLE(X)                                                                      \
	X(NONE, "none", 0, false, "")                                                              \
	X(GONE, "gone", 0, false, "gone")                                                          \
	X(LOST, "lost", 0, true, "lost")                                                           \
	/* Followed by when to come back. */                                                       \
	X(SHUTDOWN, "shutdown", 1001, false, "retry_after_ms=")                                    \
	X(PROTOCOL, "protocol", 1002, true, "not a frame that RFC 6455 allows here")               \
	X(BINARY, "binary", 1003, true, "text messages only")                                      \
	X(UTF8, "not_utf8", 1007, true, "message that is not UTF-8")                               \
	X(DEFLATE, "not_deflate", 1007, true, "compressed message that can't be inflated")         \
	X(RATE, "message_rate", 1008, true, "more than 20 messages a second")                      \
	X(FRAGMENTS, "empty_fragments", 1008, true, "more than 64 empty fragments in a message")   \
	X(SIZE, "message_size", 1009, true, "message over 32 KiB")                                 \
	X(LOG, "log_unreadable", 1011, true, "the log can't be read now")                          \
	X(MEMORY, "no_memory", 1013, true, "the hub is out of memory: try again later")            \
	X(UNAUTHENTICATED, "unauthenticated", 4401, true, "authentication required")               \
	X(TOKEN_REJECTED, "token_rejected", 4401, true, "token rejected")                          \
	X(FORBIDDEN, "forbidden", 4403, true, "access denied: the role no longer has dnc:stream")  \
	X(AUTH_TIMEOUT, "auth_timeout", 4408, true, "authentication required: no token in time")   \
	X(TOKEN_EXPIRED, "token_expired", 4410, false, "token rejected: expired")                  \
	X(TOKEN_REVOKED, "token_revoked", 4411, false, "token rejected: revoked")                  \
	X(KEY_REMOVED, "key_removed", 4411, false, "token rejected: its key was removed")          \
	X(CONNECTIONS, "connections", 4429, true, "too many connections")                          \
	X(CONNECTIONS_ADDRESS, "connections_address", 4429, true,                                  \
		"too many connections from this address")                                          \
	X(CONNECTIONS_SUBJECT, "connections_subject", 4429, true,                                  \
		"too many connections of this subject")

enum close_reason {
#define X(name, label, code, error, text) CLOSE_##name,
	CLOSE_REASON_TABLE(X)
#undef X
		CLOSE_REASONS
};

struct close_reason_row {
	const char *label; /* of the metric */
	uint16_t code;
	bool error; /* the client or the hub did something wrong */
	const char *text;
};

extern const struct close_reason_row close_reason_rows[CLOSE_REASONS];
