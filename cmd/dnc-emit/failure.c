#include "failure.h"
#include <stddef.h>

/* A row holds for the statuses FROM to TO; the first one that fits counts. */
static const struct {
	long from, to;
	struct failure failure;
} statuses[] = {
	{300, 399,
		{DNC_EXIT_UNAVAILABLE, .other = true,
			.advice =
				"redirects are not followed: pass the address that it redirects to"}},
	{401, 401, {DNC_EXIT_NOPERM, .sender = true, .advice = "pass a token with --token-file"}},
	{403, 403,
		{DNC_EXIT_NOPERM, .sender = true,
			.advice = "publishing requires a role with dnc:publish"}},
	{404, 405,
		{DNC_EXIT_UNAVAILABLE, .other = true, .sender = true,
			.advice =
				"there is no hub at this URL: pass http://HOST:PORT, or the path before "
				"/api/v1/events behind a proxy"}},
	{407, 407, {DNC_EXIT_NOPERM, .sender = true, .advice = "this is a proxy"}},
	{408, 408, {DNC_EXIT_TEMPFAIL, .again = true, .other = true, .advice = ""}},
	/* The limit is the sender's: another hub is no way round it. */
	{429, 429, {DNC_EXIT_TEMPFAIL, .again = true, .advice = ""}},
	{400, 499, {DNC_EXIT_SOME, .refused = true, .advice = "sending it again does not help"}},
	{503, 503, {DNC_EXIT_TEMPFAIL, .again = true, .other = true, .advice = ""}},
	{502, 504,
		{DNC_EXIT_UNAVAILABLE, .again = true, .other = true,
			.advice = "a proxy does not reach the hub"}},
	{500, 599,
		{DNC_EXIT_UNAVAILABLE, .again = true, .other = true,
			.advice = "see the messages of the hub"}},
	{0, 999,
		{DNC_EXIT_UNAVAILABLE, .other = true,
			.advice = "this is not the answer of a hub: check the URL"}},
};

struct failure failure_of_status(long status, bool token)
{
	size_t i = 0;
	struct failure f;

	while (i < sizeof statuses / sizeof statuses[0] - 1 &&
		(status < statuses[i].from || status > statuses[i].to))
		i++;
	f = statuses[i].failure;
	if (status == 401 && token)
		f.advice = "the token was refused: get a new one (dnc-token inspect shows its end)";
	return f;
}

struct failure failure_of_curl(CURLcode code, bool sent, bool tls)
{
	struct failure f = {sent ? DNC_EXIT_TEMPFAIL : DNC_EXIT_UNAVAILABLE, .advice = ""};

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		f.again = f.other = true;
		break;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		f.again = f.other = true;
		f.advice = tls ? "" : "a hub with TLS requires https://";
		break;
	case CURLE_OPERATION_TIMEDOUT: /* the time of this hub, of several */
		f.again = f.other = true;
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		f.other = true;
		f.advice =
			"pass the certificate of the hub's authority with --cacert, and the host as "
			"the certificate names it";
		break;
	case CURLE_SSL_CONNECT_ERROR:
		f.other = true;
		f.advice = "a hub without TLS requires http://";
		break;
	case CURLE_OUT_OF_MEMORY:
		f.rc = DNC_EXIT_TEMPFAIL;
		break;
	case CURLE_WRITE_ERROR:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		f.rc = DNC_EXIT_UNAVAILABLE;
		f.other = true;
		f.advice =
			tls ? "this is not the answer of a hub: check the URL"
			    : "this is not the answer of a hub: check the URL; a hub with TLS requires "
			      "https://";
		break;
	default:
		break;
	}
	return f;
}
