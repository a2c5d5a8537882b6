#include "web/http/handshake.h"
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>
#include "web/http/chars.h"
#include "web/http/extensions.h"

enum {
	OK = 101,
	BAD = 400,
	UPGRADE = 426,
	NO_HASH = 503,
	KEY_LEN = 24, /* 16 bytes in base64: section 4.1 */
};

static const char *const protocols[] = {
	"dnc.v1", "cloudevents.json"}; /* the first is the default */

static unsigned refuse(struct handshake *out, unsigned status, const char *fault)
{
	out->fault = fault;
	return status;
}

static unsigned check_upgrade(const struct http_head *head, struct handshake *out)
{
	if (!http_head_has_token(head, DNC_STR("upgrade"), DNC_STR("websocket")) ||
		!http_head_has_token(head, DNC_STR("connection"), DNC_STR("upgrade")))
		return refuse(out, UPGRADE,
			"this is a WebSocket: send Upgrade: websocket and Connection: Upgrade");
	return OK;
}

static unsigned check_version(const struct http_head *head, struct handshake *out)
{
	if (!dnc_str_eq(http_head_field(head, DNC_STR("sec-websocket-version")), DNC_STR("13")))
		return refuse(out, UPGRADE,
			"this WebSocket has version 13: send Sec-WebSocket-Version: 13");
	return OK;
}

/* 16 bytes are 22 characters and two signs of padding. */
static bool is_key(struct dnc_str key)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (key.n != KEY_LEN || memcmp(key.p + KEY_LEN - 2, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < KEY_LEN - 2; i++)
		if (!memchr(base64, key.p[i], sizeof base64 - 1))
			return false;
	return true;
}

static unsigned read_key(const struct http_head *head, struct handshake *out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
	unsigned char hash[SHA_DIGEST_LENGTH];
	char text[KEY_LEN + sizeof guid];
	struct dnc_str key = http_head_field(head, DNC_STR("sec-websocket-key"));

	if (!is_key(key))
		return refuse(out, BAD, "Sec-WebSocket-Key must have 16 random bytes in base64");
	memcpy(text, key.p, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof guid);
	if (!SHA1((unsigned char *)text, sizeof text - 1, hash))
		return refuse(out, NO_HASH, "the hub can't compute Sec-WebSocket-Accept now");
	sodium_bin2base64(
		out->accept, sizeof out->accept, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	return OK;
}

static const char *find_protocol(struct dnc_str name)
{
	for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
		if (dnc_str_eq(name, dnc_str(protocols[i])))
			return protocols[i];
	return NULL;
}

/* Section 4.2.2: of what the client knows the server takes one; here the first that it knows, too. Entries that have a
 * ticket stand beside them, see identity.h. */
static unsigned read_protocols(const struct http_head *head, struct handshake *out)
{
	struct http_list list = http_list_start(head, DNC_STR("sec-websocket-protocol"));
	struct dnc_str name;
	bool empty = true;

	out->protocol = protocols[0];
	while (http_list_next(&list, &name)) {
		const char *known = find_protocol(name);

		empty = false;
		if (!http_all_are(name, HTTP_TOKEN))
			return refuse(out, BAD, "Sec-WebSocket-Protocol is not a list of names");
		if (known && !out->protocol_named) {
			out->protocol = known;
			out->protocol_named = true;
		}
	}
	if (!empty && !out->protocol_named)
		return refuse(out, BAD,
			"no known subprotocol is asked for: send dnc.v1 or cloudevents.json (a ticket "
			"only beside one of them) in Sec-WebSocket-Protocol, or leave the header out");
	return OK;
}

/* The grammar holds where nothing is agreed, too. */
static unsigned read_extensions(const struct http_head *head, bool compress, struct handshake *out)
{
	enum extensions agreed = extensions_negotiate(head, &out->extensions);

	if (agreed == EXTENSIONS_MALFORMED)
		return refuse(out, BAD,
			"Sec-WebSocket-Extensions is malformed: send names with parameters, as "
			"RFC 6455, section 9.1, has them");
	/* Without memory for the answer nothing is agreed. */
	out->deflates = compress && agreed == EXTENSIONS_DEFLATE && dnc_buf_ok(&out->extensions);
	if (!out->deflates)
		dnc_buf_clear(&out->extensions);
	return OK;
}

void handshake_read(const struct http_head *head, bool compress, struct handshake *out)
{
	static unsigned (*const steps[])(const struct http_head *head, struct handshake *out) = {
		check_upgrade, check_version, read_key, read_protocols};

	*out = (struct handshake){.status = OK};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && out->status == OK; i++)
		out->status = steps[i](head, out);
	if (out->status == OK)
		out->status = read_extensions(head, compress, out);
}

void handshake_free(struct handshake *h)
{
	dnc_buf_free(&h->extensions);
}
