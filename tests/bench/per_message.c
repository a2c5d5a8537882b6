/* per_message.c - the baseline of the fan-out bench: a hub as libwebsockets' manual shows it, with
 * one lws_write() per client and message, in the writeable callback.
 *
 *   per_message <events      prints its address, then sends each line with a `seq` to all */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { MESSAGES_MAX = 1 << 20, LINE_MAX_BYTES = 33 << 10 };

struct message {
	unsigned char *bytes; /* LWS_PRE bytes of room in front */
	size_t n;
};

struct client {
	struct lws *wsi;
	struct client *prev, *next;
	size_t at;
};

static struct message messages[MESSAGES_MAX];
static size_t count;
static struct client *clients;

static int on_event(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t n)
{
	struct client *c = user;

	(void)in;
	(void)n;
	switch (why) {
	case LWS_CALLBACK_ESTABLISHED:
		*c = (struct client){wsi, NULL, clients, count};
		if (clients)
			clients->prev = c;
		clients = c;
		return 0;
	case LWS_CALLBACK_CLOSED:
		*(c->prev ? &c->prev->next : &clients) = c->next;
		if (c->next)
			c->next->prev = c->prev;
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (c->at == count)
			return 0;
		if (lws_write(wsi, messages[c->at].bytes + LWS_PRE, messages[c->at].n,
			    LWS_WRITE_TEXT) < 0)
			return -1;
		if (++c->at < count)
			lws_callback_on_writable(wsi);
		return 0;
	default:
		return 0;
	}
}

static void add_line(const char *line, size_t n)
{
	char seq[32];
	int head = snprintf(seq, sizeof seq, "{\"seq\":%zu,", count + 1);
	struct message *m = &messages[count];

	if (count == MESSAGES_MAX)
		return;
	m->n = (size_t)head + n - 1;
	m->bytes = malloc(LWS_PRE + m->n);
	if (!m->bytes)
		exit(1);
	memcpy(m->bytes + LWS_PRE, seq, (size_t)head);
	memcpy(m->bytes + LWS_PRE + head, line + 1, n - 1);
	count++;
	for (struct client *c = clients; c; c = c->next)
		lws_callback_on_writable(c->wsi);
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *b)
{
	static char block[1 << 16];

	(void)h;
	(void)want;
	*b = uv_buf_init(block, sizeof block);
}

static void on_input(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	static char line[LINE_MAX_BYTES];
	static size_t have;

	if (n < 0)
		uv_read_stop(s);
	for (ssize_t i = 0; i < n; i++) {
		if (b->base[i] == '\n' && have) {
			add_line(line, have);
			have = 0;
		} else if (have < sizeof line) {
			line[have++] = b->base[i];
		}
	}
}

int main(void)
{
	static const struct lws_protocols protocols[] = {
		{.name = "dnc.v1",
			.callback = on_event,
			.per_session_data_size = sizeof(struct client)},
		{0}};
	uv_loop_t loop;
	void *loops[1] = {&loop};
	uv_pipe_t input;
	struct lws_context_creation_info info = {.iface = "127.0.0.1",
		.port = 0,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV,
		.foreign_loops = loops,
		.gid = -1,
		.uid = -1};
	struct lws_context *context;

	uv_loop_init(&loop);
	lws_set_log_level(LLL_ERR, NULL);
	context = lws_create_context(&info);
	if (!context)
		return 1;
	printf("127.0.0.1:%d\n",
		lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
	fflush(stdout);
	uv_pipe_init(&loop, &input, 0);
	uv_pipe_open(&input, STDIN_FILENO);
	uv_read_start((uv_stream_t *)&input, on_alloc, on_input);
	return uv_run(&loop, UV_RUN_DEFAULT);
}
