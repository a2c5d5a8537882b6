/* addresses.h - several addresses in one text, in the order in which they are tried: "unix:/run/a.sock,unix:/run/b.sock". A
 * separator is one only where an address begins behind it: paths and URLs may have commas. Thread safe. */
#pragma once
#include "str.h"

/* So many are tried in turn at most. */
enum { DNC_ADDRESSES_MAX = 8 };

/* How every kind of address begins that any option or rule knows; NULL follows the last one. */
extern const char *const dnc_address_heads[];

/* Takes the first address off *REST, with the separators behind it: characters of SEPARATORS that one of HEADS follows. It is
 * empty if TEXT begins with separators. */
struct dnc_str dnc_address_next(
	struct dnc_str *rest, const char *separators, const char *const *heads);

/* The same for addresses as options and rules have them: separated by commas, with any of dnc_address_heads. */
static inline struct dnc_str dnc_address_next_of_all(struct dnc_str *rest)
{
	return dnc_address_next(rest, ",", dnc_address_heads);
}
