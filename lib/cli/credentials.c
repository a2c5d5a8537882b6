#include "cli/credentials.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "base/str.h"
#include "cli/exit.h"

/* The characters of a bearer token (RFC 6750, section 2.1). */
static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~+/=";

/* The file is opened without waiting: a pipe that nobody writes to would hold up a job for ever. */
static FILE *open_token(const char *path, struct dnc_error *err)
{
	struct dnc_error why;
	FILE *f = dnc_file_open_stream(path, &why);

	if (!f && why.code == EINVAL)
		dnc_error_set(err, EINVAL, "--token-file: %s", why.message);
	else if (!f)
		dnc_error_set(err, why.code, "unable to read the token file %s: %s", path,
			why.code == DNC_ERROR_NO_MEMORY ? why.message : strerror(why.code));
	return f;
}

long dnc_cli_read_token(const char *path, char *text, struct dnc_error *err)
{
	FILE *f = open_token(path, err);
	struct dnc_str token;
	size_t n;
	int code;

	if (!f)
		return -1;
	errno = 0;
	n = fread(text, 1, DNC_CLI_TOKEN_MAX_BYTES + 1, f);
	code = ferror(f) ? errno ? errno : EIO : 0;
	fclose(f);
	if (code)
		return dnc_error_set(
			err, code, "unable to read the token file %s: %s", path, strerror(code));
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

int dnc_cli_try_authorities(const char *path, struct dnc_error *err)
{
	struct dnc_error why;
	X509_STORE *store;
	bool ok;

	/* It is read again for each connection. */
	if (dnc_file_check_again(path, &why) < 0)
		return dnc_error_set(err, why.code, "--cacert: %s", why.message);
	store = X509_STORE_new();
	if (!store)
		return dnc_error_nomem(err);
	ok = X509_STORE_load_file(store, path) == 1;
	X509_STORE_free(store);
	ERR_clear_error();
	return ok ? 0
	          : dnc_error_set(
			    err, EINVAL, "--cacert: %s holds no certificate in PEM format", path);
}

void dnc_cli_check_authorities(const char *path)
{
	struct dnc_error err;

	if (path && dnc_cli_try_authorities(path, &err) < 0)
		dnc_cli_die(err.code == EINVAL                ? DNC_EXIT_USAGE
			    : err.code == DNC_ERROR_NO_MEMORY ? DNC_EXIT_TEMPFAIL
							      : DNC_EXIT_IO,
			"%s", err.message);
}
