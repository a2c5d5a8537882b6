/* header_names.h - what the headers of CSV files mean. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* Bytes of a name, with its NUL; what is longer is cut. */
enum { CSV_NAME_MAX = 64 };

/* Converts to lower case, and leaves out all but letters and digits; TEXT is room for it. */
struct dnc_str csv_squeeze_header(struct dnc_str header, char text[CSV_NAME_MAX]);

/* 2 if this header means a phone number for certain, 1 if it means one of a side of a call, 0 if it is not known to mean one. */
int csv_number_header(struct dnc_str header);

/* Whose number a column of calls holds: a number of ours or of the consumer's, by the direction of the call. */
enum csv_side { CSV_NO_SIDE, CSV_CALLER, CSV_CALLED };

enum csv_side csv_header_side(struct dnc_str header);

/* True if HEADER may mean a number of the consumer, such as Home or Number 2, though not one of a side of a call: its fields
 * decide. */
bool csv_header_may_be_number(struct dnc_str header);

/* True if HEADER says that its fields are no numbers of the consumer that are called, such as Fax or Agent; or, if PLAIN,
 * that digits alone may be another thing than a telephone number, such as an account or a time. */
bool csv_header_excludes_number(struct dnc_str header, bool plain);

/* The event field that HEADER means for CERTAIN, or else the one that it means if no other header does. False if there is
 * none. */
bool csv_header_field(struct dnc_str header, bool certain, char field[CSV_NAME_MAX]);

/* The name of a column, number INDEX from 0, that holds no known field. */
void csv_header_own_name(struct dnc_str header, size_t index, char name[CSV_NAME_MAX]);
