/* keys.c - sets of keys, read from files. */
#include "keys.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
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

/* True if the document contains a private key or a secret. */
static bool is_secret(const struct dnc_json *doc)
{
	for (uint32_t i = 1; i < doc->count; i++)
		if (dnc_str_eq(doc->node[i].key, DNC_STR("d")) ||
			dnc_str_eq(doc->node[i].key, DNC_STR("k")))
			return true;
	return false;
}

static int add(
	struct dnc_keys *keys, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	struct dnc_key *k;
	int rc;

	if (doc->node[at].type != DNC_JSON_OBJECT)
		return dnc_error_set(err, EINVAL, "a key must be a JSON object");
	if (keys->count == KEYS_MAX)
		return dnc_error_set(err, EINVAL, "more than %d keys", KEYS_MAX);
	k = calloc(1, sizeof *k);
	if (!k)
		return dnc_error_nomem(err);
	rc = key_read(k, doc, at, err);
	if (rc > 0 && k->has_kid && keys_find(keys, dnc_str(k->kid), k->algorithm))
		rc = dnc_error_set(err, EINVAL, "duplicate kid %s", k->kid);
	if (rc > 0)
		keys->key[keys->count++] = k;
	else
		key_free(k);
	return rc;
}

static int add_all(struct dnc_keys *keys, const struct dnc_json *doc, struct dnc_error *err)
{
	uint32_t set =
		doc->node[0].type == DNC_JSON_OBJECT ? dnc_json_get(doc, 0, DNC_STR("keys")) : 0;
	size_t before = keys->count;

	if (set && doc->node[set].type != DNC_JSON_ARRAY)
		return dnc_error_set(err, EINVAL, "keys must be an array");
	if (!set && add(keys, doc, 0, err) < 0)
		return -1;
	for (uint32_t i = set + 1; set && i < doc->node[set].next; i = doc->node[i].next)
		if (add(keys, doc, i, err) < 0)
			return -1;
	if (keys->count > before)
		return 0;
	return dnc_error_set(
		err, EINVAL, "no key for signatures with EdDSA, HS256, RS256, PS256 or ES256");
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

static int parse_file(struct dnc_keys *keys, const char *path, char *text, size_t n, mode_t mode,
	struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_error why;
	struct dnc_json doc;
	int rc = -1;

	if (!parser)
		return dnc_error_nomem(err);
	if (dnc_json_parse(parser, text, n, &doc, &why) < 0)
		dnc_error_set(err, why.code == DNC_ERROR_NO_MEMORY ? ENOMEM : EINVAL, "%s: %.160s",
			path, why.message);
	else if (is_secret(&doc) && mode & (S_IRWXG | S_IRWXO))
		dnc_error_set(err, EACCES,
			"%s contains a secret, but other users can read it; run chmod 600", path);
	else if (add_all(keys, &doc, &why) < 0)
		dnc_error_set(err, EINVAL, "%s: %.160s", path, why.message);
	else
		rc = 0;
	dnc_json_parser_free(parser);
	return rc;
}

int dnc_keys_add_file(struct dnc_keys *keys, const char *path, struct dnc_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;
	char *text;
	size_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	text = read_file(fd, path, &n, err);
	close(fd);
	if (!text)
		return -1;
	rc = parse_file(keys, path, text, n, st.st_mode, err);
	sodium_memzero(text, FILE_MAX_BYTES);
	free(text);
	return rc;
}

const struct dnc_key *keys_find(
	const struct dnc_keys *keys, struct dnc_str kid, enum dnc_algorithm algorithm)
{
	const struct dnc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		const struct dnc_key *k = keys->key[i];

		if (kid.p ? !k->has_kid || !dnc_str_eq(dnc_str(k->kid), kid)
			  : k->algorithm != algorithm)
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
