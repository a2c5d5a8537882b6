#include "web/http/exchange.h"
#include "web/http/request.h"
#include "web/priv/conn.h"

void http_exchange_begin(struct http_exchange *e, const struct http_exchange_type *type,
	const struct http_request *r)
{
	*e = (struct http_exchange){.type = type, .wsi = r->wsi, .connection = r->connection};
	r->connection->exchange = e;
}

void http_exchange_leave(struct http_exchange *e)
{
	if (e->wsi)
		e->connection->exchange = NULL;
	e->wsi = NULL;
}

void http_exchange_finish(struct http_exchange *e, int rc)
{
	struct lws *wsi = e->wsi;

	e->connection->closing = e->closes;
	http_exchange_leave(e);
	if (rc == 0 && e->closes)
		lws_callback_on_writable(wsi);
	else if (rc < 0 || lws_http_transaction_completed(wsi))
		conn_hang_up(wsi);
}

int http_connection_body(struct http_connection *c, const void *in, size_t n)
{
	if (c->exchange && c->exchange->type->body)
		return c->exchange->type->body(c->exchange, in, n);
	return c->closing ? 0 : -1;
}

int http_connection_body_end(struct http_connection *c)
{
	return c->exchange && c->exchange->type->body_end ? c->exchange->type->body_end(c->exchange)
	                                                  : -1;
}

int http_connection_writeable(struct http_connection *c, struct lws *wsi)
{
	return c->closing && !lws_partial_buffered(wsi) ? -1 : 0;
}

void http_connection_closed(struct http_connection *c)
{
	struct http_exchange *e = c->exchange;

	c->exchange = NULL;
	if (!e)
		return;
	e->wsi = NULL;
	e->type->abandon(e);
}
