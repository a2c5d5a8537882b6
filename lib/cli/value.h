/* value.h - values of options and arguments as text. Each function returns the value, or prints a line that names the
 * option and what is expected, and exits with DNC_EXIT_USAGE. NAME is the option as the user knows it: "--grace". */
#pragma once
#include <stdint.h>
#include "base/str.h"

/* A decimal number from MIN to MAX. */
uint64_t dnc_cli_number(const char *name, const char *text, uint64_t min, uint64_t max);

/* A size in bytes from MIN to MAX, such as 64M or 1G (powers of 1024). */
uint64_t dnc_cli_size(const char *name, const char *text, uint64_t min, uint64_t max);

/* A duration in milliseconds, such as 90s, 15m, 24h, 30d or 1w. */
int64_t dnc_cli_duration(const char *name, const char *text);

/* A point in time in milliseconds since 1970: RFC 3339, a date alone, or a duration back from now ("-1h"). */
int64_t dnc_cli_time(const char *name, const char *text);

/* Checks that WORD is one of WORDS (separated by blanks). The error suggests the nearest word, or lists all. ELSEWHERE is
 * appended to it, a sentence that says how to give another word all the same, or NULL. */
void dnc_cli_word(const char *name, struct dnc_str word, const char *words, const char *elsewhere);
