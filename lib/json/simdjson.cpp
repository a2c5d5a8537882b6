// simdjson.cpp - the one place that knows simdjson: walks its on-demand document once, so that
// every value is visited and thereby checked, and lists what it sees as plain C nodes.
//
// The on-demand reader finds the tokens with the CPU's best instructions, picked at run time.
// Numbers are only checked against the grammar here: most are handed on as they stand, so turning
// each into a double would cost more than all the rest.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <sys/random.h>
#include "json.h"

namespace od = simdjson::ondemand;
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

bool is_atom(struct dnc_str s, const char *word)
{
	return dnc_str_eq(s, dnc_str(word));
}

} // namespace

struct dnc_json_parser {
	od::parser parser;
	struct dnc_json_node *nodes = nullptr;
	uint32_t count = 0, room = 0;
	key_slot *slots = nullptr;
	uint32_t slot_mask = 0, keys = 0, stamp = 0;
	size_t token_bytes = 0;    // all tokens together: equal to the text's length when compact
	const char *why = nullptr; // a message of our own instead of simdjson's
	struct dnc_str twice = {nullptr, 0};

	~dnc_json_parser()
	{
		free(nodes);
		free(slots);
	}

	bool add_node(uint32_t *at);
	bool grow_slots();
	error_code add_key(uint32_t object, uint32_t node);
	template <typename V> error_code add_value(V &v, uint32_t at, int depth);
	template <typename V> error_code add_scalar(V &v, uint32_t at);
	error_code add_array(od::array a, uint32_t at, int depth);
	error_code add_object(od::object o, uint32_t at, int depth);
	error_code refuse(const char *message)
	{
		why = message;
		return simdjson::TAPE_ERROR;
	}
};

