// simdjson.cpp - the one place that knows simdjson. Its first stage checks UTF-8 and finds where every
// token starts, with the CPU's best instructions, picked at run time; the walk over these places,
// which checks the grammar and lists the values as plain C nodes, is ours: the library's own walks
// either build a tree of doubles or, compiled without the CPU's instructions, take five times as long.
//
// Numbers are only checked against the grammar: most are handed on as they stand.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include "priv/keys.h"
#include "priv/skim.h"
#include "priv/tokens.h"

using simdjson::error_code;
using simdjson::SUCCESS;

namespace
{

// A container that is being read.
struct level {
	uint32_t node;
	bool hashed; // its keys are in the table, too
	struct key_marks seen;
};

constexpr enum dnc_json_type NOT_PLAIN = static_cast<enum dnc_json_type>(99);

// The type of RAW if it is a whole value, without blanks after it, and no container.
inline enum dnc_json_type plain_type(struct dnc_str raw)
{
	switch (raw.p[0]) {
	case '"':
		return raw.n > 1 && raw.p[raw.n - 1] == '"' ? DNC_JSON_STRING : NOT_PLAIN;
	case 't':
		return dnc_str_eq(raw, DNC_STR("true")) ? DNC_JSON_BOOL : NOT_PLAIN;
	case 'f':
		return dnc_str_eq(raw, DNC_STR("false")) ? DNC_JSON_BOOL : NOT_PLAIN;
	case 'n':
		return dnc_str_eq(raw, DNC_STR("null")) ? DNC_JSON_NULL : NOT_PLAIN;
	default:
		return token_is_number(raw) ? DNC_JSON_NUMBER : NOT_PLAIN;
	}
}

// What is reserved at first, for texts of common sizes.
enum { START_BYTES = 64 << 10, START_NODES = 128 };

} // namespace

struct dnc_json_parser {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
	struct dnc_json_node *nodes = nullptr;
	uint32_t count = 0, room = 0;
	struct key_table keys = {};
	uint64_t texts = 0;        // parsed so far
	struct dnc_buf plain = {}; // strings without their escapes
	bool escapes = false;      // there is a backslash somewhere in the text
	size_t token_bytes = 0;    // all tokens together: the text's length when compact
	const char *why = nullptr;
	struct dnc_str duplicate = {nullptr, 0};

	~dnc_json_parser()
	{
		free(nodes);
		keys_finish(&keys);
		dnc_buf_free(&plain);
	}

	bool reserve(uint32_t want);
	error_code add_key(level *in, uint32_t node);
	error_code read_string(struct dnc_str raw, struct dnc_str *out);
	error_code add_scalar(struct dnc_str raw);
	void open(level *in, const char *p);
	error_code open_member(level *in, struct dnc_str raw);
	error_code walk(const char *text, size_t n);
	error_code refuse(const char *message)
	{
		why = message;
		return simdjson::TAPE_ERROR;
	}
};

bool dnc_json_parser::reserve(uint32_t want)
{
	want = want > DNC_JSON_MAX_NODES ? DNC_JSON_MAX_NODES : want;
	if (want <= room)
		return true;
	void *p = realloc(nodes, want * sizeof *nodes);

	if (!p)
		return false;
	nodes = static_cast<struct dnc_json_node *>(p);
	room = want;
	return true;
}

error_code dnc_json_parser::add_key(level *in, uint32_t node)
{
	struct dnc_str key = nodes[node].key;
	enum key_verdict verdict = KEY_NEW;
	bool may_be_there = keys_note(&in->seen, key);

	if (nodes[in->node].count > KEYS_SCANNED) {
		for (uint32_t i = in->node + 1; !in->hashed && i < node; i = nodes[i].next)
			if (keys_add(&keys, nodes, in->node, i) != KEY_NEW)
				return simdjson::MEMALLOC; // these were compared already
		in->hashed = true;
		verdict = keys_add(&keys, nodes, in->node, node);
	} else if (may_be_there && keys_have(nodes, in->node, node, key)) {
		verdict = KEY_DUPLICATE;
	}
	if (verdict == KEY_NEW)
		return SUCCESS;
	if (verdict == KEY_NO_MEMORY)
		return simdjson::MEMALLOC;
	duplicate = key;
	return refuse("duplicate key in an object");
}

