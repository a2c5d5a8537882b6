/* cases.h - tests of rules: events, and what the rules must decide about them. */
#pragma once
#include "rules/rules.h"

/* Asks R about the events of the file PATH, in order, and prints where what it decides differs from what the file says. Returns the
 * exit code of the program: 0, 1 if anything differs, 2 if the file is wrong. */
int cases_run(struct dnc_rules *r, const char *path);

/* The time of the present case, in milliseconds since 1970: the `now_ms` of the rules. */
int64_t cases_now_ms(void);
