#include "failure.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *certificate_advice(int error)
{
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "use the name that is in the certificate";
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "renew it, or check the clock";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "pass the certificate of its authority with --cacert";
	default:
		return "the hub requires another one";
	}
}

static const char *other_scheme(const struct address *o)
{
	return o->tls ? "a hub without TLS requires ws://" : "a hub with TLS requires wss://";
}

/* A row holds for the values FROM to TO; the first one that fits counts. */
struct meaning {
	unsigned from, to;
	enum dnc_exit rc;
	enum failure_next next;
	const char *text;
};

static const struct meaning statuses[] = {
	{300, 399, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL,
		"the server redirects to another address, which is not followed: use that address"},
	{401, 401, DNC_EXIT_NOPERM, FAILURE_DENIED, NULL},
	{403, 403, DNC_EXIT_NOPERM, FAILURE_DENIED, "access denied"},
	{404, 404, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, NULL},
	{408, 408, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "the server did not wait for the request"},
	{429, 429, DNC_EXIT_TEMPFAIL, FAILURE_NEXT,
		"the server accepts no connection from here now"},
	{503, 503, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "the server accepts no connection now"},
	{502, 504, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "a proxy does not reach the hub"},
	{500, 599, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "the server failed"},
	{400, 499, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL,
		"the server refused the WebSocket connection"},
	{0, 999, DNC_EXIT_UNAVAILABLE, FAILURE_FINAL, "the server did not answer as a hub"},
};

/* Close codes: 1001 to 1015 are those of RFC 6455 section 7.4.1, the others the hub's. */
static const struct meaning codes[] = {
	{4401, 4401, DNC_EXIT_NOPERM, FAILURE_DENIED, NULL},
	{4403, 4403, DNC_EXIT_NOPERM, FAILURE_DENIED,
		"access denied: the role of the token lacks dnc:stream"},
	{4408, 4408, DNC_EXIT_NOPERM, FAILURE_DENIED, NULL},
	{4411, 4411, DNC_EXIT_NOPERM, FAILURE_DENIED,
		"token rejected: revoked, or its key was removed"},
	{1001, 1001, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "closed by the hub"},
	{1011, 1013, DNC_EXIT_UNAVAILABLE, FAILURE_NEXT, "closed by the hub"},
	{4429, 4429, DNC_EXIT_TEMPFAIL, FAILURE_NEXT, "closed by the hub"},
	{0, 65535, DNC_EXIT_UNAVAILABLE, FAILURE_AGAIN, "closed by the hub"},
};

static const struct meaning *find(const struct meaning *m, unsigned value)
{
	while (value < m->from || value > m->to)
		m++;
	return m;
}

static void text(struct failure *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void text(struct failure *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
}

static const char *token_advice(bool token)
{
	return token ? "token rejected: get a new one, and pass it with --token-file"
	             : "authentication required: pass a valid token with --token-file";
}

static const char *path_advice(const struct address *o)
{
	return strncmp(o->path, "/ws/dnc", 7) == 0
	               ? "it is not a hub, or a proxy does not pass this path to one"
	               : "the path of a hub is /ws/dnc";
}

static void explain_status(
	const struct address *o, bool token, const struct attempt *a, struct failure *f)
{
	const struct meaning *m = find(statuses, a->status > 999 ? 0 : a->status);
	const char *colon = a->said[0] ? ": " : "";

	f->rc = m->rc;
	f->next = m->next;
	if (a->status == 404)
		text(f, "the server has no %s (HTTP status 404); %s", o->path, path_advice(o));
	else
		text(f, "%s (HTTP status %u%s%s)%s%s", m->text ? m->text : token_advice(token),
			a->status, colon, a->said, a->status == 400 ? "; " : "",
			a->status == 400 ? other_scheme(o) : "");
}

static void explain_close(bool token, const struct attempt *a, struct failure *f)
{
	const struct meaning *m = find(codes, a->code);

	f->rc = m->rc;
	f->next = m->next == FAILURE_AGAIN && !a->confirmed ? FAILURE_NEXT : m->next;
	if (a->silent && !a->code)
		text(f, "the hub answered nothing for a minute, not even a ping");
	else if (!m->text)
		text(f, "%s", token_advice(token));
	else if (m->next == FAILURE_DENIED)
		text(f, "%s", a->said[0] ? a->said : m->text);
	else if (a->said[0])
		text(f, "%s: %s (close code %u)", m->text, a->said, a->code);
	else
		text(f, "%s", m->text);
}

static void explain_timeout(const struct address *o, const struct attempt *a, struct failure *f)
{
	if (a->established)
		text(f, "no confirmation of the subscription within %d s", ATTEMPT_S);
	else
		text(f, "no answer within %d s; %s", ADDRESS_S,
			a->requested || o->tls ? other_scheme(o) : "check host and port");
}

/* TLS was tried. */
static void explain_tls(const struct address *o, const struct attempt *a, struct failure *f)
{
	if (a->not_tls)
		text(f, "the server does not use TLS on this port; connect to it with ws://");
	else if (a->alert >= 0)
		text(f, "the TLS handshake failed: the server reports \"%s\"",
			SSL_alert_desc_string_long(a->alert));
	else
		text(f, "the TLS handshake failed; %s", other_scheme(o));
}

bool failure_lacks_files(void)
{
	enum { MANY = 4 }; /* the socket, its copy, and what looks a name up */
	int fd[MANY], n = 0, why = 0;

	while (n < MANY && (fd[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	if (n < MANY)
		why = errno;
	while (n)
		close(fd[--n]);
	return why == EMFILE;
}

void failure_explain(
	const struct address *o, bool token, const struct attempt *a, struct failure *f)
{
	*f = (struct failure){.rc = DNC_EXIT_UNAVAILABLE, .next = FAILURE_NEXT};
	if (a->no_files)
		text(f, "this process may not open as many files as it needs; raise the limit "
			"(ulimit -n)");
	else if (a->timed_out)
		explain_timeout(o, a, f);
	else if (a->unknown_name)
		text(f, "the name %s has no address; check the name", o->host);
	else if (a->certificate)
		text(f, "the hub's certificate was rejected: %s; %s",
			X509_verify_cert_error_string(a->certificate),
			certificate_advice(a->certificate));
	else if (a->is_tls)
		text(f, "the server uses TLS on this port; connect to it with wss://");
	else if (a->status && a->status != 101)
		explain_status(o, token, a, f);
	else if (a->established)
		explain_close(token, a, f);
	else if (a->requested)
		text(f, "the server closed the connection without an answer; %s", other_scheme(o));
	else if (a->tls)
		explain_tls(o, a, f);
	else
		text(f, "no program accepts connections there; check host and port, and that "
			"dnc-wsd is running");
}
