#include "failure.h"
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

static const char *certificate_advice(int error)
{
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "use the name that is in the certificate";
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "renew it, or check the clock";
	default:
		return "pass the certificate of its authority with --cacert";
	}
}

static const char *other_scheme(const struct options *o)
{
	return o->tls ? "a hub without TLS requires ws://" : "a hub with TLS requires wss://";
}

static void explain_status(const struct options *o, unsigned status, char *text, size_t size)
{
	if (status == 404)
		snprintf(text, size,
			"the server has no %s (HTTP status 404); the path of a hub is /ws/dnc",
			o->path);
	else if (status == 403)
		snprintf(text, size, "access denied (HTTP status 403)");
	else
		snprintf(text, size,
			"the server refused the WebSocket connection with HTTP status %u", status);
}

static void explain_timeout(
	const struct options *o, const struct attempt *a, char *text, size_t size)
{
	if (a->established)
		snprintf(text, size, "no confirmation of the subscription within %d s", ATTEMPT_S);
	else
		snprintf(text, size, "no answer within %d s; %s", ADDRESS_S,
			a->requested || o->tls ? other_scheme(o) : "check host and port");
}

void failure_explain(const struct options *o, const struct attempt *a, const char *library,
	char *text, size_t size)
{
	if (a->timed_out)
		explain_timeout(o, a, text, size);
	else if (a->unknown_name)
		snprintf(text, size, "the name %s has no address; check the name", o->host);
	else if (a->certificate)
		snprintf(text, size, "the hub's certificate was rejected: %s; %s",
			X509_verify_cert_error_string(a->certificate),
			certificate_advice(a->certificate));
	else if (a->status && a->status != 101)
		explain_status(o, a->status, text, size);
	else if (a->established)
		snprintf(text, size, "closed by the hub");
	else if (a->requested)
		snprintf(text, size, "the server closed the connection without an answer; %s",
			other_scheme(o));
	else if (library && strstr(library, "SSL"))
		snprintf(text, size, "the TLS handshake failed; %s", other_scheme(o));
	else
		snprintf(text, size,
			"no program accepts connections there; check host and port, and that "
			"dnc-wsd is running");
}
