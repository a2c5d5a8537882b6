#include "web/page/page.h"
#include "web/http/accept.h"
#include "web/http/connection.h"
#include "web/http/reply.h"
#include "web/page/files.h"
#include "web/priv/shared.h"
#include "web/web.h"

/* The browser loads and connects to the hub alone, runs no inline script, and sends no form:
 * what an event says can't become code, nor leave the page. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* True if the client has a form with ETAG. The comparison is weak (RFC 9110 section 13.1.2). */
static bool client_has(const struct http_request *r, const char *etag)
{
	struct http_list list = http_list_start(r->head, DNC_STR("if-none-match"));
	struct dnc_str one;

	while (http_list_next(&list, &one)) {
		if (dnc_str_eq(one, DNC_STR("*")))
			return true;
		if (dnc_str_starts(one, DNC_STR("W/")))
			one = (struct dnc_str){one.p + 2, one.n - 2};
		if (dnc_str_eq(one, dnc_str(etag)))
			return true;
	}
	return false;
}

static int answer(struct http_request *r, const struct page_file *file)
{
	bool gzip = accept_encodes(r->head, DNC_STR("gzip"));
	const struct page_form *form = gzip ? &file->gzip : &file->plain;
	const struct extra_header encoding = {"content-encoding:", "gzip", NULL},
				  etag = {"etag:", form->etag, gzip ? &encoding : NULL},
				  vary = {"vary:", "accept-encoding", &etag},
				  cache = {"cache-control:", "no-cache", &vary},
				  csp = {"content-security-policy:", policy, &cache};

	if (client_has(r, form->etag))
		return http_reply(r->connection, 304, NULL, NULL, &csp);
	return http_reply(r->connection, 200, file->type, &form->body, &csp);
}

static int show(struct http_request *r, struct dnc_str name)
{
	const struct page_file *file = page_files_find(r->context->options->shared->files, name);

	if (!file)
		return http_problem(r->connection, 404,
			"the page has no such file: load / again, the hub may have another version");
	return answer(r, file);
}

int page_show(struct http_request *r)
{
	return show(r, DNC_STR(""));
}

int page_show_file(struct http_request *r)
{
	struct dnc_str name = r->head->path;

	name.p += PAGE_PREFIX_BYTES;
	name.n -= PAGE_PREFIX_BYTES;
	if (!name.n)
		name = DNC_STR("/"); /* no file has this name: the page itself is at / alone */
	return show(r, name);
}
