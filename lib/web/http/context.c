#include "web/http/context.h"
#include <stdlib.h>
#include "base/clock.h"
#include "web/http/client_list.h"
#include "web/http/publisher.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

struct http_context *http_context_new(
	uv_loop_t *loop, struct sessions *sessions, const struct dnc_web_options *options)
{
	struct http_context *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->options = options;
	c->sessions = sessions;
	c->identity = sessions->identity;
	c->audit = sessions->audit;
	c->stats = sessions->stats;
	c->started_ms = dnc_clock_mono_ms();
	c->pages = options->shared->pages;
	c->clients = malloc(sizeof *c->clients);
	if (!c->clients) {
		free(c);
		return NULL;
	}
	client_list_init(c->clients);
	c->publisher = publisher_new(loop, options->shared->rejects);
	if (c->publisher)
		return c;
	http_context_free(c);
	return NULL;
}

void http_context_close(struct http_context *c)
{
	if (c)
		publisher_close(c->publisher);
}

void http_context_free(struct http_context *c)
{
	if (!c)
		return;
	publisher_free(c->publisher);
	client_list_destroy(c->clients);
	free(c->clients);
	dnc_buf_free(&c->page);
	dnc_buf_free(&c->head_text);
	free(c);
}
