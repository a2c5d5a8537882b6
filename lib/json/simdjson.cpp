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
#include <sys/random.h>
#include "json.h"

using simdjson::error_code;
using simdjson::SUCCESS;

namespace
{

// A key of an object that is being read, for finding a second one of the same name.
struct key_slot {
	uint32_t stamp;  // the text it belongs to; older slots are free
	uint32_t object; // node of the object
	uint32_t node;
	uint32_t hash;
};

uint64_t hash_seed; // random: the keys come from strangers

uint32_t hash_key(struct dnc_str key, uint32_t object)
{
	uint64_t h = hash_seed ^ (object * UINT64_C(0x9E3779B97F4A7C15)) ^ key.n, word;
	const char *p = key.p;
	size_t n = key.n;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, n);
	h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
	return static_cast<uint32_t>(h >> 32);
}

// RFC 8259 section 6: [-] int [frac] [exp].
bool is_number(const char *p, const char *end)
{
	auto digits = [&] {
		const char *from = p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		return p > from;
	};

	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if (!digits())
		return false;
	if (p < end && *p == '.' && (p++, !digits()))
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (!digits())
			return false;
	}
	return p == end;
}

bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// A container that is being read.
struct level {
	uint32_t node;
	bool hashed;   // its keys are in the table, too
	uint64_t seen; // a bit for each kind of key that it has: a clear bit proves a key new
};

// Up to so many keys of an object are compared one by one, which is faster than a table.
enum { SCAN_MAX = 32, START_BYTES = 64 << 10 };

} // namespace

struct dnc_json_parser {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
	struct dnc_json_node *nodes = nullptr;
	uint32_t count = 0, room = 0;
	key_slot *slots = nullptr;
	uint32_t slot_mask = 0, keys = 0, stamp = 0;
	uint64_t texts = 0;        // parsed so far
	struct dnc_buf plain = {}; // strings without their escapes
	bool escapes = false;      // there is a backslash somewhere in the text
	size_t token_bytes = 0;    // all tokens together: the text's length when compact
	const char *why = nullptr;
	struct dnc_str twice = {nullptr, 0};

	~dnc_json_parser()
	{
		free(nodes);
		free(slots);
		dnc_buf_free(&plain);
	}

