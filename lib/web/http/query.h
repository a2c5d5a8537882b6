/* query.h - the query string of a request. No sockets in here. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Called for an argument, whose text is borrowed. Returns 0, or -1 with ERR to stop. */
typedef int query_add_fn(
	void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err);

/* Calls ADD for each argument of QUERY, the part of a target after the '?' as it was sent: arguments are separated by
 * '&', one without '=' has an empty value, '+' is a blank, %XX a byte
 * (https://url.spec.whatwg.org/#urlencoded-parsing). What is no such escape, NUL and invalid UTF-8 are refused, and so
 * is a QUERY of more than HTTP_TARGET_BYTES. Returns how many arguments there were, or -1 with ERR, which names the
 * argument; its code is REQUEST_EFIELD or that of ADD. Any thread. */
int query_parse(struct dnc_str query, query_add_fn *add, void *ctx, struct dnc_error *err);
