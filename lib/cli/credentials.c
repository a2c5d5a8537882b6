#include "cli/credentials.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include "base/str.h"
#include "cli/exit.h"

/* The characters of a bearer token (RFC 6750, section 2.1). */
static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~+/=";

long dnc_cli_read_token(const char *path, char *text, struct dnc_error *err)
{
	struct dnc_str token;
	size_t n = 0;
	bool failed = true;
	FILE *f;

	errno = 0;
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, DNC_CLI_TOKEN_MAX_BYTES + 1, f);
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
	text[token.n < DNC_CLI_TOKEN_MAX_BYTES ? token.n : DNC_CLI_TOKEN_MAX_BYTES] = '\0';
	if (token.n > DNC_CLI_TOKEN_MAX_BYTES || strspn(text, token_characters) != token.n)
		return dnc_error_set(err, EINVAL,
			"--token-file: %s holds no token; dnc-token mint prints one", path);
	return (long)token.n;
}

void dnc_cli_check_token(const char *path)
{
	char text[DNC_CLI_TOKEN_MAX_BYTES + 1];
	struct dnc_error err;

	if (path && dnc_cli_read_token(path, text, &err) < 0)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s", err.message);
	explicit_bzero(text, sizeof text);
}

void dnc_cli_check_authorities(const char *path)
{
	X509_STORE *store;
	FILE *f;

	if (!path)
		return;
	f = fopen(path, "re");
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
