/* walk.h - visits the elements of a list while any of them may be removed.
 *
 * The walk remembers the element that it visits next. Elements are removed from the list with walk_remove(), which
 * moves the walk on if need be. Elements that are added in front of the next one are not
 * visited. One struct walk serves one walk at a time. */
#pragma once
#include "base/list.h"

struct walk {
	struct dnc_list *head, *next;
};

/* The next element's link; NULL at the end. */
static inline struct dnc_list *walk_next(struct walk *w)
{
	struct dnc_list *link = w->next;

	if (link == w->head)
		return NULL;
	w->next = link->next;
	return link;
}

/* Starts a walk along the list HEAD; the first element's link, or NULL if the list is empty. */
static inline struct dnc_list *walk_begin(struct walk *w, struct dnc_list *head)
{
	w->head = head;
	w->next = head->next;
	return walk_next(w);
}

/* Removes LINK from its list, which W may be visiting. */
static inline void walk_remove(struct walk *w, struct dnc_list *link)
{
	if (w->next == link)
		w->next = link->next;
	dnc_list_remove(link);
}
