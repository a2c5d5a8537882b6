/* certificate.c - reads a certificate chain and its key, tests them, and hands them to handshakes. */
#include "priv/certificate.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"

enum { FILE_MAX_BYTES = 256 << 10 };

struct dnc_certificate {
	atomic_uint refs;
	X509 *own;
	STACK_OF(X509) * chain; /* of those who signed it; may be empty */
	EVP_PKEY *key;
};

/* A file as it was read, for messages too. */
struct text {
	const char *option, *path;
	char *p;
	size_t n;
	mode_t mode;
};

static int refuse(const struct text *t, int code, const char *what, struct dnc_error *err)
{
	return dnc_error_set(err, code, "%s: %s %s", t->option, t->path, what);
}

/* Returns what OpenSSL says of its newest error. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "unknown error";
}

static void wipe(struct text *t)
{
	if (t->p)
		sodium_memzero(t->p, FILE_MAX_BYTES + 1);
	free(t->p);
	t->p = NULL;
}

/* Reads the file once: what is tested is what is used. */
static int read_text(struct text *t, struct dnc_error *err)
{
	static const char begin[] = "-----BEGIN ";
	struct dnc_error why;
	int fd = dnc_file_open(t->path, &why);
	struct stat st = {0};
	ssize_t got = 0;

	if (fd < 0)
		return dnc_error_set(err, why.code, "%s: %s", t->option, why.message);
	if (fstat(fd, &st) < 0) {
		dnc_error_set(err, errno, "%s: unable to open %s: %s", t->option, t->path,
			strerror(errno));
		close(fd);
		return -1;
	}
	t->mode = st.st_mode;
	t->p = calloc(1, FILE_MAX_BYTES + 1);
	if (!t->p) {
		close(fd);
		return dnc_error_nomem(err);
	}
	for (; t->n <= FILE_MAX_BYTES; t->n += (size_t)got) {
		got = read(fd, t->p + t->n, FILE_MAX_BYTES + 1 - t->n);
		if (got <= 0)
			break;
	}
	if (got < 0)
		dnc_error_set(err, errno, "%s: unable to read %s: %s", t->option, t->path,
			strerror(errno));
	close(fd);
	if (got < 0)
		return -1;
	if (t->n > FILE_MAX_BYTES)
		return refuse(t, EINVAL, "is larger than 256 KiB", err);
	if (!memmem(t->p, t->n, begin, sizeof begin - 1))
		return refuse(t, EINVAL, "is not a file in PEM format", err);
	return 0;
}

/* The error queue says whether the last certificate ended the file or was damaged. */
static bool ended_well(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static int read_chain(struct dnc_certificate *c, const struct text *t, struct dnc_error *err)
{
	BIO *bio = BIO_new_mem_buf(t->p, (int)t->n);
	X509 *x = NULL;

	c->chain = sk_X509_new_null();
	if (!bio || !c->chain) {
		BIO_free(bio);
		return dnc_error_nomem(err);
	}
	ERR_clear_error();
	c->own = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	while (c->own && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) &&
		sk_X509_push(c->chain, x))
		x = NULL;
	BIO_free(bio);
	if (x) {
		X509_free(x);
		return dnc_error_nomem(err);
	}
	if (!ended_well())
		return dnc_error_set(err, EINVAL, "%s: certificate %d in %s is damaged: %s",
			t->option, c->own ? sk_X509_num(c->chain) + 2 : 1, t->path, reason());
	return c->own ? 0 : refuse(t, EINVAL, "holds no certificate", err);
}

/* Without it OpenSSL would ask at the terminal. */
static int has_password(char *buf, int size, int rwflag, void *asked)
{
	(void)buf, (void)size, (void)rwflag;
	*(bool *)asked = true;
	return -1;
}

static int read_key(struct dnc_certificate *c, const struct text *t, struct dnc_error *err)
{
	BIO *bio = BIO_new_mem_buf(t->p, (int)t->n);
	bool encrypted = false;

	if (!bio)
		return dnc_error_nomem(err);
	ERR_clear_error();
	c->key = PEM_read_bio_PrivateKey(bio, NULL, has_password, &encrypted);
	BIO_free(bio);
	if (c->key && t->mode & S_IRWXO)
		return refuse(t, EACCES,
			"is a private key, but other users can read it; run chmod 600, or 640 for its "
			"group",
			err);
	if (c->key)
		return 0;
	return refuse(t, EINVAL,
		encrypted ? "has a password: remove it with openssl pkey"
			  : "holds no private key that can be read",
		err);
}

