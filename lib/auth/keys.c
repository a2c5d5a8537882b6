/* keys.c - sets of keys, read from files. */
#include "keys.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "json/json.h"
#include "priv/keys.h"

enum { FILE_MAX_BYTES = 256 << 10 };

struct dnc_keys *dnc_keys_new(void)
{
	return calloc(1, sizeof(struct dnc_keys));
}

void dnc_keys_free(struct dnc_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++)
		key_free(keys->key[i]);
	free(keys);
}

/* True if the document contains a private key or a secret: members d, p and so on of RFC 7518 section 6. */
static bool is_secret(const struct dnc_json *doc)
{
	static const struct dnc_str names[] = {DNC_STR("d"), DNC_STR("k"), DNC_STR("p"),
		DNC_STR("q"), DNC_STR("dp"), DNC_STR("dq"), DNC_STR("qi"), DNC_STR("oth")};

	for (uint32_t i = 1; i < doc->count; i++)
		for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
			if (dnc_str_eq(doc->node[i].key, names[n]))
				return true;
	return false;
}

static int add(struct dnc_keys *keys, const struct dnc_json *doc, uint32_t at,
	enum key_purpose purpose, struct dnc_error *err)
{
	struct dnc_key *k;
	int rc;

	if (keys->count == KEYS_MAX)
		return dnc_error_set(err, E2BIG, "more than %d keys", KEYS_MAX);
	k = calloc(1, sizeof *k);
	if (!k)
		return dnc_error_nomem(err);
	rc = key_read(k, doc, at, purpose, err);
	if (rc == 0 && k->has_kid && keys_find(keys, dnc_str(k->kid), k->algorithm))
		rc = dnc_error_set(err, EINVAL, "its kid and algorithm are those of another key");
	if (rc == 0)
		keys->key[keys->count++] = k;
	else
		key_free(k);
	return rc;
}

static struct key_shown kid_of(const struct dnc_json *doc, uint32_t at)
{
	uint32_t kid =
		doc->node[at].type == DNC_JSON_OBJECT ? dnc_json_get(doc, at, DNC_STR("kid")) : 0;

	return key_show(kid ? doc->node[kid].text : (struct dnc_str){0});
}

/* What a set has for others is no fault of it. */
static void tell_disabled(
	const char *path, const char *name, unsigned number, const struct dnc_error *why)
{
	dnc_log(why->code == ENOTSUP ? DNC_NOTE : DNC_WARN, "%s: key %u%s%s%s is not used: %s",
		path, number, *name ? " (kid " : "", name, *name ? ")" : "", why->message);
}

static int add_set(struct dnc_keys *keys, const char *path, const struct dnc_json *doc,
	uint32_t set, enum key_purpose purpose, struct dnc_error *err)
{
	size_t before = keys->count;
	struct dnc_error why = {.message = "it is empty"};
	unsigned number = 0;

	if (doc->node[set].type != DNC_JSON_ARRAY)
		return dnc_error_set(err, EINVAL, "keys must be an array");
	for (uint32_t i = set + 1; i < doc->node[set].next; i = doc->node[i].next) {
		number++;
		if (add(keys, doc, i, purpose, &why) == 0)
			continue;
		if (why.code == DNC_ERROR_NO_MEMORY || why.code == E2BIG)
			return dnc_error_set(err, why.code, "%s", why.message);
		tell_disabled(path, kid_of(doc, i).text, number, &why);
	}
	return keys->count > before ? 0
	                            : dnc_error_set(err, EINVAL,
					      "no key of the set can be used; the last one: %.120s",
					      why.message);
}

/* A set has the member `keys`. */
static int add_all(struct dnc_keys *keys, const char *path, const struct dnc_json *doc,
	enum key_purpose purpose, struct dnc_error *err)
{
	uint32_t set =
		doc->node[0].type == DNC_JSON_OBJECT ? dnc_json_get(doc, 0, DNC_STR("keys")) : 0;
	struct dnc_error why;

