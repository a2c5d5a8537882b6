/* expect_state.c - what sections wait for, as a text: a line for the whole, with a hash of the others, then one for each section
 * and behind it one for each of its keys. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/expect.h"

static const char format[] = "dnc-expectations 1";

enum { HEX_BYTES = 2 * EXPECT_DIGEST_BYTES + 1 };

static void hash_text(struct dnc_str text, char hex[HEX_BYTES])
{
	unsigned char digest[EXPECT_DIGEST_BYTES];

	crypto_generichash(digest, sizeof digest, (const unsigned char *)text.p, text.n, NULL, 0);
	sodium_bin2hex(hex, HEX_BYTES, digest, sizeof digest);
}

static void write_string(struct dnc_buf *b, const char *key, const char *value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, dnc_str(value));
}

static void write_time(struct dnc_buf *b, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, (struct dnc_str){text, sizeof text});
}

/* An event that was made is kept as it is: it has the same bytes when it is made again, whatever the section says then. */
static void write_key(struct dnc_buf *b, const struct expect_key *key)
{
	dnc_buf_lit(b, "{\"key\":");
	dnc_buf_add(b, key->text, key->n);
	write_time(b, "last", key->last_ms);
	write_time(b, "due", key->due_ms);
	if (key->made.p) {
		dnc_buf_lit(b, ",\"made\":true,\"event\":");
		dnc_json_write_str(b, key->made);
	}
	dnc_buf_lit(b, "}\n");
}

static void write_section(struct dnc_buf *b, const struct expectation *x)
{
	char hex[HEX_BYTES];

	sodium_bin2hex(hex, sizeof hex, x->digest, sizeof x->digest);
	dnc_buf_chr(b, '{');
	write_string(b, "expect", x->rule.name);
	write_string(b, "conditions", hex);
	dnc_buf_lit(b, "}\n");
	for (const struct expect_key *key = x->made; key; key = key->next)
		write_key(b, key);
	for (size_t i = 0; i < x->waiting; i++)
		write_key(b, x->heap[i]);
}

int dnc_expect_write(const struct dnc_rules *r, int64_t now_ms, struct dnc_buf *out)
{
	struct dnc_buf lines = {0};
	char hex[HEX_BYTES];

	for (size_t i = 0; i < r->expectation_count; i++)
		write_section(&lines, &r->expectation[i]);
	hash_text(dnc_buf_view(&lines), hex);
	dnc_buf_chr(out, '{');
	write_string(out, "format", format);
	write_time(out, "now", now_ms);
	write_string(out, "digest", hex);
	dnc_buf_lit(out, "}\n");
	dnc_buf_str(out, dnc_buf_view(&lines));
	out->failed |= lines.failed;
	dnc_buf_free(&lines);
	return dnc_buf_ok(out) ? 0 : -1;
}

struct reading {
	struct dnc_rules *rules;
	struct expectation *x; /* the section; NULL: it is not expected any longer */
	bool changed;          /* its conditions: only what was made goes on */
	unsigned line;
	struct dnc_error *err;
};

static int damaged(struct reading *s, const char *what)
{
	return dnc_error_set(s->err, EINVAL, "line %u: %s", s->line, what);
}

static int parse(struct reading *s, struct dnc_str line, struct dnc_json *doc)
{
	struct dnc_error why;

	if (!s->rules->expect_parser)
		s->rules->expect_parser = dnc_json_parser_new();
	if (!s->rules->expect_parser)
		return dnc_error_nomem(s->err);
	if (dnc_json_parse(s->rules->expect_parser, line.p, line.n, doc, &why) < 0)
		return why.code == DNC_ERROR_NO_MEMORY ? dnc_error_nomem(s->err)
		                                       : damaged(s, why.message);
	return doc->node[0].type == DNC_JSON_OBJECT ? 0 : damaged(s, "not a JSON object");
}

/* The text of the member KEY; empty if there is none. */
static struct dnc_str find_text(const struct dnc_json *doc, const char *key)
{
	uint32_t at = dnc_json_get(doc, 0, dnc_str(key));

	return at ? doc->node[at].text : (struct dnc_str){"", 0};
}

static int read_section(struct reading *s, const struct dnc_json *doc)
{
	struct dnc_str name = find_text(doc, "expect");
	char hex[HEX_BYTES];

	s->x = NULL;
	for (size_t i = 0; i < s->rules->expectation_count; i++) {
		struct expectation *x = &s->rules->expectation[i];

		if (!dnc_str_eq(dnc_str(x->rule.name), name))
			continue;
		sodium_bin2hex(hex, sizeof hex, x->digest, sizeof x->digest);
		s->x = x;
		s->changed = !dnc_str_eq(find_text(doc, "conditions"), dnc_str(hex));
		x->started = !s->changed;
		if (s->changed)
			dnc_warn("expect %s: its conditions have changed since the state was "
				 "written: it starts anew",
				x->rule.name);
	}
	return 0;
}

