#include "web/http/access.h"
#include <string.h>
#include "web/http/connection.h"
#include "web/http/host.h"
#include "web/http/reply.h"
#include "web/web.h"

enum {
	NAME_MAX_BYTES = 256
}; /* of a host or an origin: RFC 1035 section 2.3.4, and more for the scheme */

/* False when the value is missing or does not fit: then it is none that is allowed. */
static bool copy(struct dnc_str value, char out[NAME_MAX_BYTES])
{
	if (!value.n || value.n >= NAME_MAX_BYTES)
		return false;
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return true;
}

/* Behind a trusted proxy it is for the proxy to say whether its client uses TLS. */
static bool is_secure(const struct http_request *r)
{
	struct dnc_str scheme = http_head_field(r->head, DNC_STR("x-forwarded-proto"));

	if (r->connection->local && r->context->identity->trust_proxy && scheme.p)
		return dnc_str_caseeq(scheme, DNC_STR("https"));
	return r->connection->tls;
}

const char *access_forbidden(const struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	const struct http_connection *c = r->connection;
	struct dnc_str sent = http_head_field(r->head, DNC_STR("origin"));
	char host[NAME_MAX_BYTES], origin[NAME_MAX_BYTES];

	if (!copy(r->head->host, host))
		return "the Host header is missing or too long: send the name of the hub";
	/* A page of another site can make a browser send requests under a name of its own that resolves to 127.0.0.1
	 * (DNS rebinding). Such pages have no token, so that names matter only where none is needed. */
	if (!r->access->keys && !c->local && !host_is_loopback(host))
		return "access denied: the hub runs without authentication and answers to localhost "
		       "and loopback addresses only; use one of them as the Host";
	if (!sent.p)
		return NULL;
	if (!copy(sent, origin) || !origin_is_allowed(origin, host, is_secure(r),
					   options->allow_origin, options->allow_origin_count))
		return "access denied: this Origin is not allowed; start the hub with --allow-origin "
		       "to allow it";
	return NULL;
}

static const struct {
	unsigned status;
	const char *detail;
} answers[] = {
	[IDENTITY_NONE] = {401,
		"authentication required: send the header Authorization: Bearer TOKEN"},
	[IDENTITY_REJECTED] = {401,
		"token rejected: get a new one; the hub's messages say what is wrong with it"},
	[IDENTITY_BLOCKED] = {429,
		"too many rejected tokens from this address: wait as long as Retry-After says, "
		"then send a valid one"},
	[IDENTITY_NO_MEMORY] = {503,
		"the token was not checked: the hub is out of memory; send it again later"},
	[IDENTITY_FORBIDDEN] = {403,
		"access denied: the role has lost the permission that the request needs; use a token "
		"whose role has it"},
};

int access_refuse(struct http_connection *c, enum identity_verdict verdict)
{
	return http_problem(c, answers[verdict].status, answers[verdict].detail);
}
