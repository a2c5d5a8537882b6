/* fields.h - the domain fields of each type, and the values of each. */
#pragma once
#include "event/event.h"

enum dnc_kind {
	KIND_STRING,
	KIND_ID, /* string or whole number */
	KIND_INT,
	KIND_NUMBER,
	KIND_RATIO, /* number from 0 to 1 */
	KIND_BOOL,
	KIND_ARRAY,
	KIND_FLAGS, /* object of booleans */
	KIND_TIME,  /* RFC 3339 */
	KIND_PHONE,
	KIND_ANY,
};

#define T(type) (1u << (type))
#define T_SUP   T(DNC_NUMBER_SUPPRESSED)
#define T_REL   T(DNC_NUMBER_RELEASED)
#define T_CHK   T(DNC_CHECK_PERFORMED)
#define T_LST   T(DNC_LIST_SYNCED)
#define T_VIO   T(DNC_COMPLIANCE_VIOLATION)
#define T_STA   T(DNC_PROVIDER_STATUS_CHANGE)
#define T_ALL   (T(DNC_TYPES) - 1)

#define V_SUPPRESS                                                                                 \
	"consumer_request regulatory complaint internal_policy partner_request fraud_prevention "  \
	"data_quality_issue testing"
#define V_SOURCE "federal state internal consumer partner"
#define V_RELEASE                                                                                   \
	"expired consumer_request data_correction admin_override system_cleanup regulatory_change " \
	"testing"
#define V_RESULT          "blocked allowed error timeout partial unknown"
#define V_PROVIDER_STATUS "online degraded offline error maintenance"

/* How a masked view shows a field (mask.h); safe.c checks the value. */
enum dnc_show {
	SHOW_NOT,    /* free text, people, addresses, and whatever a number may be computed from */
	SHOW_PHONE,  /* country code and last four digits */
	SHOW_ID,     /* as a pseudonym */
	SHOW_KNOWN,  /* a known value of the field */
	SHOW_REASON, /* a known reason to suppress */
	SHOW_ACTOR,  /* a program or a role, not a person */
	SHOW_SEVERITY,
	SHOW_PROVIDER, /* a word if the event is about a list or a provider, else a known provider */
	SHOW_WORD,    /* a configured name: lower-case letters, "_" and "-", three digits at most */
	SHOW_WORDS,   /* an array of them */
	SHOW_CODE,    /* such a word, or in upper case with a digit or "_": HTTP_503 */
	SHOW_VERSION, /* 1.0 */
	SHOW_REGION,  /* US, US-CA (ISO 3166); letters */
	SHOW_COUNT, /* a whole number; 1000000 stands for those of seven digits or more, here and below */
	SHOW_NUMBER,     /* of a fraction the first three digits */
	SHOW_DIFFERENCE, /* the first three digits, with its sign */
	SHOW_BOOL,
	SHOW_FLAGS, /* an object of booleans */
	SHOW_TIME,  /* in UTC, whole seconds */
	SHOW_INGESTED_AT,
	SHOW_FIELDS,  /* an array of names of fields */
	SHOW_LITERAL, /* what a role sees besides: six digits at most */
};

