#include "url.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"

static const char events_path[] = "/api/v1/events";

/* The variable may hold dnc-tail's address: the stream of the same hub. */
struct scheme {
	const char *prefix, *http, *of_tail;
};

static const struct scheme schemes[] = {{"http://", "http://", NULL},
	{"https://", "https://", NULL}, {"ws://", "http://", "/ws/dnc"},
	{"wss://", "https://", "/ws/dnc"}};

static const struct scheme *find_scheme(const char *url)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (strncasecmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

static int refuse(const struct url *u, const char *why, struct dnc_error *err)
{
	return dnc_error_set(
		err, EINVAL, "%s: %.100s: %s", u->of_env ? "DNC_URL" : "--url", u->given, why);
}

static const char no_address[] = "not an address like http://127.0.0.1:8080";

/* *TEXT is NULL if there is no such part; to be freed with curl_free(). */
static int part_of(
	const struct url *u, CURLU *parts, CURLUPart part, char **text, struct dnc_error *err)
{
	CURLUcode rc;

	*text = NULL;
	rc = curl_url_get(parts, part, text, 0);
	if (rc == CURLUE_OUT_OF_MEMORY)
		return dnc_error_nomem(err);
	return rc != CURLUE_OK && part == CURLUPART_URL ? refuse(u, no_address, err) : 0;
}

/* Refuses what an address of events does not have. */
static int check_absent(const struct url *u, CURLU *parts, struct dnc_error *err)
{
	static const struct {
		CURLUPart part;
		const char *why;
	} rows[] = {{CURLUPART_USER, "a hub takes no user: pass a token with --token-file"},
		{CURLUPART_QUERY, "the address has a query"},
		{CURLUPART_FRAGMENT, "the address has a fragment"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text;
		bool present;

		if (part_of(u, parts, rows[i].part, &text, err) < 0)
			return -1;
		present = text;
		curl_free(text);
		if (present)
			return refuse(u, rows[i].why, err);
	}
	return 0;
}

/* PATH with that of the events, unless it has it already. */
static int set_path(CURLU *parts, const char *path, const char *of_tail, struct dnc_error *err)
{
	size_t n = strlen(path), stream = of_tail ? strlen(of_tail) : 0,
	       events = strlen(events_path);
	struct dnc_buf b = {0};
	bool ok;

	if (stream && n >= stream && strcmp(path + n - stream, of_tail) == 0)
		n -= stream;
	while (n && path[n - 1] == '/')
		n--;
	dnc_buf_add(&b, path, n);
	if (n < events || memcmp(path + n - events, events_path, events) != 0)
		dnc_buf_str(&b, dnc_str(events_path));
	dnc_buf_chr(&b, '\0');
	ok = dnc_buf_ok(&b) && curl_url_set(parts, CURLUPART_PATH, b.p, 0) == CURLUE_OK;
	dnc_buf_free(&b);
	return ok ? 0 : dnc_error_nomem(err);
}

/* Reads TEXT, which is http or https, into PARTS, and the address of the events from them. */
static int read_parts(struct url *u, const struct scheme *scheme, CURLU *parts, const char *text,
	struct dnc_error *err)
{
	char *path;
	int rc;

	if (curl_url_set(parts, CURLUPART_URL, text, 0) != CURLUE_OK)
		return refuse(u, no_address, err);
	if (check_absent(u, parts, err) < 0 || part_of(u, parts, CURLUPART_PATH, &path, err) < 0)
		return -1;
	rc = path ? set_path(parts, path, scheme->of_tail, err) : dnc_error_nomem(err);
	curl_free(path);
	u->tls = strcmp(scheme->http, "https://") == 0;
	return rc < 0 ? -1 : part_of(u, parts, CURLUPART_URL, &u->text, err);
}

static int read_http(struct url *u, const struct scheme *scheme, struct dnc_error *err)
{
	CURLU *parts = curl_url();
	struct dnc_buf b = {0};
	int rc;

	dnc_buf_str(&b, dnc_str(scheme->http));
	dnc_buf_str(&b, dnc_str(u->given + strlen(scheme->prefix)));
	dnc_buf_chr(&b, '\0');
	rc = parts && dnc_buf_ok(&b) ? read_parts(u, scheme, parts, b.p, err)
	                             : dnc_error_nomem(err);
	curl_url_cleanup(parts);
	dnc_buf_free(&b);
	return rc;
}

static int read_socket(struct url *u, struct dnc_error *err)
{
	struct dnc_buf b = {0};

	u->socket = u->given + strlen("unix:");
	if (!*u->socket)
		return refuse(u, "the path is missing: unix:PATH", err);
	dnc_buf_lit(&b, "http://localhost");
	dnc_buf_str(&b, dnc_str(events_path));
	dnc_buf_chr(&b, '\0');
	u->text = b.p;
	return dnc_buf_ok(&b) ? 0 : dnc_error_nomem(err);
}

int url_read(struct url *u, struct dnc_str given, bool of_env, struct dnc_error *err)
{
	const struct scheme *scheme;

	*u = (struct url){.given = strndup(given.p, given.n), .of_env = of_env};
	if (!u->given)
		return dnc_error_nomem(err);
	if (strncmp(u->given, "unix:", 5) == 0)
		return read_socket(u, err);
	scheme = find_scheme(u->given);
	if (!scheme)
		return refuse(u, "not http://HOST:PORT, https://HOST:PORT or unix:PATH", err);
	if (scheme->of_tail && !of_env)
		return refuse(u,
			strcmp(scheme->http, "http://") == 0
				? "ws:// is the stream that dnc-tail reads; publish to http://HOST:PORT"
				: "wss:// is the stream that dnc-tail reads; publish to https://HOST:PORT",
			err);
	return read_http(u, scheme, err);
}

/* curl_free() is free(3): nobody replaces libcurl's allocator here. */
void url_free(struct url *u)
{
	free(u->text);
	free(u->given);
}