/* True if the key belongs to a certificate of the chain that is not the first. */
static bool key_is_of_another(const struct dnc_certificate *c)
{
	for (int i = 0; i < sk_X509_num(c->chain); i++)
		if (X509_check_private_key(sk_X509_value(c->chain, i), c->key) == 1)
			return true;
	return false;
}

/* Tests both as a server would use them. */
static int test(const struct dnc_certificate *c, const struct text *cert, const struct text *key,
	struct dnc_error *err)
{
	SSL_CTX *context;
	bool usable;

	if (X509_check_private_key(c->own, c->key) != 1)
		return dnc_error_set(err, EINVAL,
			"--tls-key: %.80s is not the key of the %scertificate in %.80s", key->path,
			key_is_of_another(c) ? "first " : "", cert->path);
	context = SSL_CTX_new(TLS_server_method());
	if (!context)
		return dnc_error_nomem(err);
	ERR_clear_error();
	SSL_CTX_set_options(context, CERTIFICATE_TLS_OPTIONS);
	usable = SSL_CTX_set_cipher_list(context, CERTIFICATE_CIPHERS) &&
	         SSL_CTX_use_cert_and_key(context, c->own, c->key, c->chain, 1) == 1 &&
	         SSL_CTX_check_private_key(context) == 1;
	SSL_CTX_free(context);
	if (usable)
		return 0;
	return dnc_error_set(err, EINVAL, "%s: the certificate in %.80s can't be used: %s",
		cert->option, cert->path, reason());
}

/* It is used all the same: clients may know better, and a hub that does not start helps nobody. */
static void warn_of_dates(const struct dnc_certificate *c, const char *path)
{
	int days, seconds;

	if (X509_cmp_current_time(X509_get0_notBefore(c->own)) > 0)
		dnc_warn("--tls-cert: the certificate in %s is not valid yet: clients will refuse "
			 "it",
			path);
	if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(c->own)))
		return;
	if (days < 0 || seconds < 0)
		dnc_warn("--tls-cert: the certificate in %s has expired: clients will refuse it; "
			 "replace it and send SIGHUP",
			path);
	else if (days < DNC_CERTIFICATE_WARN_DAYS)
		dnc_warn("--tls-cert: the certificate in %s expires in %d days: replace it and "
			 "send SIGHUP",
			path, days);
}

struct dnc_certificate *dnc_certificate_load(
	const char *cert_path, const char *key_path, struct dnc_error *err)
{
	struct dnc_certificate *c = calloc(1, sizeof *c);
	struct text cert = {.option = "--tls-cert", .path = cert_path};
	struct text key = {.option = "--tls-key", .path = key_path};
	int rc = -1;

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	atomic_init(&c->refs, 1);
	if (read_text(&cert, err) == 0 && read_text(&key, err) == 0 &&
		read_chain(c, &cert, err) == 0 && read_key(c, &key, err) == 0)
		rc = test(c, &cert, &key, err);
	wipe(&cert);
	wipe(&key);
	ERR_clear_error();
	if (rc == 0) {
		warn_of_dates(c, cert_path);
		return c;
	}
	dnc_certificate_unref(c);
	return NULL;
}

struct dnc_certificate *dnc_certificate_ref(struct dnc_certificate *certificate)
{
	if (certificate)
		atomic_fetch_add_explicit(&certificate->refs, 1, memory_order_relaxed);
	return certificate;
}

void dnc_certificate_unref(struct dnc_certificate *certificate)
{
	if (!certificate ||
		atomic_fetch_sub_explicit(&certificate->refs, 1, memory_order_acq_rel) != 1)
		return;
	X509_free(certificate->own);
	sk_X509_pop_free(certificate->chain, X509_free);
	EVP_PKEY_free(certificate->key); /* wipes it */
	free(certificate);
}

/* OpenSSL's callback of a handshake: 1 goes on, 0 ends it. */
static int choose(SSL *ssl, void *current)
{
	const struct dnc_certificate *c = *(struct dnc_certificate *const *)current;

	return SSL_use_cert_and_key(ssl, c->own, c->key, c->chain, 1) == 1;
}

void certificate_serve(SSL_CTX *context, struct dnc_certificate *const *current)
{
	SSL_CTX_set_cert_cb(context, choose, (void *)(uintptr_t)current);
}