/* id, name, kind, how it is shown masked, types it belongs to, known values of an enumeration separated by blanks */
#define DNC_FIELDS(X)                                                                              \
	X(EVENT_ID, "event_id", ID, ID, T_ALL, "")                                                 \
	X(EVENT_VERSION, "event_version", STRING, VERSION, T_ALL, "")                              \
	X(REQUEST_ID, "request_id", STRING, ID, T_ALL, "")                                         \
	X(SESSION_ID, "session_id", STRING, ID, T_ALL, "")                                         \
	X(USER_AGENT, "user_agent", STRING, NOT, T_ALL, "")                                        \
	X(IP_ADDRESS, "ip_address", STRING, NOT, T_ALL, "")                                        \
	X(PROCESSING_TIME, "processing_time", INT, COUNT, T_ALL, "")                               \
	X(BATCH_ID, "batch_id", STRING, ID, T_ALL, "")                                             \
	X(COMPLIANCE_FLAGS, "compliance_flags", FLAGS, FLAGS, T_ALL, "")                           \
	X(DATA_CLASSES, "data_classes", ARRAY, WORDS, T_ALL, "")                                   \
	X(LEGAL_BASIS, "legal_basis", STRING, WORD, T_ALL, "")                                     \
	X(SERVER_ID, "server_id", STRING, WORD, T_ALL, "")                                         \
	X(ENVIRONMENT, "environment", STRING, WORD, T_ALL, "")                                     \
	X(PHONE_NUMBER, "phone_number", PHONE, PHONE, T_ALL, "")                                   \
	X(PROVIDER, "provider", STRING, PROVIDER, T_ALL, "")                                       \
	X(PROVIDER_ID, "provider_id", STRING, PROVIDER, T_ALL, "")                                 \
	X(SUPPRESS_REASON, "reason", STRING, KNOWN, T_SUP, V_SUPPRESS)                             \
	X(SOURCE, "source", STRING, KNOWN, T_SUP | T_REL, V_SOURCE)                                \
	X(SUPPRESSED_AT, "suppressed_at", TIME, TIME, T_SUP | T_REL, "")                           \
	X(SUPPRESSED_BY, "suppressed_by", STRING, ACTOR, T_SUP | T_REL, "")                        \
	X(DNC_ENTRY_ID, "dnc_entry_id", STRING, ID, T_SUP, "")                                     \
	X(EXPIRES_AT, "expires_at", TIME, TIME, T_SUP, "")                                         \
	X(SOURCE_REFERENCE, "source_reference", STRING, NOT, T_SUP, "")                            \
	X(NOTES, "notes", STRING, NOT, T_SUP | T_REL, "")                                          \
	X(RELEASE_REASON, "reason", STRING, KNOWN, T_REL, V_RELEASE)                               \
	X(RELEASED_AT, "released_at", TIME, TIME, T_REL, "")                                       \
	X(RELEASED_BY, "released_by", STRING, ACTOR, T_REL, "")                                    \
	X(PREVIOUS_ENTRY_ID, "previous_dnc_entry_id", STRING, ID, T_REL, "")                       \
	X(PREVIOUS_REASON, "previous_reason", STRING, REASON, T_REL, "")                           \
	X(ADMIN_NOTES, "admin_notes", STRING, NOT, T_REL, "")                                      \
	X(VERIFIED_BY, "verified_by", STRING, ACTOR, T_REL, "")                                    \
	X(VERIFIED_AT, "verified_at", TIME, TIME, T_REL, "")                                       \
	X(APPROVAL_CODE, "approval_code", STRING, NOT, T_REL, "")                                  \
	X(RESULT, "result", STRING, KNOWN, T_CHK, V_RESULT)                                        \
	X(CHECKED_AT, "checked_at", TIME, TIME, T_CHK, "")                                         \
	X(SOURCES, "sources", ARRAY, WORDS, T_CHK, "")                                             \
	X(LATENCY, "latency", INT, COUNT, T_CHK, "")                                               \
	X(TOTAL_SOURCES, "total_sources", INT, COUNT, T_CHK, "")                                   \
	X(SUCCESSFUL_SOURCES, "successful_sources", INT, COUNT, T_CHK, "")                         \
	X(FAILED_SOURCES, "failed_sources", INT, COUNT, T_CHK, "")                                 \
	X(CACHE_HITS, "cache_hits", INT, COUNT, T_CHK, "")                                         \
	X(CACHE_MISSES, "cache_misses", INT, COUNT, T_CHK, "")                                     \
	X(IS_BLOCKED, "is_blocked", BOOL, BOOL, T_CHK, "")                                         \
	X(BLOCKING_REASONS, "blocking_reasons", ARRAY, WORDS, T_CHK, "")                           \
	X(HIGHEST_SEVERITY, "highest_severity", STRING, SEVERITY, T_CHK, "")                       \
	X(RISK_SCORE, "risk_score", RATIO, NUMBER, T_CHK, "")                                      \
	X(CONFIDENCE_SCORE, "confidence_score", RATIO, NUMBER, T_CHK, "")                          \
	X(CHECK_REASON, "check_reason", STRING, KNOWN, T_CHK, "routing compliance verification")   \
	X(CHECK_TYPE, "check_type", STRING, KNOWN, T_CHK, "real_time batch manual")                \
	X(COMPLIANCE_LEVEL, "compliance_level", STRING, KNOWN, T_CHK, "strict standard relaxed")   \
	X(INITIATED_BY, "initiated_by", STRING, ACTOR, T_CHK | T_LST, "")                          \
	X(CALL_ID, "call_id", STRING, ID, T_CHK, "")                                               \
	X(ERROR_CODE, "error_code", STRING, CODE, T_CHK | T_LST, "")                               \
	X(ERROR_MESSAGE, "error_message", STRING, NOT, T_CHK | T_LST, "")                          \
	X(WARNING_MESSAGES, "warning_messages", ARRAY, NOT, T_CHK | T_LST, "")                     \
	X(SYNC_ID, "sync_id", STRING, ID, T_LST, "")                                               \
	X(SYNC_DURATION, "sync_duration", INT, COUNT, T_LST, "")                                   \
	X(SYNC_STATUS, "sync_status", STRING, KNOWN, T_LST,                                        \
		"success partial failed timeout cancelled skipped")                                \
	X(SYNC_TRIGGER, "sync_trigger", STRING, KNOWN, T_LST,                                      \
		"scheduled manual retry webhook forced initial incremental")                       \
	X(SYNC_TYPE, "sync_type", STRING, KNOWN, T_LST, "full incremental delta")                  \
	X(RECORDS_ADDED, "records_added", INT, COUNT, T_LST, "")                                   \
	X(RECORDS_REMOVED, "records_removed", INT, COUNT, T_LST, "")                               \
	X(RECORDS_UPDATED, "records_updated", INT, COUNT, T_LST, "")                               \
	X(RECORDS_SKIPPED, "records_skipped", INT, COUNT, T_LST, "")                               \
	X(RECORDS_TOTAL, "records_total", INT, COUNT, T_LST, "")                                   \
	X(RECORDS_PROCESSED, "records_processed", INT, COUNT, T_LST, "")                           \
	X(THROUGHPUT, "throughput_per_second", NUMBER, NUMBER, T_LST, "")                          \
	X(STARTED_AT, "started_at", TIME, TIME, T_LST, "")                                         \
	X(COMPLETED_AT, "completed_at", TIME, TIME, T_LST, "")                                     \
	X(LAST_SYNC_AT, "last_sync_at", TIME, TIME, T_LST, "")                                     \
	X(NEXT_SYNC_AT, "next_sync_at", TIME, TIME, T_LST, "")                                     \
	X(ERROR_COUNT, "error_count", INT, COUNT, T_LST, "")                                       \
	X(WARNING_COUNT, "warning_count", INT, COUNT, T_LST, "")                                   \
	X(RETRY_COUNT, "retry_count", INT, COUNT, T_LST, "")                                       \
	X(DUPLICATES_FOUND, "duplicates_found", INT, COUNT, T_LST, "")                             \
	X(INVALID_RECORDS, "invalid_records", INT, COUNT, T_LST, "")                               \
	X(DATA_QUALITY, "data_quality_score", NUMBER, NUMBER, T_LST, "")                           \
	X(INITIATED_FROM, "initiated_from", STRING, KNOWN, T_LST, "system api ui scheduler")       \
	X(DATA_CHECKSUM, "data_checksum", STRING, NOT, T_LST, "")                                  \
	X(VIOLATION_TYPE, "violation_type", STRING, WORD, T_VIO, "")                               \
	X(DETAILS, "details", ANY, NOT, T_VIO, "")                                                 \
	X(OLD_STATUS, "old_status", STRING, KNOWN, T_STA, V_PROVIDER_STATUS)                       \
	X(NEW_STATUS, "new_status", STRING, KNOWN, T_STA, V_PROVIDER_STATUS)                       \
	X(STATUS_REASON, "reason", STRING, WORD, T_STA, "")

enum dnc_field {
#define X(id, name, kind, show, types, values) FIELD_##id,
	DNC_FIELDS(X)
#undef X
		FIELD_COUNT,
	FIELD_NONE = FIELD_COUNT,
};

struct dnc_field_spec {
	struct dnc_str name;
	enum dnc_kind kind;
	enum dnc_show show;
	unsigned types;
	const char *values;
};

extern const struct dnc_field_spec dnc_fields[FIELD_COUNT];

/* The field NAME of TYPE, or FIELD_NONE. dnc_fields_init() must have run. */
enum dnc_field dnc_field_find(enum dnc_type type, struct dnc_str name);

/* The row of NAME in the derived table of TYPE (derive.c), or -1. */
int dnc_derived_find(enum dnc_type type, struct dnc_str name);

/* Builds the lookup tables, once. Thread safe. */
void dnc_fields_init(void);

/* True if VALUE is one of VALUES, which are separated by blanks, or VALUES is empty. */
bool dnc_value_known(const char *values, struct dnc_str value);
