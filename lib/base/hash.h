/* hash.h - uthash, which by itself ends the process when there is no memory.
 *
 * Included in place of <uthash.h>. An element that could not be added has no table: hh.tbl is NULL after HASH_ADD, the
 * hash is as it was, and the element is still the caller's. */
#pragma once
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
