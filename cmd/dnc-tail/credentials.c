#include "credentials.h"
#include <errno.h>
#include <string.h>
#include "cli/credentials.h"

int credentials_add_token(const char *path, struct lws *wsi, unsigned char **p, unsigned char *end,
	struct dnc_error *err)
{
	static const char scheme[] = "Bearer ";
	char text[DNC_CLI_TOKEN_MAX_BYTES + sizeof scheme] = "Bearer ";
	long n = dnc_cli_read_token(path, text + sizeof scheme - 1, err);
	int rc;

	if (n < 0)
		return -1;
	rc = lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (unsigned char *)text,
		(int)sizeof scheme - 1 + (int)n, p, end);
	explicit_bzero(text, sizeof text);
	return rc ? dnc_error_set(err, EINVAL, "--token-file: the token in %s is too long", path)
	          : 0;
}
