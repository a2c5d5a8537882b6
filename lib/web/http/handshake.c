#include "web/http/handshake.h"
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>
#include "web/http/extensions.h"
#include "web/http/token_list.h"

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

static struct token_list list_of(struct handshake_lines lines)
{
	return (struct token_list){.lines = lines.values, .count = lines.count};
}

static unsigned check_upgrade(const struct handshake_request *r, struct handshake *out)
{
	if (!token_list_has(list_of(r->upgrade), DNC_STR("websocket")) ||
		!token_list_has(list_of(r->connection), DNC_STR("upgrade")))
		return refuse(out, UPGRADE,
			"this is a WebSocket: send Upgrade: websocket and Connection: Upgrade");
	return OK;
}

static unsigned check_version(const struct handshake_request *r, struct handshake *out)
{
	if (r->version.count > 1)
		return refuse(out, BAD, "Sec-WebSocket-Version may be sent once only");
	if (!r->version.count || !dnc_str_eq(token_trim(r->version.values[0]), DNC_STR("13")))
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

static unsigned read_key(const struct handshake_request *r, struct handshake *out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
	unsigned char hash[SHA_DIGEST_LENGTH];
	char text[KEY_LEN + sizeof guid];
	struct dnc_str key = {0};

	if (r->key.count == 1)
		key = token_trim(r->key.values[0]);
	if (!is_key(key))
		return refuse(out, BAD,
			"Sec-WebSocket-Key must be sent once, with 16 random bytes in base64");
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

/* Section 4.2.2: of what the client knows the server takes one; here the first that it knows, too. */
static unsigned read_protocols(const struct handshake_request *r, struct handshake *out)
{
	static const struct dnc_str mark = DNC_STR("dnc.ticket.");
	struct token_list list = list_of(r->protocols);
	struct dnc_str name;
	bool empty = true;

	out->protocol = protocols[0];
	while (token_list_next(&list, &name)) {
		const char *known = find_protocol(name);

		empty = false;
		if (!token_is(name))
			return refuse(out, BAD, "Sec-WebSocket-Protocol is not a list of names");
		if (known && !out->protocol_named) {
			out->protocol = known;
			out->protocol_named = true;
		}
		if (!dnc_str_starts(name, mark))
			continue;
		if (out->ticket.p)
			return refuse(out, BAD, "Sec-WebSocket-Protocol has two tickets: send one");
		out->ticket = (struct dnc_str){name.p + mark.n, name.n - mark.n};
	}
	if (!empty && !out->protocol_named)
		return refuse(out, BAD,
			"no known subprotocol is asked for: send dnc.v1 or cloudevents.json (a ticket "
			"only beside one of them) in Sec-WebSocket-Protocol, or leave the header out");
	return OK;
}

/* The grammar holds where nothing is agreed, too. */
static unsigned read_extensions(const struct handshake_request *r, struct handshake *out)
{
	switch (extensions_negotiate(r->extensions.values, r->extensions.count, &out->extensions)) {
	case EXTENSIONS_MALFORMED:
		return refuse(out, BAD,
			"Sec-WebSocket-Extensions is malformed: send names with parameters, as "
			"RFC 6455, section 9.1, has them");
	case EXTENSIONS_DEFLATE:
		/* Without memory for the answer nothing is agreed. */
		out->deflates = r->compress && dnc_buf_ok(&out->extensions);
		break;
	case EXTENSIONS_NONE:
		break;
	}
	if (!out->deflates)
		dnc_buf_clear(&out->extensions);
	return OK;
}

void handshake_read(const struct handshake_request *r, struct handshake *out)
{
	static unsigned (*const steps[])(
		const struct handshake_request *r, struct handshake *out) = {
		check_upgrade, check_version, read_key, read_protocols, read_extensions};

	*out = (struct handshake){.status = OK};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && out->status == OK; i++)
		out->status = steps[i](r, out);
}

void handshake_free(struct handshake *h)
{
	dnc_buf_free(&h->extensions);
}
