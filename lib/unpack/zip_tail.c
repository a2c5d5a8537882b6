#include "priv/zip_tail.h"

/* The "end of central directory record" of APPNOTE.TXT 4.3.16 and its comment. */
enum { RECORD = 22, COMMENT = 65535, TAIL = RECORD + COMMENT, COUNT_AT = 10, COMMENT_AT = 20 };

/* The count is in a record of zip64. */
enum { COUNT_ELSEWHERE = 0xFFFF };

void zip_tail_add(struct zip_tail *t, struct dnc_str bytes)
{
	size_t keep = bytes.n < TAIL ? TAIL - bytes.n : 0;

	if (bytes.n > TAIL)
		bytes = (struct dnc_str){bytes.p + bytes.n - TAIL, TAIL};
	if (t->bytes.n > keep) {
		memmove(t->bytes.p, t->bytes.p + t->bytes.n - keep, keep);
		t->bytes.n = keep;
	}
	dnc_buf_str(&t->bytes, bytes);
}

void zip_tail_finish(struct zip_tail *t)
{
	dnc_buf_free(&t->bytes);
}

static unsigned read_u16(const char *p)
{
	return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8;
}

bool zip_tail_is_whole(const struct zip_tail *t, uint64_t members)
{
	const char *p = t->bytes.p;

	if (t->bytes.n < RECORD || !dnc_buf_ok(&t->bytes))
		return false;
	for (size_t at = t->bytes.n - RECORD + 1; at-- > 0;) {
		unsigned count = read_u16(p + at + COUNT_AT);

		if (memcmp(p + at, "PK\5\6", 4) == 0 &&
			at + RECORD + read_u16(p + at + COMMENT_AT) == t->bytes.n)
			return count == COUNT_ELSEWHERE || count == (members & 0xFFFF);
	}
	return false;
}
