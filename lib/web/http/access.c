#include "web/http/access.h"
#include "web/http/host.h"
#include "web/http/reply.h"
#include "web/web.h"

const char *access_forbidden(const struct http_request *r)
{
	const struct dnc_web_options *options = r->context->options;
	char host[256], origin[256];

	if (lws_hdr_copy(r->wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0)
		return "the Host header is missing or too long: send the name of the hub";
	/* A page of another site can make a browser send requests under a name of its own that resolves to 127.0.0.1
	 * (DNS rebinding). Such pages have no token, so that names matter only where none is needed. */
	if (!r->access->keys && !identity_is_local_socket(r->wsi) && !host_is_loopback(host))
		return "access denied: the hub runs without authentication and answers to localhost "
		       "and loopback addresses only; use one of them as the Host";
	if (lws_hdr_total_length(r->wsi, WSI_TOKEN_ORIGIN) == 0)
		return NULL;
	if (lws_hdr_copy(r->wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) <= 0 ||
		!origin_is_allowed(origin, host, lws_is_ssl(r->wsi), options->allow_origin,
			options->allow_origin_count))
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
};

unsigned access_status(enum identity_verdict verdict)
{
	return answers[verdict].status;
}

int access_refuse(struct http_request *r, enum identity_verdict verdict)
{
	return http_problem(
		&r->context->page, r->wsi, answers[verdict].status, answers[verdict].detail);
}
