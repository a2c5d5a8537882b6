/* columns.h - text for a terminal, measured in its columns. Thread safe.
 *
 * East Asian wide and fullwidth characters take two columns (UAX #11), marks that combine with the character before
 * them and joiners none (general categories Mn, Me and Cf, and the medial and final letters of Hangul), all others
 * one. wcwidth(3) is not used: it knows no other characters than those of the locale, which is often "C" for a
 * service or over ssh. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"

/* The columns of TEXT, UTF-8 without control characters. */
unsigned show_columns(struct dnc_str text);

/* Appends TEXT, which has no control characters. What does not fit in MOST columns is replaced by an ellipsis. Returns
 * the columns used. */
unsigned show_cut(struct dnc_buf *out, struct dnc_str text, unsigned most);

void show_blanks(struct dnc_buf *out, unsigned n);
