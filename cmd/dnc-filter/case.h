/* case.h - a case of a --test file: its keys, and what is wrong with it. */
#pragma once
#include "json/json.h"

enum { KEY_NAME, KEY_EVENT, KEY_VERDICT, KEY_RULE, KEY_FIELDS, KEY_MADE, KEY_ROUTES, KEY_AT, KEYS };

/* The nodes of DOC at the case's keys; 0: absent. Ends the program with status 2 if the case, at LINE of the file PATH, is wrong. */
void case_read(const char *path, unsigned line, const struct dnc_json *doc, uint32_t at[KEYS]);

/* Ends the program with status 2: the case says what can't be tested, because of WHY and WHAT. */
_Noreturn void case_refuse(const char *path, unsigned line, const char *why, struct dnc_str what);
