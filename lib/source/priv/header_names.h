/* header_names.h - what the headers of CSV files mean. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* Bytes of a name, with its NUL; what is longer is cut. */
enum { CSV_NAME_MAX = 64 };

/* Converts to lower case, with one "_" in place of other characters between letters and digits. */
void csv_fold_header(struct dnc_str header, char out[CSV_NAME_MAX]);

/* The same without "_" and without digits at the end; TEXT is room for it. */
struct dnc_str csv_squeeze_header(struct dnc_str header, char text[CSV_NAME_MAX]);

/* True if this header is known to mean a phone number. */
bool csv_is_number_header(struct dnc_str header);

/* The event field that HEADER means for CERTAIN, or else the one that it means if no other header does. False if there is
 * none. */
bool csv_header_field(struct dnc_str header, bool certain, char field[CSV_NAME_MAX]);

/* The name of a column, number INDEX from 0, that holds no known field. */
void csv_header_own_name(struct dnc_str header, size_t index, char name[CSV_NAME_MAX]);