	bool reserve(uint32_t want);
	bool grow_slots();
	bool find_or_add(uint32_t object, uint32_t node);
	error_code add_key(level *in, uint32_t node);
	error_code read_string(struct dnc_str raw, struct dnc_str *out);
	error_code add_scalar(struct dnc_str raw);
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

bool dnc_json_parser::grow_slots()
{
	uint32_t size = slots ? (slot_mask + 1) * 2 : 256;
	key_slot *bigger = static_cast<key_slot *>(calloc(size, sizeof *bigger));

	if (!bigger)
		return false;
	for (uint32_t i = 0; slots && i <= slot_mask; i++)
		if (slots[i].stamp == stamp) {
			uint32_t at = slots[i].hash & (size - 1);

			while (bigger[at].stamp == stamp)
				at = (at + 1) & (size - 1);
			bigger[at] = slots[i];
		}
	free(slots);
	slots = bigger;
	slot_mask = size - 1;
	return true;
}

// True when the table has OBJECT's key already, or there is no memory for it (keys is 0 then).
bool dnc_json_parser::find_or_add(uint32_t object, uint32_t node)
{
	struct dnc_str key = nodes[node].key;
	uint32_t hash = hash_key(key, object), at;

	if (++keys * 2 > slot_mask && !grow_slots()) {
		keys = 0;
		return true;
	}
	for (at = hash & slot_mask; slots[at].stamp == stamp; at = (at + 1) & slot_mask) {
		const key_slot &s = slots[at];

		if (s.hash == hash && s.object == object && dnc_str_eq(nodes[s.node].key, key))
			return true;
	}
	slots[at] = {stamp, object, node, hash};
	return false;
}

error_code dnc_json_parser::add_key(level *in, uint32_t node)
{
	struct dnc_str key = nodes[node].key;
	unsigned kind = static_cast<unsigned>(key.n) * 5;
	bool found = false;

	if (key.n)
		kind += static_cast<unsigned char>(key.p[0]) +
		        3u * static_cast<unsigned char>(key.p[key.n - 1]);
	uint64_t bit = UINT64_C(1) << (kind & 63);
	bool may_be_there = in->seen & bit;

	in->seen |= bit;
	if (nodes[in->node].count > SCAN_MAX) {
		for (uint32_t i = in->node + 1; !in->hashed && i < node; i = nodes[i].next)
			if (find_or_add(in->node, i))
				return simdjson::MEMALLOC;
		in->hashed = true;
		found = find_or_add(in->node, node);
		if (found && !keys)
			return simdjson::MEMALLOC;
	} else if (may_be_there) {
		for (uint32_t i = in->node + 1; !found && i < node; i = nodes[i].next)
			found = dnc_str_eq(nodes[i].key, key);
	}
	if (!found)
		return SUCCESS;
	twice = key;
	return refuse("a key stands twice in one object");
}

// RAW starts with a quote; what follows the closing one is a token of its own.
error_code dnc_json_parser::read_string(struct dnc_str raw, struct dnc_str *out)
{
	if (raw.n < 2 || raw.p[raw.n - 1] != '"')
		return refuse("a string does not end");
	*out = {raw.p + 1, raw.n - 2};
	if (!escapes || !memchr(raw.p, '\\', raw.n))
		return SUCCESS;
	// The text's own length was reserved: nothing moves while nodes point here.
	uint8_t *to = reinterpret_cast<uint8_t *>(plain.p + plain.n);
	uint8_t *end = stage->parse_string(reinterpret_cast<const uint8_t *>(raw.p + 1), to);

	if (!end)
		return refuse("a string has a wrong escape");
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
	switch (raw.p[0]) {
	case '"':
		node->type = DNC_JSON_STRING;
		return read_string(raw, &node->text);
	case 't':
		node->type = DNC_JSON_BOOL;
		return dnc_str_eq(raw, DNC_STR("true")) ? SUCCESS : refuse("not a JSON value");
	case 'f':
		node->type = DNC_JSON_BOOL;
		return dnc_str_eq(raw, DNC_STR("false")) ? SUCCESS : refuse("not a JSON value");
	case 'n':
		node->type = DNC_JSON_NULL;
		return dnc_str_eq(raw, DNC_STR("null")) ? SUCCESS : refuse("not a JSON value");
	default:
		node->type = DNC_JSON_NUMBER;
		return is_number(raw.p, raw.p + raw.n) ? SUCCESS : refuse("not a JSON value");
	}
}

// Goes from token to token; the place behind the last one is the text's end.
error_code dnc_json_parser::walk(const char *text, size_t n)
{
	const uint32_t *at = stage->structural_indexes.get();
	const uint32_t *end = at + stage->n_structural_indexes;
	level levels[DNC_JSON_MAX_DEPTH + 1], *in = levels; // the first stands for no container
	error_code e;
	auto token = [&] {
		uint32_t to = at + 1 < end ? at[1] : static_cast<uint32_t>(n);

		while (to > *at + 1 && is_space(text[to - 1]))
			to--;
		struct dnc_str s = {text + *at, to - *at};
		return s;
	};

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
		if ((e = add_scalar(token())))
			return e;
		at++;
		goto behind;
	}
	if (in == levels + DNC_JSON_MAX_DEPTH)
		return refuse("nested too deep");
	*++in = {count - 1, false, 0};
	nodes[in->node].type = text[*at] == '{' ? DNC_JSON_OBJECT : DNC_JSON_ARRAY;
	nodes[in->node].raw = nodes[in->node].text = {text + *at, 1};
	nodes[in->node].count = 0;
	token_bytes++;
	at++;
	if (at < end && text[*at] == (nodes[in->node].type == DNC_JSON_OBJECT ? '}' : ']'))
		goto close;
member:
	nodes[in->node].count++;
	if (nodes[in->node].type == DNC_JSON_ARRAY)
		goto value;
	if (at == end || text[*at] != '"')
		return refuse("a key is missing");
	if (count++ == room)
		return simdjson::CAPACITY;
	{
		struct dnc_str raw = token();

		token_bytes += raw.n;
		if ((e = read_string(raw, &nodes[count - 1].key)) || (e = add_key(in, count - 1)))
			return e;
	}
	if (++at == end || text[*at] != ':')
		return refuse("a colon is missing");
	token_bytes++;
	at++;
	goto value;
behind:
	if (in == levels)
		return at == end ? SUCCESS : refuse("text behind the value");
	if (at == end)
		return refuse("a bracket does not end");
	if (text[*at] == ',') {
		token_bytes++;
		at++;
		goto member;
	}
	if (text[*at] != (nodes[in->node].type == DNC_JSON_OBJECT ? '}' : ']'))
		return refuse("a comma or a closing bracket is missing");
close:
	token_bytes++;
	at++;
	nodes[in->node].next = count;
	in--;
	goto behind;
}

extern "C" struct dnc_json_parser *dnc_json_parser_new(void)
{
	auto *p = new (std::nothrow) dnc_json_parser;

	while (!hash_seed)
		if (getrandom(&hash_seed, sizeof hash_seed, 0) < 0)
			hash_seed = reinterpret_cast<uintptr_t>(p) | 1;
	if (p && (!p->grow_slots() ||
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
		return dnc_error_set(err, DNC_JSON_ENOMEM, "out of memory");
	case simdjson::CAPACITY:
		return dnc_error_set(
			err, DNC_JSON_ELIMIT, "more than %d values", DNC_JSON_MAX_NODES);
	default:
		break;
	}
	if (p->twice.p)
		return dnc_error_set(err, DNC_JSON_EINVALID, "%s: \"%.*s\"", p->why,
			p->twice.n > 64 ? 64 : static_cast<int>(p->twice.n), p->twice.p);
	return dnc_error_set(err, DNC_JSON_EINVALID, "not valid JSON: %s",
		p->why ? p->why : simdjson::error_message(e));
}

extern "C" int dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n,
	struct dnc_json *doc, struct dnc_error *err)
{
	error_code e = SUCCESS;

	p->texts++;
	p->count = p->keys = 0;
	p->token_bytes = 0;
	p->why = nullptr;
	p->twice = {nullptr, 0};
	dnc_buf_clear(&p->plain);
	if (++p->stamp == 0) { // after 2^32 texts old stamps would look new
		memset(p->slots, 0, (p->slot_mask + 1) * sizeof *p->slots);
		p->stamp = 1;
	}
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
	if (!e)
		e = p->walk(text, n);
	if (e)
		return parse_error(e, p, err);
	doc->node = p->nodes;
	doc->count = p->count;
	doc->compact = p->token_bytes == n;
	return 0;
}
