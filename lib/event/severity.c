/* severity.c - whether an event blocks, is risky or has errors, and the severity that follows from
 * it. */
#include "priv/draft.h"

int64_t draft_int(const struct draft *d, enum dnc_field f)
{
	int64_t v = 0;

	if (d->field[f])
		dnc_json_int(&d->doc->node[d->field[f]], &v);
	return v;
}

bool draft_is_blocked(const struct draft *d)
{
	if (d->field[FIELD_IS_BLOCKED])
		return draft_is(d, FIELD_IS_BLOCKED, DNC_STR("true"));
	return draft_is(d, FIELD_RESULT, DNC_STR("blocked"));
}

bool draft_is_high_risk(const struct draft *d)
{
	double score = 0;

	if (d->field[FIELD_RISK_SCORE])
		dnc_json_double(&d->doc->node[d->field[FIELD_RISK_SCORE]], &score);
	return score >= 0.7 ||
	       dnc_str_caseeq(draft_text(d, FIELD_HIGHEST_SEVERITY), DNC_STR("high"));
}

bool draft_has_errors(const struct draft *d)
{
	return draft_int(d, FIELD_ERROR_COUNT) > 0 || draft_text(d, FIELD_ERROR_CODE).n ||
	       draft_text(d, FIELD_ERROR_MESSAGE).n;
}

bool draft_is_verified(const struct draft *d)
{
	return draft_text(d, FIELD_VERIFIED_BY).n && d->field[FIELD_VERIFIED_AT];
}

/* Of the rows of a type, the last one that holds sets the severity. A row holds if the field has
 * the value, if there is one, and the function returns true, if there is one. */
static const struct severity_rule {
	enum dnc_type type;
	enum dnc_field field;
	const char *value;
	bool (*holds)(const struct draft *);
	const char *severity;
} severity_rules[] = {
	{DNC_NUMBER_SUPPRESSED, FIELD_NONE, NULL, NULL, "medium"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "regulatory", NULL, "high"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "consumer_request", NULL, "high"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "testing", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_NONE, NULL, NULL, "medium"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "expired", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "system_cleanup", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "admin_override", NULL, "high"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "data_correction", NULL, "high"},
	{DNC_CHECK_PERFORMED, FIELD_NONE, NULL, NULL, "info"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "blocked", draft_is_blocked, "warning"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "error", NULL, "error"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "timeout", NULL, "error"},
	{DNC_CHECK_PERFORMED, FIELD_NONE, NULL, draft_is_high_risk, "high"},
	{DNC_LIST_SYNCED, FIELD_NONE, NULL, NULL, "info"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "success", NULL, "success"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "partial", NULL, "warning"},
	{DNC_LIST_SYNCED, FIELD_NONE, NULL, draft_has_errors, "warning"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "failed", NULL, "error"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "timeout", NULL, "error"},
	{DNC_COMPLIANCE_VIOLATION, FIELD_NONE, NULL, NULL, "critical"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NONE, NULL, NULL, "info"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "degraded", NULL, "warning"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "offline", NULL, "error"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "error", NULL, "error"},
};

const struct dnc_severity *draft_severity(const struct draft *d)
{
	const char *name = "info";

	if (d->requires_approval)
		return dnc_severity_from_name(DNC_STR("high"));
	for (size_t i = 0; i < sizeof severity_rules / sizeof severity_rules[0]; i++) {
		const struct severity_rule *r = &severity_rules[i];

		if (r->type != d->type)
			continue;
		if (r->value && !draft_is(d, r->field, dnc_str(r->value)))
			continue;
		if (r->holds && !r->holds(d))
			continue;
		name = r->severity;
	}
	return dnc_severity_from_name(dnc_str(name));
}
