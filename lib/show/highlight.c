#include "priv/highlight.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* A pattern that takes more steps is not highlighted; the hub has matched it with limits of its own. */
enum { STEPS = 10000 };

/* Its values are words of every event, not of those that match. */
static bool is_common(struct dnc_str key)
{
	return dnc_str_eq(key, DNC_STR("event_types")) || dnc_str_eq(key, DNC_STR("severities")) ||
	       dnc_str_eq(key, DNC_STR("time_range")) || dnc_str_eq(key, DNC_STR("min_severity"));
}

static int add_pattern(struct show_highlight *h, struct dnc_str text)
{
	size_t offset;
	int code;

	if (h->patterns == SHOW_MATCHES_MAX)
		return 0;
	h->pattern[h->patterns] = pcre2_compile((PCRE2_SPTR)text.p, text.n,
		PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
	if (!h->pattern[h->patterns])
		return code == PCRE2_ERROR_NOMEMORY ? -1 : 0;
	h->patterns++;
	return 0;
}

static int add_word(struct show_highlight *h, struct dnc_str text)
{
	char *copy;

	if (h->words == SHOW_MATCHES_MAX || !text.n)
		return 0;
	copy = strndup(text.p, text.n);
	if (!copy)
		return -1;
	h->word[h->words++] = (struct dnc_str){copy, text.n};
	return 0;
}

static int add_all(struct show_highlight *h, const struct dnc_json *doc)
{
	struct dnc_str key = {0};

	for (uint32_t i = 1; i < doc->count; i++) {
		const struct dnc_json_node *node = &doc->node[i];
		int rc = 0;

		if (node->key.p)
			key = node->key;
		if (node->type != DNC_JSON_STRING || is_common(key))
			continue;
		rc = dnc_str_eq(key, DNC_STR("phone_patterns")) ? add_pattern(h, node->text)
		                                                : add_word(h, node->text);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int show_highlight_read(struct show_highlight *h, const char *filter, struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf text = {0};
	struct dnc_json doc;
	int rc = -1;

	dnc_buf_str(&text, dnc_str(filter));
	if (!parser || !dnc_buf_reserve(&text, DNC_JSON_PADDING))
		dnc_error_nomem(err);
	else
		rc = dnc_json_parse(parser, text.p, text.n, &doc, err);
	h->match = pcre2_match_data_create(1, NULL);
	h->limits = pcre2_match_context_create(NULL);
	if (rc == 0 && (!h->match || !h->limits || add_all(h, &doc) < 0))
		rc = dnc_error_nomem(err);
	if (h->limits)
		pcre2_set_match_limit(h->limits, STEPS);
	dnc_buf_free(&text);
	dnc_json_parser_free(parser);
	return rc;
}

void show_highlight_free(struct show_highlight *h)
{
	for (size_t i = 0; i < h->patterns; i++)
		pcre2_code_free(h->pattern[i]);
	for (size_t i = 0; i < h->words; i++)
		free((void *)(uintptr_t)h->word[i].p);
	pcre2_match_data_free(h->match);
	pcre2_match_context_free(h->limits);
	*h = (struct show_highlight){0};
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The first match in TEXT from AT on; empty: there is none. */
static struct dnc_str find_word(const struct show_highlight *h, struct dnc_str text)
{
	struct dnc_str first = {0};

	for (size_t i = 0; i < h->words; i++) {
		struct dnc_str left = text;
		const char *p;

		while ((p = memmem(left.p, left.n, h->word[i].p, h->word[i].n))) {
			const char *end = p + h->word[i].n;

			if ((p == text.p || !is_letter(p[-1])) &&
				(end == text.p + text.n || !is_letter(*end))) {
				if (!first.p || p < first.p)
					first = (struct dnc_str){p, h->word[i].n};
				break;
			}
			left = (struct dnc_str){p + 1, (size_t)(left.p + left.n - p - 1)};
		}
	}
	return first;
}

static struct dnc_str find_pattern(struct show_highlight *h, struct dnc_str text)
{
	for (size_t i = 0; i < h->patterns; i++) {
		const PCRE2_SIZE *at;

		if (pcre2_match(h->pattern[i], (PCRE2_SPTR)text.p, text.n, 0, 0, h->match,
			    h->limits) < 0)
			continue;
		at = pcre2_get_ovector_pointer(h->match);
		if (at[1] > at[0])
			return (struct dnc_str){text.p + at[0], at[1] - at[0]};
	}
	return (struct dnc_str){0};
}

void show_highlighted(
	struct show_highlight *h, struct dnc_buf *out, struct dnc_str text, bool number)
{
	while (text.n) {
		struct dnc_str found = number ? find_pattern(h, text) : find_word(h, text);

		if (!found.n)
			break;
		dnc_buf_add(out, text.p, (size_t)(found.p - text.p));
		dnc_buf_lit(out, "\033[1;4m");
		dnc_buf_str(out, found);
		dnc_buf_lit(out, "\033[22;24m");
		text = (struct dnc_str){
			found.p + found.n, text.n - (size_t)(found.p + found.n - text.p)};
		if (number)
			break;
	}
	dnc_buf_str(out, text);
}
