/* type_names.c - the names that systems have for the types of events. */
#include "priv/record.h"

/* The reference system's names for the types. */
static const struct {
	struct dnc_str name;
	enum dnc_type type;
} foreign_types[] = {
	{DNC_STR("NumberSuppressed"), DNC_NUMBER_SUPPRESSED},
	{DNC_STR("NumberReleased"), DNC_NUMBER_RELEASED},
	{DNC_STR("DNCCheckPerformed"), DNC_CHECK_PERFORMED},
	{DNC_STR("DNCListSynced"), DNC_LIST_SYNCED},
	{DNC_STR("ComplianceViolation"), DNC_COMPLIANCE_VIOLATION},
	{DNC_STR("ProviderStatusChange"), DNC_PROVIDER_STATUS_CHANGE},
};

bool source_type_by_name(struct dnc_str name, enum dnc_type *type)
{
	if (dnc_type_from_raw(name, type))
		return true;
	for (size_t i = 0; i < sizeof foreign_types / sizeof foreign_types[0]; i++)
		if (dnc_str_eq(foreign_types[i].name, name)) {
			*type = foreign_types[i].type;
			return true;
		}
	return false;
}
