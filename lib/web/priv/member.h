/* member.h - short names of what lib/json writes members with. */
#pragma once
#include "json/member.h"

#define member_text   dnc_json_member_text
#define member_number dnc_json_member_number
#define member_bool   dnc_json_member_bool
#define member_time   dnc_json_member_time
#define member_json   dnc_json_member_json
