#include "url.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "cli/cli.h"

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

static _Noreturn void refuse(const struct options *o, const char *why)
{
	dnc_cli_usage("%s: %.300s: %s", o->url_of_env ? "DNC_URL" : "--url", o->url, why);
}

static char *part_of(const struct options *o, CURLU *parts, CURLUPart part)
{
	char *text = NULL;
	CURLUcode rc = curl_url_get(parts, part, &text, 0);

	if (rc == CURLUE_OUT_OF_MEMORY)
		dnc_cli_die_nomem();
	if (rc != CURLUE_OK && part == CURLUPART_URL)
		refuse(o, "not an address like http://127.0.0.1:8080");
	return text;
}

static void check_absent(const struct options *o, CURLU *parts, CURLUPart part, const char *why)
{
	char *text = part_of(o, parts, part);
	bool present = text;

	curl_free(text);
	if (present)
		refuse(o, why);
}

/* PATH with that of the events, unless it has it already. */
static void set_path(CURLU *parts, char *path, const char *of_tail)
{
	size_t n = strlen(path), stream = of_tail ? strlen(of_tail) : 0,
	       events = strlen(events_path);
	struct dnc_buf b = {0};

	if (stream && n >= stream && strcmp(path + n - stream, of_tail) == 0)
		n -= stream;
	while (n && path[n - 1] == '/')
		n--;
	dnc_buf_add(&b, path, n);
	if (n < events || memcmp(path + n - events, events_path, events) != 0)
		dnc_buf_str(&b, dnc_str(events_path));
	dnc_buf_chr(&b, '\0');
	if (!dnc_buf_ok(&b) || curl_url_set(parts, CURLUPART_PATH, b.p, 0) != CURLUE_OK)
		dnc_cli_die_nomem();
	dnc_buf_free(&b);
}

static void read_http(struct url *u, const struct options *o, const struct scheme *scheme)
{
	CURLU *parts = curl_url();
	struct dnc_buf b = {0};
	char *path;

	dnc_buf_str(&b, dnc_str(scheme->http));
	dnc_buf_str(&b, dnc_str(o->url + strlen(scheme->prefix)));
	dnc_buf_chr(&b, '\0');
	if (!parts || !dnc_buf_ok(&b))
		dnc_cli_die_nomem();
	if (curl_url_set(parts, CURLUPART_URL, b.p, 0) != CURLUE_OK)
		refuse(o, "not an address like http://127.0.0.1:8080");
	check_absent(
		o, parts, CURLUPART_USER, "a hub takes no user: pass a token with --token-file");
	check_absent(o, parts, CURLUPART_QUERY, "the address has a query");
	check_absent(o, parts, CURLUPART_FRAGMENT, "the address has a fragment");
	path = part_of(o, parts, CURLUPART_PATH);
	if (!path)
		dnc_cli_die_nomem();
	set_path(parts, path, scheme->of_tail);
	curl_free(path);
	u->text = part_of(o, parts, CURLUPART_URL);
	u->tls = strcmp(scheme->http, "https://") == 0;
	curl_url_cleanup(parts);
	dnc_buf_free(&b);
}

static void read_socket(struct url *u, const struct options *o)
{
	struct dnc_buf b = {0};

	u->socket = o->url + strlen("unix:");
	if (!*u->socket)
		refuse(o, "the path is missing: unix:PATH");
	dnc_buf_lit(&b, "http://localhost");
	dnc_buf_str(&b, dnc_str(events_path));
	dnc_buf_chr(&b, '\0');
	if (!dnc_buf_ok(&b))
		dnc_cli_die_nomem();
	u->text = b.p;
}

void url_read(struct url *u, const struct options *o)
{
	const struct scheme *scheme = find_scheme(o->url);

	*u = (struct url){0};
	if (strncmp(o->url, "unix:", 5) == 0)
		read_socket(u, o);
	else if (!scheme)
		refuse(o, "not http://HOST:PORT, https://HOST:PORT or unix:PATH");
	else if (scheme->of_tail && !o->url_of_env)
		refuse(o,
			strcmp(scheme->http, "http://") == 0
				? "ws:// is the stream that dnc-tail reads; publish to http://HOST:PORT"
				: "wss:// is the stream that dnc-tail reads; publish to https://HOST:PORT");
	else
		read_http(u, o, scheme);
}

/* curl_free() is free(3): nobody replaces libcurl's allocator here. */
void url_free(struct url *u)
{
	free(u->text);
}
