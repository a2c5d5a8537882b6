#include "priv/skim.h"
#include "priv/keys.h"
#include "priv/tokens.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A container that is being read. */
struct level {
	uint32_t node, count;
	bool object;
	struct key_marks seen;
};

struct skim {
	struct dnc_json_node *node;
	uint32_t count, room;
	const char *end;
	struct level *in; /* the first of the levels is no container */
	struct level levels[DNC_JSON_MAX_DEPTH + 1];
};

#ifdef __SSE2__
enum { STEP = 16 };

/* A bit for each of the 16 bytes at P that is a quote, a backslash, a control character or not ASCII. */
static inline unsigned find_special(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
		slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')),
		other = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')); /* signed: 0x80 and above, too */

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other));
}
#else
enum { STEP = 8 };

static inline unsigned find_special(const char *p)
{
	unsigned found = 0;

	for (unsigned i = 0; i < STEP; i++) {
		unsigned char c = (unsigned char)p[i];

		found |= (unsigned)(c == '"' || c == '\\' || c < ' ' || c >= 0x80) << i;
	}
	return found;
}
#endif

/* The quote that ends the string whose content starts at P; NULL if it is not plain. */
static inline const char *find_quote(const char *p, const char *end)
{
	for (; p < end; p += STEP) {
		unsigned special = find_special(p);

		if (!special)
			continue;
		p += __builtin_ctz(special);
		return *p == '"' && p < end ? p : NULL;
	}
	return NULL;
}

/* Each of the functions below returns where the text goes on, or NULL. */

static inline const char *read_key(struct skim *s, struct dnc_json_node *node, const char *p)
{
	struct level *in = s->in;
	const char *quote;

	if (*p != '"' || !(quote = find_quote(p + 1, s->end)) || quote[1] != ':')
		return NULL;
	node->key = (struct dnc_str){p + 1, (size_t)(quote - p) - 1};
	if (in->count == KEYS_SCANNED || (keys_note(&in->seen, node->key) &&
						 keys_have(s->node, in->node, s->count, node->key)))
		return NULL;
	return quote + 2;
}

/* What a number can consist of. */
static inline bool is_of_number(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

static const char *read_bare(const struct skim *s, struct dnc_json_node *node, const char *p)
{
	static const struct {
		struct dnc_str text;
		enum dnc_json_type type;
	} words[] = {{DNC_STR("true"), DNC_JSON_BOOL}, {DNC_STR("false"), DNC_JSON_BOOL},
		{DNC_STR("null"), DNC_JSON_NULL}};
	const char *from = p;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (*p == words[i].text.p[0]) {
			node->type = (uint8_t)words[i].type;
			node->raw = node->text = (struct dnc_str){p, words[i].text.n};
			return memcmp(p, words[i].text.p, words[i].text.n) == 0 ? p + node->raw.n
			                                                        : NULL;
		}
	while (p < s->end && is_of_number(*p))
		p++;
	node->type = DNC_JSON_NUMBER;
	node->raw = node->text = (struct dnc_str){from, (size_t)(p - from)};
	return token_is_number(node->raw) ? p : NULL;
}

static inline const char *read_scalar(struct skim *s, struct dnc_json_node *node, const char *p)
{
	const char *quote;

	node->count = 0;
	node->next = ++s->count;
	if (*p != '"')
		return read_bare(s, node, p);
	quote = find_quote(p + 1, s->end);
	if (!quote)
		return NULL;
	node->type = DNC_JSON_STRING;
	node->raw = (struct dnc_str){p, (size_t)(quote - p) + 1};
	node->text = (struct dnc_str){p + 1, node->raw.n - 2};
	return quote + 1;
}

static inline char closing(const struct level *in)
{
	return in->object ? '}' : ']';
}

static const char *open(struct skim *s, struct dnc_json_node *node, const char *p)
{
	if (s->in == s->levels + DNC_JSON_MAX_DEPTH)
		return NULL;
	node->type = *p == '{' ? DNC_JSON_OBJECT : DNC_JSON_ARRAY;
	node->raw = node->text = (struct dnc_str){p, 1};
	*++s->in = (struct level){.node = s->count++, .object = *p == '{'};
	return p + 1;
}

/* Ends the containers that end at P. */
static inline const char *close(struct skim *s, const char *p)
{
	while (s->in > s->levels && *p == closing(s->in)) {
		s->node[s->in->node].next = s->count;
		s->node[s->in->node].count = s->in->count;
		s->in--;
		p++;
	}
	return p;
}

/* Reads a member or an element, and what is between it and the next one. */
static inline const char *read_one(struct skim *s, const char *p)
{
	struct dnc_json_node *node = &s->node[s->count];

	if (s->count == s->room || p >= s->end)
		return NULL;
	if (!s->in->object)
		node->key = (struct dnc_str){0};
	else if (!(p = read_key(s, node, p)))
		return NULL;
	s->in->count++;
	if (*p == '{' || *p == '[') {
		p = open(s, node, p);
		if (!p || *p != closing(s->in))
			return p;
	} else if (!(p = read_scalar(s, node, p))) {
		return NULL;
	}
	if (*p == ',')
		return p + 1;
	p = close(s, p);
	if (s->in == s->levels)
		return p;
	return *p == ',' ? p + 1 : NULL;
}

uint32_t json_skim(struct dnc_json_node *nodes, uint32_t room, struct dnc_str text)
{
	struct skim s;
	const char *p;

	if (text.n < 2 || text.p[0] != '{' || !room)
		return 0;
	s.node = nodes;
	s.count = 0;
	s.room = room;
	s.end = text.p + text.n;
	s.in = s.levels;
	nodes[0].key = (struct dnc_str){0};
	p = close(&s, open(&s, &nodes[0], text.p));
	while (p && s.in > s.levels)
		p = read_one(&s, p);
	return p == s.end ? s.count : 0;
}
