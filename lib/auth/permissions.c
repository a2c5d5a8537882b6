/* permissions.c - the names of permissions. */
#include "json/json.h"
#include "roles.h"

const struct dnc_str dnc_permission_names[DNC_PERMISSIONS] = {
	DNC_STR("dnc:read"),
	DNC_STR("dnc:stream"),
	DNC_STR("dnc:replay"),
	DNC_STR("dnc:pii"),
	DNC_STR("dnc:publish"),
	DNC_STR("compliance:read"),
	DNC_STR("telephony:read"),
	DNC_STR("clients:read"),
	DNC_STR("metrics:read"),
};

unsigned dnc_permission_from_name(struct dnc_str name)
{
	for (int i = 0; i < DNC_PERMISSIONS; i++)
		if (dnc_str_eq(dnc_permission_names[i], name))
			return 1u << i;
	return 0;
}

void dnc_permissions_write(struct dnc_buf *b, unsigned permissions)
{
	bool any = false;

	dnc_buf_chr(b, '[');
	for (int i = 0; i < DNC_PERMISSIONS; i++) {
		if (!(permissions & 1u << i))
			continue;
		if (any)
			dnc_buf_chr(b, ',');
		any = true;
		dnc_json_write_str(b, dnc_permission_names[i]);
	}
	dnc_buf_chr(b, ']');
}
