#include "key_file.h"
#include <errno.h>
#include "cli/cli.h"

struct dnc_keys *key_file_read(const char *path, bool to_sign)
{
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_error err;

	if (!keys)
		dnc_cli_die_nomem();
	if ((to_sign ? dnc_keys_add_signer : dnc_keys_add_file)(keys, path, &err) < 0)
		dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code),
			"%s", err.message);
	return keys;
}
