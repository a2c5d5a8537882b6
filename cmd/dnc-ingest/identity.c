#include "identity.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"

struct seen {
	char *base; /* the name without directories; of a member of an archive, FILE:MEMBER */
	uint64_t size;
	int64_t modified_ns;
};

static struct dnc_event_run *new_run(const char *kind, const char *name, const char *which)
{
	const struct dnc_str parts[] = {dnc_str(kind), dnc_str(name), dnc_str(which)};

	return dnc_event_run_new(parts, 3);
}

/* The name of S without the directories of its file; empty if it has no time. */
static char *base_name(const struct dnc_stream *s)
{
	const char *end = s->member ? s->member : s->name + strlen(s->name);
	const char *slash = memrchr(s->name, '/', (size_t)(end - s->name));

	return strdup(s->modified_ns ? slash ? slash + 1 : s->name : "");
}

/* Returns how many earlier files are indistinguishable from FILE: those of the same name if the run is given, else of the
 * same name, size and time. -1 if there is no memory. */
static long count_same(struct identities *known, const struct seen *file)
{
	long same = 0;

	if (!file->base || !dnc_array_grow(&known->seen, &known->room, known->count + 1))
		return -1;
	for (size_t i = 0; i < known->count; i++)
		same += strcmp(known->seen[i].base, file->base) == 0 &&
		        (known->given || (known->seen[i].size == file->size &&
						 known->seen[i].modified_ns == file->modified_ns));
	known->seen[known->count++] = *file;
	return same;
}

int identity_open(struct identities *known, const struct dnc_stream *s, struct dnc_event_run **out)
{
	struct seen seen = {NULL, s->size_bytes, s->modified_ns};
	char which[100];
	long same;

	*out = NULL;
	if (s->acked)
		return 0;
	seen.base = base_name(s);
	same = count_same(known, &seen);
	if (same < 0) {
		free(seen.base);
		return -1;
	}
	if (known->given) {
		snprintf(which, sizeof which, "%ld", same);
		*out = new_run(known->given, seen.base, which);
	} else if (s->modified_ns) {
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

void identity_finish(struct identities *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->seen[i].base);
	free(known->seen);
	*known = (struct identities){0};
}