	if (set)
		return add_set(keys, path, doc, set, purpose, err);
	if (add(keys, doc, 0, purpose, &why) == 0)
		return 0;
	return dnc_error_set(err, why.code, "the key can't be used: %s", why.message);
}

/* Returns the content, followed by DNC_JSON_PADDING bytes, to be wiped and freed. */
static char *read_file(int fd, const char *path, size_t *n, struct dnc_error *err)
{
	enum { SIZE = FILE_MAX_BYTES + DNC_JSON_PADDING };
	char *text = calloc(1, SIZE);
	ssize_t got = 0;

	if (!text) {
		dnc_error_nomem(err);
		return NULL;
	}
	for (*n = 0; *n <= FILE_MAX_BYTES; *n += (size_t)got) {
		got = read(fd, text + *n, FILE_MAX_BYTES + 1 - *n);
		if (got <= 0)
			break;
	}
	if (got == 0)
		return text;
	if (got < 0)
		dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	else
		dnc_error_set(err, EINVAL, "%s: larger than 256 KiB", path);
	sodium_memzero(text, SIZE);
	free(text);
	return NULL;
}

/* What is wrong with the content is EINVAL, whatever it is. Returns -1. */
static int file_error(struct dnc_error *err, const char *path, const struct dnc_error *why)
{
	if (why->code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(err);
	return dnc_error_set(err, EINVAL, "%s: %.160s", path, why->message);
}

static int parse_file(struct dnc_keys *keys, const char *path, char *text, size_t n, mode_t mode,
	enum key_purpose purpose, struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_error why;
	struct dnc_json doc;
	int rc = -1;

	if (!parser)
		return dnc_error_nomem(err);
	if (dnc_json_parse(parser, text, n, &doc, &why) < 0)
		rc = file_error(err, path, &why);
	else if (is_secret(&doc) && mode & S_IRWXO)
		dnc_error_set(err, EACCES,
			"%s contains a secret, but other users can read it; run chmod 600, or 640 for "
			"its group",
			path);
	else if (add_all(keys, path, &doc, purpose, &why) < 0)
		rc = file_error(err, path, &why);
	else
		rc = 0;
	dnc_json_parser_free(parser);
	return rc;
}

static int add_file(
	struct dnc_keys *keys, const char *path, enum key_purpose purpose, struct dnc_error *err)
{
	int fd = dnc_file_open(path, err), rc = -1;
	struct stat st;
	char *text;
	size_t n;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0) {
		dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	text = read_file(fd, path, &n, err);
	close(fd);
	if (!text)
		return -1;
	rc = parse_file(keys, path, text, n, st.st_mode, purpose, err);
	sodium_memzero(text, n);
	free(text);
	return rc;
}

int dnc_keys_add_file(struct dnc_keys *keys, const char *path, struct dnc_error *err)
{
	return add_file(keys, path, KEY_VERIFIES, err);
}

int dnc_keys_add_signer(struct dnc_keys *keys, const char *path, struct dnc_error *err)
{
	return add_file(keys, path, KEY_SIGNS, err);
}

bool dnc_keys_has(const struct dnc_keys *keys, const struct dnc_key_print *print)
{
	for (size_t i = 0; i < keys->count; i++)
		if (sodium_memcmp(keys->key[i]->print.bytes, print->bytes, sizeof print->bytes) ==
			0)
			return true;
	return false;
}

const struct dnc_key *keys_find(
	const struct dnc_keys *keys, struct dnc_str kid, enum dnc_algorithm algorithm)
{
	const struct dnc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		const struct dnc_key *k = keys->key[i];

		if (k->algorithm != algorithm ||
			(kid.p && !(k->has_kid && dnc_str_eq(dnc_str(k->kid), kid))))
			continue;
		if (found)
			return NULL;
		found = k;
	}
	return found;
}

const struct dnc_key *dnc_keys_signer(const struct dnc_keys *keys)
{
	const struct dnc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		if (!key_signs(keys->key[i]))
			continue;
		if (found)
			return NULL;
		found = keys->key[i];
	}
	return found;
}
