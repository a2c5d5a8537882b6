/* What passes a map that changes nothing has the integers that came in, beyond 2^53 as well. */
#include "fuzz.h"
#include "source/map.h"
#include "source/priv/wide.h"

/* libjq keeps only a pointer past the end of its stack, which LeakSanitizer can't follow. Options of the
 * environment do not turn it on again. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return 1;
}

static void run(struct dnc_map *m, struct dnc_str record)
{
	struct dnc_str result;
	struct dnc_error err;

	dnc_map_start(m, record);
	while (dnc_map_next(m, &result, &err) > 0)
		if (wide_find(result).p)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_map *m;
	static struct dnc_json_parser *parser;
	char *text = padded(data, size);
	struct dnc_buf same = {0};
	struct dnc_json doc;
	struct dnc_error err;

	if (!m) {
		m = dnc_map_compile(".", &err);
		parser = dnc_json_parser_new();
	}
	/* Without wide integers nothing is replaced. */
	wide_replace(&same, (struct dnc_str){text, size}, 1);
	if (!wide_find((struct dnc_str){text, size}).p &&
		!dnc_str_eq(dnc_buf_view(&same), (struct dnc_str){text, size}))
		abort();
	/* What libjq takes and is not JSON, such as nan, has no integers. */
	if (dnc_json_parse(parser, text, size, &doc, &err) == 0)
		run(m, (struct dnc_str){text, size});
	dnc_buf_free(&same);
	free(text);
	return 0;
}
