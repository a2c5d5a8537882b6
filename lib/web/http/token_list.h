/* token_list.h - lists in header values: elements between commas, RFC 9110 section 5.6.1, of which those that are
 * empty do not count; and tokens, section 5.6.2. No sockets in here; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* S without the blanks and tabs at its start and end. */
struct dnc_str token_trim(struct dnc_str s);

/* True if S is a token: at least one character, and none but letters, digits and !#$%&'*+-.^_`|~ */
bool token_is(struct dnc_str s);

/* The token at the start of *S, which is taken from it; empty if there is none. */
struct dnc_str token_take(struct dnc_str *s);

/* Goes through a list without quoted strings whose header may stand on several lines. */
struct token_list {
	const struct dnc_str *lines; /* that are left */
	size_t count;
	struct dnc_str rest; /* of the current line */
};

/* Takes the next element that is not empty, trimmed; it need not be a token. False at the end. */
bool token_list_next(struct token_list *list, struct dnc_str *element);

/* True if WORD, a token, is an element of LIST; the case of letters does not count. */
bool token_list_has(struct token_list list, struct dnc_str word);
