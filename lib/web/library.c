#include "priv/library.h"
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include "base/log.h"
#include "hub/hub.h"
#include "http/connection.h"
#include "priv/certificate.h"

/* Descriptors besides those of clients: the loop, inputs, logs, and a reserve to refuse connections with; and those
 * of producers, where the system allows more. */
enum { SPARE_DESCRIPTORS = 256, PRODUCER_DESCRIPTORS = 4096 };

/* A TLS record (RFC 8446 section 5.1) and what the library keeps in front of it. More would be read of one connection in a
 * turn of the loop, while the others wait. */
enum { READ_BYTES = (16 << 10) + 1024 };

static const char PROTOCOL[] = "dnc";

static void log_library(int level, const char *line)
{
	dnc_log(level == LLL_ERR ? DNC_WARN : DNC_DEBUG, "libwebsockets: %.*s",
		(int)strcspn(line, "\n"), line);
}

/* Raises the limit to a descriptor for each connection, as far as the system allows, and lowers it to not many more:
 * the library allocates tables for all descriptors that are allowed, and searches them when it has a limit of
 * its own. Returns how many connections have one. */
static size_t limit_descriptors(size_t connections)
{
	struct rlimit limit;
	size_t wanted = connections + SPARE_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return connections;
	if (limit.rlim_cur < wanted)
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (limit.rlim_cur > wanted + PRODUCER_DESCRIPTORS)
		limit.rlim_cur = wanted + PRODUCER_DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= wanted)
		return connections;
	dnc_warn("only %llu descriptors are allowed, not the %zu that --max-connections "
		 "needs; raise ulimit -n",
		(unsigned long long)limit.rlim_cur, wanted);
	return limit.rlim_cur > SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS : 1;
}

/* HTTP/1.1, because frames are written as they are. The library gets no certificate of its own: it reads files again when
 * they may have changed, and takes from memory neither chains nor all types of keys. */
static void use_tls(struct library *l)
{
	l->info.options |= LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	l->info.ssl_options_set = CERTIFICATE_TLS_OPTIONS;
	l->info.ssl_cipher_list = CERTIFICATE_CIPHERS;
	l->info.alpn = "http/1.1";
	/* A client that does not speak TLS is passed on as it is, so that it can be told: see server.c. */
	l->info.options |= LWS_SERVER_OPTION_ALLOW_NON_SSL_ON_SSL_PORT |
	                   LWS_SERVER_OPTION_ALLOW_HTTP_ON_HTTPS_LISTENER;
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct library *l = lws_context_user(lws_get_context(wsi));

	if (reason != LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
		return l->callback(wsi, reason, user, in, n);
	certificate_serve(user, &l->certificate);
	return 0;
}

/* The library passes bytes: frames and requests are read by us, and strictly (see http/head.h and inbox.h). */
static void set_protocols(struct library *l, const struct library_options *options)
{
	l->protocols[0] = (struct lws_protocols){.name = PROTOCOL,
		.callback = on_event,
		.per_session_data_size = options->connection_bytes,
		.tx_packet_size = DNC_HUB_SEND_BYTES};
}

static int create_vhosts(
	struct library *l, const struct library_options *options, struct dnc_error *err)
{
	l->info.vhost_name = "local";
	l->local_vhost = lws_create_vhost(l->context, &l->info);
	l->info.vhost_name = "default";
	if (options->certificate)
		use_tls(l);
	l->vhost = lws_create_vhost(l->context, &l->info);
	if (l->vhost && l->local_vhost)
		return 0;
	return dnc_error_nomem(err);
}

int library_open(struct library *l, uv_loop_t *loop, const struct library_options *options,
	struct dnc_error *err)
{
	void *loops[1] = {loop};

	set_protocols(l, options);
	l->callback = options->callback;
	l->user = options->user;
	l->certificate = dnc_certificate_ref(options->certificate);
	l->info = (struct lws_context_creation_info){
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = l->protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
	                   (options->certificate ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.foreign_loops = loops,
		.user = l,
		.gid = -1,
		.uid = -1,
		.retry_and_idle_policy = &l->keepalive,
		/* A TLS record, 16 KiB, is read as a whole: nothing that was decrypted waits unseen inside of OpenSSL. */
		.pt_serv_buf_size = READ_BYTES,
		.timeout_secs = HTTP_SILENCE_S,
	};
	l->connections = limit_descriptors(options->connections);
	lws_set_log_level(LLL_ERR, log_library);
	l->context = lws_create_context(&l->info);
	if (!l->context)
		return dnc_error_nomem(err);
	return create_vhosts(l, options, err);
}

void library_adopt(struct library *l, int fd, bool local)
{
	lws_sock_file_fd_type socket = {.sockfd = fd};

	/* The library closes what it does not adopt. */
	if (!lws_adopt_descriptor_vhost(local ? l->local_vhost : l->vhost,
		    LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL, socket, PROTOCOL, NULL))
		dnc_warn("a connection was refused: no memory or descriptors are left");
}

void library_renew_certificate(struct library *l, struct dnc_certificate *certificate)
{
	struct dnc_certificate *old = l->certificate;

	l->certificate = certificate;
	dnc_certificate_unref(old);
}

void library_close(struct library *l)
{
	if (l->context)
		lws_context_destroy(l->context);
}

/* On a foreign loop a context is destroyed by a second call. */
void library_free(struct library *l)
{
	library_close(l);
	dnc_certificate_unref(l->certificate);
	l->certificate = NULL;
}
