#include "web/http/access.h"
#include <arpa/inet.h>
#include <string.h>
#include "web/http/reply.h"
#include "web/priv/identity.h"
#include "web/priv/server.h"

/* A page of another site can make a browser call us under a name of its own that leads to
 * 127.0.0.1 (DNS rebinding): only names that mean this machine are answered. */
static bool is_own_host(const char *host)
{
	const char *colon = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
	size_t n = colon ? (size_t)(colon - host) : strlen(host);
	unsigned char four[4];
	char name[64];

	if (host[0] == '[')
		return n == 4 && strncmp(host, "[::1", 4) == 0;
	if (n >= sizeof name)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, four) == 1 && four[0] == 127);
}

static bool is_allowed_origin(
	const struct dnc_web *w, struct lws *wsi, const char *origin, const char *host)
{
	const char *scheme = lws_is_ssl(wsi) ? "https://" : "http://";
	size_t n = strlen(scheme);

	if (strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0)
		return true;
	for (size_t i = 0; i < w->options->allow_origin_count; i++)
		if (strcasecmp(w->options->allow_origin[i], origin) == 0)
			return true;
	return false;
}

const char *access_forbidden(const struct dnc_web *w, struct lws *wsi)
{
	char host[256], origin[256];

	if (lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0)
		return "a Host header is missing, or too long";
	/* Whoever has to show a token is safe from pages of other sites, under whatever name. */
	if (!w->identity->snapshot->keys && !identity_is_local_socket(wsi) && !is_own_host(host))
		return "the Host header does not name this machine's loopback";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0)
		return NULL;
	if (lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) <= 0 ||
		!is_allowed_origin(w, wsi, origin, host))
		return "the Origin is not allowed; see --allow-origin";
	return NULL;
}

int access_refuse(struct dnc_web *w, struct lws *wsi, enum identity_verdict verdict)
{
	if (verdict == WHO_BARRED)
		return http_problem(w, wsi, 429, "Too Many Requests",
			"too many wrong tokens came from this address");
	return http_problem(w, wsi, 401, "Unauthorized",
		verdict == WHO_WRONG ? "the token is not taken" : "a bearer token is needed");
}
