#include "credentials.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

/* The longest token that is read, in bytes. */
enum { TOKEN_MAX_BYTES = 8 << 10 };

/* The characters of a bearer token (RFC 6750, section 2.1). */
static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~+/=";

/* Reads the token in the file PATH into TEXT, which has TOKEN_MAX_BYTES + 1 bytes, without a zero byte. Returns its
 * length, or -1 after an error: EINVAL if the file holds no token, else the errno of the file. */
static long read_token(const char *path, char *text, struct dnc_error *err)
{
	struct dnc_str token;
	size_t n = 0;
	bool failed = true;
	FILE *f;

	errno = 0;
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, TOKEN_MAX_BYTES + 1, f);
		failed = ferror(f);
	}
	if (failed)
		dnc_error_set(err, errno ? errno : ENOENT, "unable to read the token file %s: %s",
			path, strerror(errno ? errno : ENOENT));
	if (f)
		fclose(f);
	if (failed)
		return -1;
	token = dnc_str_trim((struct dnc_str){text, n});
	if (!token.n)
		return dnc_error_set(err, EINVAL, "--token-file: %s is empty", path);
	memmove(text, token.p, token.n);
	text[token.n < TOKEN_MAX_BYTES ? token.n : TOKEN_MAX_BYTES] = '\0';
	if (token.n > TOKEN_MAX_BYTES || strspn(text, token_characters) != token.n)
		return dnc_error_set(err, EINVAL,
			"--token-file: %s holds no token; dnc-token mint prints one", path);
	return (long)token.n;
}

int credentials_add_token(const char *path, struct lws *wsi, unsigned char **p, unsigned char *end,
	struct dnc_error *err)
{
	static const char scheme[] = "Bearer ";
	char text[TOKEN_MAX_BYTES + sizeof scheme] = "Bearer ";
	long n = read_token(path, text + sizeof scheme - 1, err);
	int rc;

	if (n < 0)
		return -1;
	rc = lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (unsigned char *)text,
		(int)sizeof scheme - 1 + (int)n, p, end);
	explicit_bzero(text, sizeof text);
	return rc ? dnc_error_set(err, EINVAL, "--token-file: the token in %s is too long", path)
	          : 0;
}

static void check_token(const char *path)
{
	char text[TOKEN_MAX_BYTES + 1];
	struct dnc_error err;

	if (read_token(path, text, &err) < 0)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s", err.message);
	explicit_bzero(text, sizeof text);
}

static void check_authorities(const char *path)
{
	FILE *f = fopen(path, "re");
	X509_STORE *store;

	if (!f)
		dnc_cli_die(DNC_EXIT_IO, "--cacert: unable to read %s: %s", path, strerror(errno));
	fclose(f);
	store = X509_STORE_new();
	if (!store)
		dnc_cli_die_nomem();
	if (X509_STORE_load_file(store, path) != 1)
		dnc_cli_usage("--cacert: %s holds no certificate in PEM format", path);
	X509_STORE_free(store);
	ERR_clear_error();
}

void credentials_check(const struct options *o)
{
	if (o->token_file)
		check_token(o->token_file);
	if (o->ca_file)
		check_authorities(o->ca_file);
}
