/* derivation.c - which members of an event say something about which fields: derive.c, severity.c and read.c compute them so. */
#include "priv/derivation.h"
#include "priv/draft.h"

enum { FROM_MAX = 4 };

/* The copies in metadata are in derive.c's tables. */
static const struct derivation {
	unsigned types;
	enum dnc_object object; /* OBJECT_TOP is severity or provider */
	struct dnc_str name;
	enum dnc_field from[FROM_MAX];
} derivations[] = {
	{T_SUP | T_REL, OBJECT_TOP, DNC_STR("provider"), {FIELD_SOURCE}},

	{T_SUP, OBJECT_TOP, DNC_STR("severity"), {FIELD_SUPPRESS_REASON}},
	{T_SUP, OBJECT_METADATA, DNC_STR("is_temporary"), {FIELD_EXPIRES_AT}},
	{T_SUP, OBJECT_METADATA, DNC_STR("gdpr_relevant"), {FIELD_SUPPRESS_REASON}},

	/* High if it requires approval. */
	{T_REL, OBJECT_TOP, DNC_STR("severity"),
		{FIELD_RELEASE_REASON, FIELD_VERIFIED_BY, FIELD_VERIFIED_AT}},
	{T_REL, OBJECT_METADATA, DNC_STR("is_consumer_request"), {FIELD_RELEASE_REASON}},
	{T_REL, OBJECT_METADATA, DNC_STR("is_admin_override"), {FIELD_RELEASE_REASON}},
	{T_REL, OBJECT_METADATA, DNC_STR("gdpr_relevant"), {FIELD_RELEASE_REASON}},
	{T_REL, OBJECT_METADATA, DNC_STR("is_verified"), {FIELD_VERIFIED_BY, FIELD_VERIFIED_AT}},
	{T_REL, OBJECT_METADATA, DNC_STR("requires_approval"),
		{FIELD_RELEASE_REASON, FIELD_VERIFIED_BY, FIELD_VERIFIED_AT}},

	{T_CHK, OBJECT_TOP, DNC_STR("severity"),
		{FIELD_RESULT, FIELD_IS_BLOCKED, FIELD_RISK_SCORE, FIELD_HIGHEST_SEVERITY}},
	{T_CHK, OBJECT_METADATA, DNC_STR("is_blocked"), {FIELD_RESULT, FIELD_IS_BLOCKED}},
	{T_CHK, OBJECT_METADATA, DNC_STR("sources_checked"), {FIELD_TOTAL_SOURCES, FIELD_SOURCES}},
	{T_CHK, OBJECT_METADATA, DNC_STR("latency_ms"), {FIELD_LATENCY}},
	{T_CHK, OBJECT_METADATA, DNC_STR("success_rate"),
		{FIELD_SUCCESSFUL_SOURCES, FIELD_TOTAL_SOURCES}},
	{T_CHK, OBJECT_METADATA, DNC_STR("cache_hit_rate"), {FIELD_CACHE_HITS, FIELD_CACHE_MISSES}},
	{T_CHK, OBJECT_METADATA, DNC_STR("is_high_risk"),
		{FIELD_RISK_SCORE, FIELD_HIGHEST_SEVERITY}},
	{T_CHK, OBJECT_METADATA, DNC_STR("has_warnings"), {FIELD_WARNING_MESSAGES}},

	{T_LST, OBJECT_TOP, DNC_STR("severity"),
		{FIELD_SYNC_STATUS, FIELD_ERROR_COUNT, FIELD_ERROR_CODE, FIELD_ERROR_MESSAGE}},
	{T_LST, OBJECT_METADATA, DNC_STR("sync_duration_ms"), {FIELD_SYNC_DURATION}},
	{T_LST, OBJECT_METADATA, DNC_STR("net_data_change"),
		{FIELD_RECORDS_ADDED, FIELD_RECORDS_REMOVED}},
	{T_LST, OBJECT_METADATA, DNC_STR("has_errors"),
		{FIELD_ERROR_COUNT, FIELD_ERROR_CODE, FIELD_ERROR_MESSAGE}},
	{T_LST, OBJECT_METADATA, DNC_STR("has_warnings"),
		{FIELD_WARNING_COUNT, FIELD_WARNING_MESSAGES}},
	{T_LST, OBJECT_METADATA, DNC_STR("is_retry"), {FIELD_RETRY_COUNT, FIELD_SYNC_TRIGGER}},

	{T_STA, OBJECT_TOP, DNC_STR("severity"), {FIELD_NEW_STATUS}},
};

/* FIELD_EVENT_ID, which is 0 and ends a row, is no source of anything. */
static bool is_from(const struct derivation *d, struct dnc_str field)
{
	for (size_t i = 0; i < FROM_MAX && d->from[i]; i++)
		if (dnc_str_eq(dnc_fields[d->from[i]].name, field))
			return true;
	return false;
}

/* Of TYPE, the copies of FIELD in metadata. */
static void each_copy(enum dnc_type type, struct dnc_str field, derivation_each *each, void *ctx)
{
	const char *name;

	for (int row = 0; (name = draft_derived_name(type, row)); row++) {
		enum dnc_field copied;

		draft_derived_show(type, row, &copied);
		if (copied != FIELD_NONE && dnc_str_eq(dnc_fields[copied].name, field))
			each(ctx, T(type), OBJECT_METADATA, dnc_str(name));
	}
}

void derivation_of(struct dnc_str field, derivation_each *each, void *ctx)
{
	for (size_t i = 0; i < sizeof derivations / sizeof derivations[0]; i++)
		if (is_from(&derivations[i], field))
			each(ctx, derivations[i].types, derivations[i].object, derivations[i].name);
	for (int t = 0; t < DNC_TYPES; t++) {
		enum dnc_field f = dnc_field_find((enum dnc_type)t, field);

		each_copy((enum dnc_type)t, field, each, ctx);
		/* It names fields whose value is none of their list. */
		if (f != FIELD_NONE && *dnc_fields[f].values)
			each(ctx, T(t), OBJECT_METADATA, DNC_STR("unknown_values"));
	}
}