/* One that was made has the fields that the section had then. */
static bool is_key(const struct expectation *x, const struct dnc_json *doc, uint32_t at, bool made)
{
	const struct dnc_json_node *node = doc->node;

	if (node[at].type != DNC_JSON_ARRAY || (!made && node[at].count != x->by_count))
		return false;
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next)
		if (node[i].type != DNC_JSON_STRING)
			return false;
	return true;
}

/* KEY gets its event, which must be canonical. */
static int read_made(struct reading *s, struct expect_key *key, struct dnc_str line)
{
	struct dnc_rules *r = s->rules;
	struct dnc_event event;
	int rc;

	dnc_buf_clear(&r->expect_text);
	dnc_buf_str(&r->expect_text, line);
	if (!r->made_reader)
		r->made_reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!r->made_reader || !dnc_buf_ok(&r->expect_text) ||
		!dnc_buf_reserve(&r->expect_text, DNC_JSON_PADDING))
		return dnc_error_nomem(s->err);
	rc = dnc_event_parse(r->made_reader, r->expect_text.p, line.n, &event);
	if (rc < 0 && !dnc_event_reader_no_memory(r->made_reader))
		return damaged(s, "\"event\" is not a canonical event");
	return rc == 0 && expect_key_made(key, line) ? 0 : dnc_error_nomem(s->err);
}

/* KEY, with the times of its line, is waited for, or made again. */
static int add_key(struct reading *s, const struct dnc_json *doc, struct expect_key *key)
{
	struct dnc_str event = find_text(doc, "event");
	/* Without its event, as it once was, the section makes it. */
	bool again = event.n || dnc_json_get(doc, 0, DNC_STR("made"));
	struct expect_key *other = NULL;

	if (!dnc_clock_parse(find_text(doc, "last"), &key->last_ms) ||
		!dnc_clock_parse(find_text(doc, "due"), &key->due_ms))
		return damaged(s, "not the key of a section, with its times");
	if (event.n && read_made(s, key, event) < 0)
		return -1;
	if (!again)
		HASH_FIND(hh, s->x->keys, key->text, key->n, other);
	if (other)
		return damaged(s, "duplicate key");
	return expectation_add(s->x, key, again) ? 0 : dnc_error_nomem(s->err);
}

static int read_key(struct reading *s, const struct dnc_json *doc, uint32_t at)
{
	struct dnc_buf text = {0};
	struct expect_key *key;
	bool made = find_text(doc, "event").n > 0;
	int rc;

	if (!s->x || (s->changed && !made))
		return 0;
	if (!is_key(s->x, doc, at, made))
		return damaged(s, "not the key of a section, with its times");
	dnc_json_write_node(&text, doc, at);
	key = dnc_buf_ok(&text) ? expect_key_new(text.p, text.n) : NULL;
	dnc_buf_free(&text);
	if (!key)
		return dnc_error_nomem(s->err);
	rc = add_key(s, doc, key);
	if (rc < 0)
		expect_key_free(key);
	return rc;
}

static int read_line(struct reading *s, struct dnc_str line)
{
	struct dnc_json doc;
	uint32_t at;

	if (parse(s, line, &doc) < 0)
		return -1;
	at = dnc_json_get(&doc, 0, DNC_STR("key"));
	return at ? read_key(s, &doc, at) : read_section(s, &doc);
}

/* The first line, of what follows it: REST. */
static int read_head(struct reading *s, struct dnc_str line, struct dnc_str rest, int64_t *now_ms)
{
	struct dnc_json doc;
	char hex[HEX_BYTES];

	if (parse(s, line, &doc) < 0)
		return -1;
	if (!dnc_str_eq(find_text(&doc, "format"), dnc_str(format)))
		return damaged(s, "not the state of expectations, or of another version");
	if (!dnc_clock_parse(find_text(&doc, "now"), now_ms))
		return damaged(s, "\"now\" is not a time");
	hash_text(rest, hex);
	if (!dnc_str_eq(find_text(&doc, "digest"), dnc_str(hex)))
		return damaged(s, "\"digest\" is not that of the other lines");
	return 0;
}

int dnc_expect_read(
	struct dnc_rules *r, struct dnc_str text, int64_t *now_ms, struct dnc_error *err)
{
	struct reading s = {.rules = r, .err = err};

	if (!text.n)
		return dnc_error_set(err, EINVAL, "the file is empty");
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		struct dnc_str line = {text.p, end ? (size_t)(end - text.p) : 0};

		s.line++;
		if (!end)
			return damaged(&s, "the line does not end");
		text = (struct dnc_str){end + 1, text.n - line.n - 1};
		if ((s.line == 1 ? read_head(&s, line, text, now_ms) : read_line(&s, line)) < 0)
			return -1;
	}
	r->expect_changes++;
	return 0;
}
