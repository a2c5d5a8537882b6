#include "web/http/exchange.h"
#include "web/http/connection.h"
#include "web/http/request.h"
#include "web/priv/conn.h"

void http_exchange_begin(struct http_exchange *e, const struct http_exchange_type *type,
	const struct http_request *r)
{
	struct http_connection *c = r->connection;

	*e = (struct http_exchange){.type = type, .connection = c};
	c->exchange = e;
	c->phase = type->body ? HTTP_PHASE_BODY : HTTP_PHASE_ANSWER;
}

void http_exchange_end_body(struct http_exchange *e)
{
	e->connection->chunked = false;
	e->connection->phase = HTTP_PHASE_ANSWER;
}

void http_exchange_leave(struct http_exchange *e)
{
	if (e->connection)
		e->connection->exchange = NULL;
	e->connection = NULL;
}

void http_exchange_finish(struct http_exchange *e, int rc)
{
	struct http_connection *c = e->connection;

	http_exchange_leave(e);
	c->phase = HTTP_PHASE_SEND;
	if (rc == 0) {
		http_connection_await_reader(c);
		lws_callback_on_writable(c->wsi);
	} else {
		conn_hang_up(c->wsi);
	}
}
