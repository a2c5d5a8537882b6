#include "array.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 8 };

bool dnc_array_enlarge(void *array, size_t *room, size_t need, size_t element_bytes)
{
	size_t doubled = *room < FIRST_ROOM / 2 ? FIRST_ROOM : *room * 2;
	size_t fresh = doubled > need ? doubled : need;
	void *p;

	if (fresh > PTRDIFF_MAX / element_bytes)
		return false;
	/* Copied, because a pointer to elements of any type must not be read as a void pointer. */
	memcpy(&p, array, sizeof p);
	p = realloc(p, fresh * element_bytes);
	if (!p)
		return false;
	memcpy(array, &p, sizeof p);
	*room = fresh;
	return true;
}
