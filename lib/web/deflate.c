#include "priv/deflate.h"
#include <string.h>
#include "priv/upgrade.h"

static int on_extension(struct lws_context *context, const struct lws_extension *extension,
	struct lws *wsi, enum lws_extension_callback_reasons reason, void *user, void *in, size_t n)
{
	int rc = lws_extension_callback_pm_deflate(context, extension, wsi, reason, user, in, n);
	struct upgrade *upgrade;

	if (reason != LWS_EXT_CB_CONSTRUCT || rc)
		return rc;
	/* The library ends a message's inflater at the message's end when the option that is named after
	 * the server is set. */
	lws_extension_callback_pm_deflate(context, extension, wsi, LWS_EXT_CB_NAMED_OPTION_SET,
		*(void **)user,
		&(struct lws_ext_option_arg){.option_name = "server_no_context_takeover"}, 0);
	upgrade = upgrade_of(wsi);
	if (upgrade)
		upgrade->deflates = true;
	return upgrade ? 0 : -1;
}

const struct lws_extension deflate_extensions[] = {
	{"permessage-deflate", on_extension, "permessage-deflate"}, {0}};

bool deflate_used(struct lws *wsi)
{
	const struct upgrade *upgrade = lws_get_opaque_user_data(wsi);

	return upgrade && upgrade->deflates;
}

/* The library repeats the options that the client named. It has just written that line, and calls
 * LWS_CALLBACK_ADD_HEADERS before it ends the header: what is missing goes to the end of the line. */
int deflate_add_headers(struct lws *wsi, struct lws_process_html_args *args)
{
	static const char line[] = "\r\nSec-WebSocket-Extensions: permessage-deflate";
	static const char *const options[] = {
		"; server_no_context_takeover", "; client_no_context_takeover"};
	enum { BACK = 192 }; /* what the library allows the line */
	char *end = args->p, *at = NULL;
	size_t n;

	if (!deflate_used(wsi))
		return 0;
	for (n = sizeof line + 1; !at && n < BACK; n++)
		if (memcmp(end - n, line, sizeof line - 1) == 0)
			at = end - n;
	if (!at || end[-2] != '\r')
		return -1;
	end -= 2;
	for (int i = 0; i < 2; i++) {
		size_t length = strlen(options[i]);

		if (memmem(at, (size_t)(end - at), options[i], length))
			continue;
		if ((size_t)args->max_len < length + 2)
			return -1;
		memcpy(end, options[i], length);
		end += length;
		args->max_len -= (int)length;
	}
	memcpy(end, "\r\n", 2);
	args->p = end + 2;
	return 0;
}
