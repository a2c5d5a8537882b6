/* The values of header lines, separated by line feeds: as Sec-WebSocket-Extensions, and as the other headers of an opening
 * handshake. Lines mean the same as one line with commas. */
#include "fuzz.h"
#include "web/http/extensions.h"
#include "web/http/handshake.h"

enum { MAX_LINES = 16 };

static enum extensions negotiate(const struct dnc_str *lines, size_t count, struct dnc_buf *answer)
{
	static const struct dnc_str agreed =
		DNC_STR("permessage-deflate; server_no_context_takeover; "
			"client_no_context_takeover");
	enum extensions result = extensions_negotiate(lines, count, answer);

	if (!dnc_buf_ok(answer) ||
		(result == EXTENSIONS_DEFLATE ? !dnc_str_starts(dnc_buf_view(answer), agreed)
					      : answer->n != 0))
		abort();
	return result;
}

static void shake_hands(const struct handshake_lines *lines, bool compress)
{
	static const struct dnc_str usual[] = {DNC_STR("websocket"), DNC_STR("upgrade"),
		DNC_STR("dGhlIHNhbXBsZSBub25jZQ=="), DNC_STR("13")};
	struct handshake_request r = {.upgrade = {usual, 1},
		.connection = {usual + 1, 1},
		.key = {usual + 2, 1},
		.version = {usual + 3, 1},
		.compress = compress};
	struct handshake_lines *const changed[] = {
		&r.protocols, &r.extensions, &r.upgrade, &r.connection, &r.key, &r.version};

	for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
		struct handshake_lines before = *changed[i];
		struct handshake h;

		*changed[i] = *lines;
		handshake_read(&r, &h);
		if ((h.status == 101) == !!h.fault || (h.deflates && !compress))
			abort();
		if (h.status == 101 && (strlen(h.accept) != HANDSHAKE_ACCEPT_LEN || !h.protocol))
			abort();
		handshake_free(&h);
		*changed[i] = before;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text =
		malloc(size ? size : 1); /* ends where the last line ends: the sanitizer looks */
	struct dnc_str lines[MAX_LINES], one;
	struct dnc_buf apart = {0}, joined = {0};
	size_t count = 0, from = 0;

	if (!text)
		abort();
	memcpy(text, data, size);
	for (size_t i = 0; i <= size && count < MAX_LINES; i++)
		if (i == size || text[i] == '\n') {
			lines[count++] = (struct dnc_str){text + from, i - from};
			from = i + 1;
		}
	shake_hands(&(struct handshake_lines){lines, count}, size & 1);
	one = (struct dnc_str){text, (size_t)(lines[count - 1].p + lines[count - 1].n - text)};
	enum extensions result = negotiate(lines, count, &apart);
	for (size_t i = 0; i < one.n; i++)
		if (text[i] == '\n')
			text[i] = ',';
	if (negotiate(&one, 1, &joined) != result ||
		!dnc_str_eq(dnc_buf_view(&apart), dnc_buf_view(&joined)))
		abort();
	dnc_buf_free(&apart);
	dnc_buf_free(&joined);
	free(text);
	return 0;
}
