#include "run.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"

struct seen {
	const char *base;
	uint64_t size;
	int64_t modified_ns;
};

static struct dnc_event_run *new_run(const char *kind, const char *name, const char *which)
{
	const struct dnc_str parts[] = {dnc_str(kind), dnc_str(name), dnc_str(which)};

	return dnc_event_run_new(parts, 3);
}

/* Returns how many earlier files are indistinguishable from FILE: those of the same name if the run is given, else of the
 * same name, size and time. -1 if there is no memory. */
static long count_same(struct runs *runs, const struct seen *file)
{
	long same = 0;

	if (!dnc_array_grow(&runs->seen, &runs->room, runs->count + 1))
		return -1;
	for (size_t i = 0; i < runs->count; i++)
		same += strcmp(runs->seen[i].base, file->base) == 0 &&
		        (runs->given || (runs->seen[i].size == file->size &&
						runs->seen[i].modified_ns == file->modified_ns));
	runs->seen[runs->count++] = *file;
	return same;
}

int runs_open(struct runs *runs, const struct dnc_stream *s, struct dnc_event_run **out)
{
	const char *slash = strrchr(s->name, '/');
	bool file = s->modified_ns;
	struct seen seen = {file ? slash ? slash + 1 : s->name : "", s->size_bytes, s->modified_ns};
	char which[100];
	long same;

	*out = NULL;
	if (s->acked)
		return 0;
	same = count_same(runs, &seen);
	if (same < 0)
		return -1;
	if (runs->given) {
		snprintf(which, sizeof which, "%ld", same);
		*out = new_run(runs->given, seen.base, which);
	} else if (file) {
		snprintf(which, sizeof which, "%llu %lld %ld", (unsigned long long)seen.size,
			(long long)seen.modified_ns, same);
		*out = new_run("", seen.base, which);
	} else {
		unsigned char random[16];

		randombytes_buf(random, sizeof random);
		sodium_bin2hex(which, sizeof which, random, sizeof random);
		*out = new_run("", "", which);
	}
	return *out ? 0 : -1;
}

void runs_finish(struct runs *runs)
{
	free(runs->seen);
}