// RAW starts with a quote; what follows the closing one is a token of its own.
error_code dnc_json_parser::read_string(struct dnc_str raw, struct dnc_str *out)
{
	if (raw.n < 2 || raw.p[raw.n - 1] != '"')
		return refuse("a string is not closed");
	*out = {raw.p + 1, raw.n - 2};
	if (!escapes || !memchr(raw.p, '\\', raw.n))
		return SUCCESS;
	// The text's own length was reserved: nothing moves while nodes point here.
	uint8_t *to = reinterpret_cast<uint8_t *>(plain.p + plain.n);
	uint8_t *end = stage->parse_string(reinterpret_cast<const uint8_t *>(raw.p + 1), to);

	if (!end)
		return refuse("a string has an invalid escape");
	*out = {plain.p + plain.n, static_cast<size_t>(end - to)};
	plain.n += out->n;
	return SUCCESS;
}

// Fills the newest node.
error_code dnc_json_parser::add_scalar(struct dnc_str raw)
{
	struct dnc_json_node *node = &nodes[count - 1];

	node->raw = node->text = raw;
	node->next = count;
	node->count = 0;
	token_bytes += raw.n;
	if (raw.p[0] == '"') {
		node->type = DNC_JSON_STRING;
		return read_string(raw, &node->text);
	}
	node->type = plain_type(raw);
	return node->type == NOT_PLAIN ? refuse("not a JSON value") : SUCCESS;
}

// Makes the newest node the container that starts at P.
inline void dnc_json_parser::open(level *in, const char *p)
{
	struct dnc_json_node *node = &nodes[count - 1];

	*in = {count - 1, false, {}};
	node->type = *p == '{' ? DNC_JSON_OBJECT : DNC_JSON_ARRAY;
	node->raw = node->text = {p, 1};
	node->count = 0;
	token_bytes++;
}

// Adds a node with the key RAW.
inline error_code dnc_json_parser::open_member(level *in, struct dnc_str raw)
{
	error_code e;

	if (count++ == room)
		return simdjson::CAPACITY;
	token_bytes += raw.n + 1; // with the colon
	e = read_string(raw, &nodes[count - 1].key);
	return e ? e : add_key(in, count - 1);
}

// Goes from token to token. The end of the text ends the last one.
error_code dnc_json_parser::walk(const char *text, size_t n)
{
	const uint32_t *at = stage->structural_indexes.get();
	const uint32_t *end = at + stage->n_structural_indexes;
	level levels[DNC_JSON_MAX_DEPTH + 1], *in = levels; // the first is no container
	error_code e;
	auto next = [&] { return at + 1 < end ? at[1] : static_cast<uint32_t>(n); };
	auto closing = [&] { return nodes[in->node].type == DNC_JSON_OBJECT ? '}' : ']'; };

value:
	if (at == end)
		return refuse("a value is missing");
	// A member's node was added with its key.
	if (in == levels || nodes[in->node].type == DNC_JSON_ARRAY) {
		if (count++ == room)
			return simdjson::CAPACITY;
		nodes[count - 1].key = {nullptr, 0};
	}
	if (text[*at] != '{' && text[*at] != '[') {
		if ((e = add_scalar(token(text, *at, next()))))
			return e;
		at++;
		goto after;
	}
	if (in == levels + DNC_JSON_MAX_DEPTH)
		return refuse("nested too deeply");
	open(++in, text + *at++);
	if (at < end && text[*at] == closing())
		goto close;
member:
	nodes[in->node].count++;
	if (nodes[in->node].type == DNC_JSON_ARRAY)
		goto value;
	if (at == end || text[*at] != '"')
		return refuse("a key is missing");
	if ((e = open_member(in, token(text, *at, next()))))
		return e;
	if (++at == end || text[*at++] != ':')
		return refuse("a colon is missing");
	goto value;
after:
	if (in == levels)
		return at == end ? SUCCESS : refuse("text after the value");
	if (at == end)
		return refuse("a bracket is not closed");
	if (text[*at] == ',') {
		token_bytes++;
		at++;
		goto member;
	}
	if (text[*at] != closing())
		return refuse("a comma or a closing bracket is missing");
close:
	token_bytes++;
	at++;
	nodes[in->node].next = count;
	in--;
	goto after;
}

