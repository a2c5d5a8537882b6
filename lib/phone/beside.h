/* beside.h - what stands beside a telephone number and says more of it: its country, and its area code.
 *
 * A number without a country code is one of the region in the options, unless a column or member beside it names a country.
 * What it is called tells its kind (dnc_beside_of()); the kinds are applied in their order. A country that is certain is
 * applied. What may be a country or an area code, and would make another number of it, rejects the number: a wrong number
 * is worse than none. Nothing is asked of a number that has its country code itself. A context belongs to one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"
#include "json/json.h"
#include "phone.h"

/* What a name says of the value under it, in the order in which values are to be applied. */
enum dnc_beside {
	DNC_BESIDE_NOTHING,
	DNC_BESIDE_COUNTRY, /* a country's two letters, its name, or its calling code */
	DNC_BESIDE_CALLING, /* the same, and digits are a calling code for certain */
	DNC_BESIDE_NETWORK, /* the same, and three digits may be a mobile country code (ITU-T E.212) */
	DNC_BESIDE_PERHAPS_COUNTRY, /* perhaps a country: Country Manager */
	DNC_BESIDE_COUNTRY_ID, /* the same, but digits without a plus sign say nothing: country_id */
	DNC_BESIDE_COUNTRY_REGION, /* perhaps a country, or a state: Country/Region */
	DNC_BESIDE_REGION,       /* the same, but digits without a plus sign say nothing: Region */
	DNC_BESIDE_CODE,         /* perhaps a calling code, or an area code: Prefix */
	DNC_BESIDE_AREA,         /* an area code */
	DNC_BESIDE_PERHAPS_AREA, /* perhaps one: Area */
	DNC_BESIDE_KINDS,
};

/* The side of a call or message that a number belongs to. */
enum dnc_side { DNC_SIDE_NONE, DNC_SIDE_CALLER, DNC_SIDE_CALLED };

/* Whose number it is, by its own name; {0} for one that says nothing of this, such as phone_number. */
struct dnc_beside_owner {
	uint8_t side;   /* enum dnc_side */
	uint8_t lines;  /* a bit for each of home, mobile ... */
	uint8_t number; /* 2 for phone_2 */
};
struct dnc_beside_owner dnc_beside_owner(struct dnc_str name, enum dnc_side side);

/* What NAME, a header or a key, says of the number of this OWNER. It is read by its words, which blanks, punctuation, digits and
 * capitals part: FromCountry, phone_1_country_code. Accents do not count. What may be of another number of the same person is
 * not certain: mobile_country_code beside home_phone. */
enum dnc_beside dnc_beside_of(struct dnc_str name, struct dnc_beside_owner owner);

/* False if only the value can tell whether it belongs to the number. */
bool dnc_beside_certain(enum dnc_beside kind);

/* The kinds of names that were asked before: records have the same ones again and again. */
enum { DNC_BESIDE_PLACES = 64, DNC_BESIDE_KEPT = 2, DNC_BESIDE_NAME_MAX = 27 };
struct dnc_beside_kept {
	uint8_t n, kind; /* bytes of the name, enum dnc_beside; n is 0 if there is none */
	struct dnc_beside_owner owner;
	char name[DNC_BESIDE_NAME_MAX];
};

/* How numbers are read. `names` and `countries` are made when they are needed; dnc_beside_finish() frees them. */
struct dnc_beside_context {
	const char *region; /* of numbers without a country; two letters */
	bool strict;        /* accept valid numbers only */
	const char *
		advice; /* what else the user can do about a reject: "use a map"; or NULL. Static. */
	struct dnc_region_names *names;
	struct dnc_country_names *countries;
	struct dnc_beside_kept
		kept[DNC_BESIDE_PLACES]
		    [DNC_BESIDE_KEPT]; /* at the place of the name, the last one first */
};
void dnc_beside_finish(struct dnc_beside_context *c);

/* A number that is read with what is beside it. */
struct dnc_beside_number {
	struct dnc_str written; /* as it is in the record, trimmed */
	struct dnc_str
		read; /* the same, or as it was read with its country: then it points to e164, and the struct stays where it is */
	bool has_country; /* a country beside it was applied */
	char e164[DNC_PHONE_MAX];
};
struct dnc_beside_number dnc_beside_number(struct dnc_str written);

/* True if NUMBER has a country code itself: it starts with + or 00, or is such a tel: URI. */
bool dnc_beside_is_international(struct dnc_str number);

/* The code of errors of the two functions below, unless there is no memory (DNC_ERROR_NO_MEMORY). */
enum { DNC_BESIDE_REJECTED = 1 };

/* Reads NUMBER with the VALUE of this KIND under NAME. An empty value says nothing. Returns -1 with a message in ERR that says
 * what to do if more than one reading is possible. */
int dnc_beside_apply(struct dnc_beside_context *c, enum dnc_beside kind, struct dnc_str name,
	struct dnc_str value, struct dnc_beside_number *number, struct dnc_error *err);

/* Reads NUMBER, which is of OWNER, with the members of the COUNT objects OBJECTS in DOC. -1 as above, also if a member that is
 * certain is an array or an object. */
int dnc_beside_apply_members(struct dnc_beside_context *c, struct dnc_beside_owner owner,
	const struct dnc_json *doc, const uint32_t *objects, size_t count,
	struct dnc_beside_number *number, struct dnc_error *err);
