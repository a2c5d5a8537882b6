#include "web/http/handshake.h"
#include "web/http/access.h"
#include "web/http/reply.h"
#include "web/priv/server.h"
#include "web/priv/upgrade.h"

int http_check_upgrade(struct dnc_web *w, struct lws *wsi)
{
	const char *why = access_forbidden(w, wsi);
	struct upgrade *upgrade;
	enum identity_verdict verdict;
	char *uri;
	int rc, length = 0;

	if (why)
		return http_problem(w, wsi, 403, "Forbidden", why) < 0 ? -1 : 1;
	if (lws_http_get_uri_and_method(wsi, &uri, &length) != LWSHUMETH_GET || length <= 0 ||
		!dnc_str_eq((struct dnc_str){uri, (size_t)length}, DNC_STR("/ws/dnc")))
		return http_problem(w, wsi, 404, "Not Found", "the WebSocket is at /ws/dnc") < 0
		               ? -1
		               : 1;
	upgrade = upgrade_of(wsi);
	if (!upgrade)
		return -1;
	verdict = identity_of_request(w->identity, wsi, TICKET_SUBPROTOCOL, &upgrade->who);
	upgrade->known = verdict == WHO_KNOWN;
	if (verdict == WHO_KNOWN || verdict == WHO_SILENT)
		return 0; /* the first message may tell */
	rc = access_refuse(w, wsi, verdict);
	return rc < 0 ? -1 : 1;
}