extern "C" struct dnc_json_parser *dnc_json_parser_new(void)
{
	auto *p = new (std::nothrow) dnc_json_parser;

	if (p && (!keys_init(&p->keys) || !p->reserve(START_NODES) ||
			 simdjson::get_active_implementation()->create_dom_parser_implementation(
				 START_BYTES, DNC_JSON_MAX_DEPTH, p->stage))) {
		delete p;
		return nullptr;
	}
	return p;
}

extern "C" void dnc_json_parser_free(struct dnc_json_parser *p)
{
	delete p;
}

extern "C" uint64_t dnc_json_parser_count(const struct dnc_json_parser *p)
{
	return p->texts;
}

static int parse_error(error_code e, const struct dnc_json_parser *p, struct dnc_error *err)
{
	switch (e) {
	case simdjson::UTF8_ERROR:
		return dnc_error_set(err, DNC_JSON_EUTF8, "not UTF-8");
	case simdjson::MEMALLOC:
		return dnc_error_nomem(err);
	case simdjson::CAPACITY:
		return dnc_error_set(
			err, DNC_JSON_ELIMIT, "more than %d values", DNC_JSON_MAX_NODES);
	default:
		break;
	}
	if (p->duplicate.p)
		return dnc_error_set(err, DNC_JSON_EINVALID, "%s: \"%.*s\"", p->why,
			p->duplicate.n > 64 ? 64 : static_cast<int>(p->duplicate.n),
			p->duplicate.p);
	return dnc_error_set(err, DNC_JSON_EINVALID, "not valid JSON: %s",
		p->why ? p->why : simdjson::error_message(e));
}

// Reads any text.
static error_code parse(struct dnc_json_parser *p, const char *text, size_t n)
{
	error_code e = SUCCESS;

	p->count = 0;
	p->token_bytes = 0;
	p->why = nullptr;
	p->duplicate = {nullptr, 0};
	dnc_buf_clear(&p->plain);
	keys_clear(&p->keys);
	if (n > UINT32_MAX / 2)
		e = simdjson::CAPACITY;
	else if (n > p->stage->capacity())
		e = p->stage->allocate(n, DNC_JSON_MAX_DEPTH);
	if (!e)
		e = p->stage->stage1(
			reinterpret_cast<const uint8_t *>(text), n, simdjson::stage1_mode::regular);
	p->escapes = !e && memchr(text, '\\', n);
	if (!e && (!p->reserve(p->stage->n_structural_indexes) ||
			  (p->escapes && !dnc_buf_reserve(&p->plain, n + DNC_JSON_PADDING))))
		e = simdjson::MEMALLOC;
	return e ? e : p->walk(text, n);
}

extern "C" int dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n,
	struct dnc_json *doc, struct dnc_error *err)
{
	uint32_t skimmed = json_skim(p->nodes, p->room, {text, n});

	p->texts++;
	if (!skimmed) {
		error_code e = parse(p, text, n);

		if (e)
			return parse_error(e, p, err);
	}
	doc->node = p->nodes;
	doc->count = skimmed ? skimmed : p->count;
	doc->compact = skimmed || p->token_bytes == n;
	return 0;
}
