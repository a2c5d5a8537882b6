#include "content.h"

/* From P up to the key of the next member, without the comma between; empty when the key does not stand in the line. */
static struct dnc_str up_to_key(struct dnc_str line, const char *p, struct dnc_str key)
{
	if (!p || key.p < p + 2 || key.p > line.p + line.n)
		return (struct dnc_str){0};
	return (struct dnc_str){p, (size_t)(key.p - p) - 2};
}

struct content content_of(const struct dnc_json *doc, struct dnc_str line)
{
	struct content c = {0};
	const char *head = NULL, *data = NULL;

	/* The members' order is that of every canonical event: id ... severity ... event_data, metadata. */
	for (uint32_t i = 1; i < doc->count; i = doc->node[i].next) {
		const struct dnc_json_node *node = &doc->node[i];

		if (dnc_str_eq(node->key, DNC_STR("id")))
			head = node->raw.p + node->raw.n;
		else if (dnc_str_eq(node->key, DNC_STR("severity")))
			c.head = up_to_key(line, head, node->key);
		else if (dnc_str_eq(node->key, DNC_STR("event_data")))
			data = node->raw.p;
		else if (dnc_str_eq(node->key, DNC_STR("metadata")))
			c.data = up_to_key(line, data, node->key);
	}
	return c.head.n && c.data.n ? c : (struct content){0};
}
