/* number_pattern.h - values of --phone that people mean as a number, or that no number matches. */
#pragma once

/* Prints one line that says what to write and exits with DNC_EXIT_USAGE if VALUE of --OPTION is a number as people write it
 * (of the United States, if it has no country code) but as a pattern does not match that number, or if no number in E.164
 * can match it. A pattern that is invalid otherwise is left to the compiler, and one of which this is not certain passes. */
void dnc_cli_check_number_pattern(const char *option, const char *value);
