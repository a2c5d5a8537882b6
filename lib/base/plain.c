#include "base/plain.h"

/* U+00C0 to U+017F without accents; _ is no letter. */
static const char plain_letters[] =
	"aaaaaaaceeeeiiiidnooooo_ouuuuytsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
	"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

struct dnc_str dnc_plain(struct dnc_str s, char *out, size_t size)
{
	enum { LATIN = 0xc0, MARKS = 0x300, MARKS_END = 0x370 };
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < size; i++) {
		unsigned lead = (unsigned char)s.p[i], point = 0;

		if (lead >= 0xc3 && lead <= 0xcd && i + 1 < s.n)
			point = (lead & 0x1f) << 6 | ((unsigned char)s.p[i + 1] & 0x3f);
		i += point != 0;
		if (point >= LATIN && point - LATIN < sizeof plain_letters - 1)
			out[n++] = plain_letters[point - LATIN];
		else if (point < MARKS || point >= MARKS_END)
			out[n++] = point ? '_' : s.p[i];
	}
	return (struct dnc_str){out, n};
}