bool dnc_json_parser::add_node(uint32_t *at)
{
	if (count == room) {
		uint32_t want = room ? room * 2 : 64;
		void *p =
			want > DNC_JSON_MAX_NODES ? nullptr : realloc(nodes, want * sizeof *nodes);

		if (!p)
			return false;
		nodes = static_cast<struct dnc_json_node *>(p);
		room = want;
	}
	nodes[count] = {};
	*at = count++;
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

error_code dnc_json_parser::add_key(uint32_t object, uint32_t node)
{
	struct dnc_str key = nodes[node].key;
	uint32_t hash = hash_key(key, object), at;

	if (++keys * 2 > slot_mask && !grow_slots())
		return simdjson::MEMALLOC;
	for (at = hash & slot_mask; slots[at].stamp == stamp; at = (at + 1) & slot_mask) {
		const key_slot &s = slots[at];

		if (s.hash == hash && s.object == object && dnc_str_eq(nodes[s.node].key, key)) {
			twice = key;
			return refuse("a key stands twice in one object");
		}
	}
	slots[at] = {stamp, object, node, hash};
	return SUCCESS;
}

template <typename V> error_code dnc_json_parser::add_scalar(V &v, uint32_t at)
{
	std::string_view token;
	error_code e = simdjson::simdjson_result<std::string_view>(v.raw_json_token()).get(token);

	if (e)
		return e;
	while (!token.empty() && strchr(" \t\r\n", token.back()) && token.back())
		token.remove_suffix(1);
	struct dnc_str raw = {token.data(), token.size()};
	struct dnc_json_node *node = &nodes[at];

	node->raw = node->text = raw;
	token_bytes += raw.n;
	if (raw.n >= 2 && raw.p[0] == '"') {
		node->type = DNC_JSON_STRING;
		node->text = {raw.p + 1, raw.n - 2};
		if (raw.p[raw.n - 1] != '"')
			return refuse("text behind a string");
		if (memchr(raw.p, '\\', raw.n)) {
			std::string_view plain;
			e = v.get_string().get(plain);
			node->text = {plain.data(), plain.size()};
			return e;
		}
		return SUCCESS;
	}
	if (is_atom(raw, "true") || is_atom(raw, "false"))
		node->type = DNC_JSON_BOOL;
	else if (is_atom(raw, "null"))
		node->type = DNC_JSON_NULL;
	else if (is_number(raw.p, raw.p + raw.n))
		node->type = DNC_JSON_NUMBER;
	else
		return refuse("not a JSON value");
	return SUCCESS;
}

template <typename V> error_code dnc_json_parser::add_value(V &v, uint32_t at, int depth)
{
	od::json_type type;
	error_code e = v.type().get(type);

	if (e)
		return e;
	if (depth == DNC_JSON_MAX_DEPTH &&
		(type == od::json_type::object || type == od::json_type::array))
		return refuse("nested too deep");
	if (type == od::json_type::object) {
		od::object o;

		if ((e = v.get_object().get(o)))
			return e;
		e = add_object(o, at, depth);
	} else if (type == od::json_type::array) {
		od::array a;

		if ((e = v.get_array().get(a)))
			return e;
		e = add_array(a, at, depth);
	} else {
		e = add_scalar(v, at);
	}
	nodes[at].next = count;
	return e;
}

error_code dnc_json_parser::add_array(od::array a, uint32_t at, int depth)
{
	uint32_t n = 0;

	nodes[at].type = DNC_JSON_ARRAY;
	for (auto element : a) {
		od::value v;
		uint32_t child;
		error_code e = element.get(v);

		if (e)
			return e;
		if (!add_node(&child))
			return simdjson::CAPACITY;
		if ((e = add_value(v, child, depth + 1)))
			return e;
		n++;
	}
	nodes[at].count = n;
	token_bytes += 2 + (n ? n - 1 : 0);
	return SUCCESS;
}

error_code dnc_json_parser::add_object(od::object o, uint32_t at, int depth)
{
	uint32_t n = 0;

	nodes[at].type = DNC_JSON_OBJECT;
	for (auto member : o) {
		od::field field;
		uint32_t child;
		error_code e = std::move(member).get(field);

		if (e)
			return e;
		if (!add_node(&child))
			return simdjson::CAPACITY;
		// The token list ends behind the key's quote, so the quote is there.
		const char *key = field.key().raw(), *quote = key;

		while (*quote != '"')
			quote += *quote == '\\' ? 2 : 1;
		size_t key_bytes = static_cast<size_t>(quote - key);

		if (memchr(key, '\\', key_bytes)) {
			std::string_view plain;

			if ((e = field.unescaped_key().get(plain)))
				return e;
			nodes[child].key = {plain.data(), plain.size()};
		} else {
			nodes[child].key = {key, key_bytes};
		}
		token_bytes += key_bytes;
		if ((e = add_key(at, child)))
			return e;
		od::value v = field.value();
		if ((e = add_value(v, child, depth + 1)))
			return e;
		n++;
	}
	nodes[at].count = n;
	token_bytes += 2 + (n ? 4 * n - 1 : 0); // braces, quotes, colons, commas
	return SUCCESS;
}

extern "C" struct dnc_json_parser *dnc_json_parser_new(void)
{
	auto *p = new (std::nothrow) dnc_json_parser;

	while (!hash_seed)
		if (getrandom(&hash_seed, sizeof hash_seed, 0) < 0)
			hash_seed = reinterpret_cast<uintptr_t>(p) | 1;
	if (p && !p->grow_slots()) {
		delete p;
		return nullptr;
	}
	return p;
}

extern "C" void dnc_json_parser_free(struct dnc_json_parser *p)
{
	delete p;
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
	od::document document;
	uint32_t root;
	error_code e;

	p->count = p->keys = 0;
	p->token_bytes = 0;
	p->why = nullptr;
	p->twice = {nullptr, 0};
	if (++p->stamp == 0) { // after 2^32 texts old stamps would look new
		memset(p->slots, 0, (p->slot_mask + 1) * sizeof *p->slots);
		p->stamp = 1;
	}
	e = p->parser.iterate(text, n, n + DNC_JSON_PADDING).get(document);
	if (!e && !p->add_node(&root))
		e = simdjson::MEMALLOC;
	if (!e)
		e = p->add_value(document, root, 0);
	if (!e && p->nodes[0].type >= DNC_JSON_ARRAY &&
		document.current_location().error() != simdjson::OUT_OF_BOUNDS)
		e = p->refuse("text behind the value");
	if (e)
		return parse_error(e, p, err);
	doc->node = p->nodes;
	doc->count = p->count;
	doc->compact = p->token_bytes == n;
	return 0;
}
