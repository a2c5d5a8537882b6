/* What the short way of reading JSON takes, simdjson and the walk take with the same nodes. A blank before the text makes the
 * short way refuse it, so that they read it. */
#include "fuzz.h"
#include "json/priv/skim.h"

enum { ROOM = 4096 };

static bool is_same(struct dnc_str a, const char *from_a, struct dnc_str b, const char *from_b)
{
	if (!a.p || !b.p)
		return !a.n && !b.n;
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0 && a.p - from_a == b.p - from_b;
}

/* A container's `raw` is its first byte in the short way and in the walk. */
static void compare(const struct dnc_json_node *nodes, uint32_t count, const char *text,
	const struct dnc_json *slow, const char *slow_text)
{
	if (slow->count != count)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		const struct dnc_json_node *a = &nodes[i], *b = &slow->node[i];

		if (a->type != b->type || a->next != b->next || a->count != b->count ||
			a->text.n != b->text.n || memcmp(a->text.p, b->text.p, a->text.n) != 0 ||
			a->key.n != b->key.n || (a->key.n && memcmp(a->key.p, b->key.p, a->key.n)))
			abort();
		if (a->type < DNC_JSON_ARRAY && !is_same(a->raw, text, b->raw, slow_text))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_json_node nodes[ROOM];
	static struct dnc_json_parser *parser;
	char *text = padded(data, size), *blank = malloc(size + 1 + DNC_JSON_PADDING);
	struct dnc_json slow;
	struct dnc_error err;
	uint32_t count;

	if (!parser)
		parser = dnc_json_parser_new();
	if (!parser || !blank)
		abort();
	blank[0] = ' ';
	memcpy(blank + 1, text, size + DNC_JSON_PADDING);
	count = json_skim(nodes, ROOM, (struct dnc_str){text, size});
	if (count) {
		if (dnc_json_parse(parser, blank, size + 1, &slow, &err) < 0)
			abort();
		compare(nodes, count, text, &slow, blank + 1);
	}
	free(text);
	free(blank);
	return 0;
}
