/* array.h - growth of arrays on the heap.
 *
 * An array is a pointer, a count of used elements and a capacity ("room"), all owned by the caller;
 * NULL and 0 are an empty one, free(3) frees it. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Makes room for NEED elements. ARRAY is the address of the pointer, ROOM that of the capacity
 * (size_t), in elements. The capacity at least doubles, so that appending costs constant time on
 * average; new elements are not initialized. False when there is no memory: array and capacity are
 * then as before. NEED is evaluated twice.
 *
 *	if (!dnc_array_grow(&list->v, &list->room, list->count + 1))
 *		return dnc_error_nomem(err);
 *	list->v[list->count++] = element; */
#define dnc_array_grow(array, room, need)                                                          \
	((need) <= *(room) || dnc_array_enlarge((array), (room), (need), sizeof **(array)))

/* What dnc_array_grow() calls; ARRAY is the address of a pointer to elements of ELEMENT_BYTES. */
bool dnc_array_enlarge(void *array, size_t *room, size_t need, size_t element_bytes);
