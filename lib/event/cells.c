/* cells.c - the names of columns, and rows as records. */
#include "cells.h"
#include "json/member.h"
#include "priv/fields.h"

/* Members of the top level, as read.c and write.c treat them, and fields that others depend on. */
static const struct {
	struct dnc_str name;
	enum dnc_cell_role role;
} roles[] = {
	{DNC_STR("timestamp"), DNC_CELL_STAMP},
	{DNC_STR("suppressed_at"), DNC_CELL_TIME},
	{DNC_STR("expires_at"), DNC_CELL_TIME},
	{DNC_STR("provider"), DNC_CELL_FIXED},
	{DNC_STR("provider_id"), DNC_CELL_FIXED},
	{DNC_STR("reason"), DNC_CELL_FIXED},
	{DNC_STR("source"), DNC_CELL_FIXED},
	{DNC_STR("seq"), DNC_CELL_SINGLE},
	{DNC_STR("id"), DNC_CELL_SINGLE},
	{DNC_STR("event_id"), DNC_CELL_SINGLE},
	{DNC_STR("type"), DNC_CELL_SINGLE},
	{DNC_STR("phone_number"), DNC_CELL_SINGLE},
	{DNC_STR("severity"), DNC_CELL_SINGLE},
	{DNC_STR("summary"), DNC_CELL_SINGLE},
	{DNC_STR("event_data"), DNC_CELL_SINGLE},
	{DNC_STR("metadata"), DNC_CELL_SINGLE},
};

static enum dnc_cell_role role_of(struct dnc_str name)
{
	enum dnc_field f = dnc_field_find(DNC_NUMBER_SUPPRESSED, name);

	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (dnc_str_eq(roles[i].name, name))
			return roles[i].role;
	if (f == FIELD_NONE)
		return DNC_CELL_TEXT;
	return (dnc_fields[f].kind == KIND_STRING || dnc_fields[f].kind == KIND_ID) &&
	                       !*dnc_fields[f].values
	               ? DNC_CELL_TEXT
	               : DNC_CELL_SINGLE;
}

void dnc_cell_name_set(struct dnc_cell_name *name, const char *text)
{
	dnc_fields_init();
	name->text = dnc_str(text);
	name->hash = UINT64_C(14695981039346656037); /* FNV-1a */
	for (size_t i = 0; i < name->text.n; i++)
		name->hash = (name->hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	name->role = role_of(name->text);
}

void dnc_cells_write(struct dnc_buf *b, const struct dnc_cells *row)
{
	dnc_buf_chr(b, '{');
	dnc_json_member_str(b, "type", dnc_type_names[row->type]);
	if (row->number.p)
		dnc_json_member_str(b, "phone_number", row->number);
	for (size_t i = 0; i < row->count; i++) {
		dnc_json_write_key(b, row->cell[i].name->text);
		dnc_json_write_str(b, row->cell[i].value);
	}
	dnc_buf_chr(b, '}');
}
