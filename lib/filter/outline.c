/* outline.c - what may be said of a filter in an audit record. */
#include "base/words.h"
#include "priv/compiler.h"

/* True if VALUE, which has passed the compiler's checks, can be nothing but a word of ours. */
static bool is_known(const struct dnc_filter_word *w, struct dnc_str value)
{
	switch (w->source) {
	case DNC_FILTER_OF_TYPE:
	case DNC_FILTER_OF_SEVERITY:
		return true;
	case DNC_FILTER_OF_EVENT_DATA:
		return dnc_words_have(dnc_filter_word_values(w), value);
	default:
		return false;
	}
}

/* The known values, and null for each other one. */
static void write_list(const struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	struct dnc_buf *b = &c->filter->outline;
	const struct dnc_json_node *node = c->doc->node;

	dnc_buf_chr(b, '[');
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		if (i > at + 1)
			dnc_buf_chr(b, ',');
		if (is_known(w, node[i].text))
			dnc_json_write_str(b, node[i].text);
		else
			dnc_buf_lit(b, "null");
	}
	dnc_buf_chr(b, ']');
}

void filter_write_outline(const struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	struct dnc_buf *b = &c->filter->outline;

	dnc_json_write_key(b, w->name);
	switch (w->shape) {
	case DNC_FILTER_TYPES:
	case DNC_FILTER_LIST:
		write_list(c, w, at);
		break;
	case DNC_FILTER_RANK:
	case DNC_FILTER_FLAG:
		dnc_json_write_node(b, c->doc, at);
		break;
	default:
		dnc_buf_u64(b, c->doc->node[at].count);
	}
}
