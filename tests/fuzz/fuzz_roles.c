/* A file of roles is refused, or it says the same when it is printed and read again. */
#include "auth/roles.h"
#include "file.h"

static char *print(const struct dnc_roles *roles, size_t *n)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, n);

	if (!to)
		abort();
	dnc_roles_print(roles, to);
	fclose(to);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_error err = {0};
	struct dnc_roles *roles = dnc_roles_load(fuzz_file(data, size), &err), *again;
	size_t n, m;
	char *text, *same;

	if (!roles) {
		if (!err.message[0])
			abort();
		return 0;
	}
	text = print(roles, &n);
	again = dnc_roles_load(fuzz_file((const uint8_t *)text, n), &err);
	if (!again)
		abort();
	same = print(again, &m);
	if (n != m || memcmp(text, same, n) != 0)
		abort();
	free(text);
	free(same);
	dnc_roles_free(roles);
	dnc_roles_free(again);
	return 0;
}
