/* The values of header lines, separated by line feeds: as Sec-WebSocket-Extensions, and as the other headers of an opening
 * handshake. Lines mean the same as one line with commas. */
#include "fuzz.h"
#include "web/http/extensions.h"
#include "web/http/handshake.h"

enum { MAX_LINES = 16 };

static const struct dnc_str extensions = DNC_STR("sec-websocket-extensions");

static enum extensions negotiate(const struct http_head *head, struct dnc_buf *answer)
{
	static const struct dnc_str agreed = DNC_STR(
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover");
	enum extensions result = extensions_negotiate(head, answer);

	if (!dnc_buf_ok(answer) ||
		(result == EXTENSIONS_DEFLATE ? !dnc_str_starts(dnc_buf_view(answer), agreed)
					      : answer->n != 0))
		abort();
	return result;
}

/* One header has the lines, the others are right. */
static void shake_hands(const struct http_head *lines, bool compress)
{
	static const struct http_field usual[] = {
		{DNC_STR("upgrade"), DNC_STR("websocket")},
		{DNC_STR("connection"), DNC_STR("upgrade")},
		{DNC_STR("sec-websocket-key"), DNC_STR("dGhlIHNhbXBsZSBub25jZQ==")},
		{DNC_STR("sec-websocket-version"), DNC_STR("13")},
		{DNC_STR("sec-websocket-protocol"), DNC_STR("dnc.v1")},
		{DNC_STR("sec-websocket-extensions"), DNC_STR("permessage-deflate")},
	};
	const size_t count = sizeof usual / sizeof usual[0];

	for (size_t changed = 0; changed < count; changed++) {
		struct http_head head = *lines;
		struct handshake h;

		for (size_t i = 0; i < lines->count; i++)
			head.fields[i].name = usual[changed].name;
		for (size_t i = 0; i < count; i++)
			if (i != changed)
				head.fields[head.count++] = usual[i];
		handshake_read(&head, compress, &h);
		if ((h.status == 101) == !!h.fault || (h.deflates && !compress))
			abort();
		if (h.status == 101 && (strlen(h.accept) != HANDSHAKE_ACCEPT_LEN || !h.protocol))
			abort();
		handshake_free(&h);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text =
		malloc(size ? size : 1); /* ends where the last line ends: the sanitizer looks */
	struct http_head lines = {0}, one = {.count = 1};
	struct dnc_buf apart = {0}, joined = {0};
	enum extensions result;
	size_t from = 0;

	if (!text)
		abort();
	memcpy(text, data, size);
	for (size_t i = 0; i <= size && lines.count < MAX_LINES; i++)
		if (i == size || text[i] == '\n') {
			lines.fields[lines.count++] =
				(struct http_field){extensions, {text + from, i - from}};
			from = i + 1;
		}
	shake_hands(&lines, size & 1);
	result = negotiate(&lines, &apart);
	/* FROM is behind the separator, or the end, of the last line. */
	one.fields[0] = (struct http_field){extensions, {text, from - 1}};
	for (size_t i = 0; i < from - 1; i++)
		if (text[i] == '\n')
			text[i] = ',';
	if (negotiate(&one, &joined) != result ||
		!dnc_str_eq(dnc_buf_view(&apart), dnc_buf_view(&joined)))
		abort();
	dnc_buf_free(&apart);
	dnc_buf_free(&joined);
	free(text);
	return 0;
}
