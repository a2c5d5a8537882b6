#include "tls.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* RFC 8446 section 5.1: a record begins with its type, 3, the minor version, and its length. */
enum { RECORD_MAJOR = 1, ALERT_LEVEL = 0, ALERT_DESCRIPTION = 1, ALERT_FATAL = 2 };

static void on_message(
	int write_p, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	const unsigned char *p = buf;
	struct attempt *a = arg;

	(void)version, (void)ssl;
	a->tls = true;
	if (write_p)
		return;
	if (type == SSL3_RT_HEADER && len == SSL3_RT_HEADER_LENGTH && p[RECORD_MAJOR] != 3)
		a->not_tls = true;
	if (type == SSL3_RT_ALERT && len == 2 && p[ALERT_LEVEL] == ALERT_FATAL)
		a->alert = p[ALERT_DESCRIPTION];
}

void tls_watch(SSL_CTX *ctx, struct attempt *a)
{
	SSL_CTX_set_msg_callback(ctx, on_message);
	SSL_CTX_set_msg_callback_arg(ctx, a);
}

void tls_rejected(X509_STORE_CTX *store, const char *host, struct attempt *a)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (error == X509_V_ERR_HOSTNAME_MISMATCH && strchr(host, ':') && leaf &&
		X509_check_ip_asc(leaf, host, 0) == 1)
		X509_STORE_CTX_set_error(store, X509_V_OK);
	else
		a->certificate = error;
}

/* Writes the first message of a TLS client to OUT. Returns its length; 0 if there is none. */
static size_t client_hello(unsigned char *out, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	BIO *in = BIO_new(BIO_s_mem()), *sent = BIO_new(BIO_s_mem());
	int n = 0;

	if (ssl && in && sent) {
		SSL_set_bio(ssl, in, sent);
		SSL_connect(ssl); /* wants to read the answer */
		n = BIO_read(sent, out, (int)size);
	} else {
		BIO_free(in);
		BIO_free(sent);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return n > 0 ? (size_t)n : 0;
}

/* Waits for EVENTS of FD, half a second at most. */
static bool is_ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 500) == 1;
}

bool tls_is_spoken(const struct sockaddr *address, socklen_t size)
{
	unsigned char hello[2048], answer[2] = {0};
	size_t n = client_hello(hello, sizeof hello);
	bool spoken = false;
	int fd;

	if (!n || !size)
		return false;
	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	connect(fd, address, size);
	if (is_ready(fd, POLLOUT) && send(fd, hello, n, MSG_NOSIGNAL) == (ssize_t)n &&
		is_ready(fd, POLLIN) && recv(fd, answer, sizeof answer, 0) == sizeof answer)
		spoken = (answer[0] == SSL3_RT_HANDSHAKE || answer[0] == SSL3_RT_ALERT) &&
		         answer[RECORD_MAJOR] == 3;
	close(fd);
	return spoken;
}
