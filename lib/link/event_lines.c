#include "priv/event_lines.h"
#include "base/err.h"
#include "json/json.h"

/* 1 if it is an object with an id, 0 if not, -1 without memory. */
static int is_event(struct dnc_json_parser *parser, struct dnc_buf *copy, struct dnc_str line)
{
	struct dnc_json doc;
	struct dnc_error err;
	uint32_t id;

	dnc_buf_clear(copy);
	dnc_buf_str(copy, line);
	if (!dnc_buf_reserve(copy, DNC_JSON_PADDING))
		return -1;
	if (dnc_json_parse(parser, copy->p, line.n, &doc, &err) < 0)
		return err.code == DNC_ERROR_NO_MEMORY ? -1 : 0;
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return 0;
	id = dnc_json_get(&doc, 0, DNC_STR("id"));
	return id && doc.node[id].type == DNC_JSON_STRING;
}

int event_lines_keep(struct dnc_buf *text)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf copy = {0};
	size_t kept = 0;
	int bad = parser ? 0 : -1;

	for (size_t at = 0, n; bad >= 0 && at < text->n; at += n + 1) {
		const char *line = text->p + at, *newline = memchr(line, '\n', text->n - at);
		int good;

		n = newline ? (size_t)(newline - line) : text->n - at;
		good = newline ? is_event(parser, &copy, (struct dnc_str){line, n}) : 0;
		bad = good < 0 ? -1 : bad + !good;
		if (good > 0) {
			memmove(text->p + kept, line, n + 1);
			kept += n + 1;
		}
	}
	text->n = kept;
	dnc_json_parser_free(parser);
	dnc_buf_free(&copy);
	return bad;
}
