/* zip_tail.h - the end of a zip archive that is read in order: only its last record shows that nothing is missing. */
#pragma once
#include <stdint.h>
#include "base/buf.h"

struct zip_tail {
	struct dnc_buf bytes; /* the last ones */
};

void zip_tail_add(struct zip_tail *t, struct dnc_str bytes);
void zip_tail_finish(struct zip_tail *t);

/* True if the archive ends in its last record, and this counts MEMBERS. */
bool zip_tail_is_whole(const struct zip_tail *t, uint64_t members);
