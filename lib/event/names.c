/* names.c - the names of types, severities and reject codes. */
#include <stdio.h>
#include "priv/draft.h"

const struct dnc_str dnc_type_names[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = DNC_STR("dnc.number.suppressed"),
	[DNC_NUMBER_RELEASED] = DNC_STR("dnc.number.released"),
	[DNC_CHECK_PERFORMED] = DNC_STR("dnc.check.performed"),
	[DNC_LIST_SYNCED] = DNC_STR("dnc.list.synced"),
	[DNC_COMPLIANCE_VIOLATION] = DNC_STR("dnc.compliance.violation"),
	[DNC_PROVIDER_STATUS_CHANGE] = DNC_STR("dnc.provider.status_change"),
};

const struct dnc_severity dnc_severities[DNC_SEVERITIES] = {{DNC_STR("info"), 0},
	{DNC_STR("success"), 0}, {DNC_STR("low"), 1}, {DNC_STR("medium"), 2},
	{DNC_STR("warning"), 2}, {DNC_STR("high"), 3}, {DNC_STR("error"), 3},
	{DNC_STR("critical"), 4}};

static const char *const reject_names[DNC_REJECTS] = {
	[DNC_REJECT_NONE] = "none",
	[DNC_REJECT_INVALID_JSON] = "invalid_json",
	[DNC_REJECT_NOT_AN_OBJECT] = "not_an_object",
	[DNC_REJECT_TOO_LARGE] = "too_large",
	[DNC_REJECT_INVALID_UTF8] = "invalid_utf8",
	[DNC_REJECT_MISSING_TYPE] = "missing_type",
	[DNC_REJECT_UNKNOWN_TYPE] = "unknown_type",
	[DNC_REJECT_MISSING_FIELD] = "missing_field",
	[DNC_REJECT_INVALID_FIELD] = "invalid_field",
	[DNC_REJECT_INVALID_PHONE_NUMBER] = "invalid_phone_number",
	[DNC_REJECT_INVALID_TIMESTAMP] = "invalid_timestamp",
	[DNC_REJECT_MAP_FAILED] = "map_failed",
	[DNC_REJECT_INVALID_ROW] = "invalid_row",
	[DNC_REJECT_ID_CONFLICT] = "id_conflict",
};

bool dnc_type_from_name(struct dnc_str name, enum dnc_type *type)
{
	for (int t = 0; t < DNC_TYPES; t++)
		if (dnc_str_eq(dnc_type_names[t], name)) {
			*type = (enum dnc_type)t;
			return true;
		}
	return false;
}

bool dnc_type_from_raw(struct dnc_str name, enum dnc_type *type)
{
	const size_t prefix = sizeof "dnc." - 1;

	if (dnc_type_from_name(name, type))
		return true;
	for (int t = 0; t < DNC_TYPES; t++) {
		struct dnc_str full = dnc_type_names[t];

		if (dnc_str_eq((struct dnc_str){full.p + prefix, full.n - prefix}, name)) {
			*type = (enum dnc_type)t;
			return true;
		}
	}
	return false;
}

const struct dnc_severity *dnc_severity_from_name(struct dnc_str name)
{
	for (size_t i = 0; i < DNC_SEVERITIES; i++)
		if (dnc_str_caseeq(dnc_severities[i].name, name))
			return &dnc_severities[i];
	return NULL;
}

const char *dnc_reject_name(enum dnc_reject code)
{
	return code < DNC_REJECTS ? reject_names[code] : "unknown";
}

int draft_reject(struct dnc_error *err, enum dnc_reject code, const char *place, const char *why)
{
	dnc_error_set(err, (int)code, "%s%s%s", place, *place ? " " : "", why);
	dnc_error_place(err, "%s", place);
	return -1;
}

int draft_reject_type(struct dnc_str name, struct dnc_error *err)
{
	char list[256] = "";
	size_t n = 0;

	for (int t = 0; t < DNC_TYPES && n < sizeof list; t++)
		n += (size_t)snprintf(
			list + n, sizeof list - n, "%s%s", t ? ", " : "", dnc_type_names[t].p);
	dnc_error_set(err, DNC_REJECT_UNKNOWN_TYPE, "unknown type \"%.*s\"; known are %s",
		name.n > 40 ? 40 : (int)name.n, name.p, list);
	dnc_error_place(err, "type");
	return -1;
}
