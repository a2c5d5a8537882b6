/* list.h - doubly linked lists whose links are members of their elements.
 *
 * A list is a head, which is initialized with dnc_list_init() and never moved or copied after that.
 * An element has one struct dnc_list member for each list that it can be in; all zero means that it is
 * in none. Nothing here allocates; every operation costs constant time. Not safe for use by two threads
 * at once.
 *
 *	struct job { struct dnc_list link; int number; };
 *
 *	dnc_list_append(&jobs, &job->link);
 *	DNC_LIST_EACH(link, &jobs)
 *		run(DNC_LIST_ELEMENT(link, struct job, link));
 *
 * If the body of a loop may remove elements, take them from the front instead:
 *
 *	while ((link = dnc_list_pop(&jobs)))
 *		... */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct dnc_list {
	struct dnc_list *prev, *next; /* of a head: last and first element, or the head itself */
};

/* Makes HEAD an empty list. */
static inline void dnc_list_init(struct dnc_list *head)
{
	head->prev = head->next = head;
}

static inline bool dnc_list_is_empty(const struct dnc_list *head)
{
	return head->next == head;
}

/* True while LINK is in a list. Not for heads. */
static inline bool dnc_list_is_linked(const struct dnc_list *link)
{
	return link->next != NULL;
}

/* Inserts LINK, which is in no list, after AT: an element, or the head to be the first. */
static inline void dnc_list_insert(struct dnc_list *at, struct dnc_list *link)
{
	link->prev = at;
	link->next = at->next;
	at->next->prev = link;
	at->next = link;
}

/* Inserts LINK, which is in no list, as the last element. */
static inline void dnc_list_append(struct dnc_list *head, struct dnc_list *link)
{
	dnc_list_insert(head->prev, link);
}

/* Removes LINK from the list that it is in, if any. Not for heads. */
static inline void dnc_list_remove(struct dnc_list *link)
{
	if (!link->next)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	*link = (struct dnc_list){NULL, NULL};
}

/* The first element's link; NULL if the list is empty. */
static inline struct dnc_list *dnc_list_first(const struct dnc_list *head)
{
	return dnc_list_is_empty(head) ? NULL : head->next;
}

/* Removes and returns the first element's link; NULL if the list is empty. */
static inline struct dnc_list *dnc_list_pop(struct dnc_list *head)
{
	struct dnc_list *link = dnc_list_first(head);

	if (link)
		dnc_list_remove(link);
	return link;
}

/* The element of TYPE whose member MEMBER is LINK. */
#define DNC_LIST_ELEMENT(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Visits all elements in order. The body must not remove the element that it visits. */
#define DNC_LIST_EACH(link, head)                                                                  \
	for (struct dnc_list * (link) = (head)->next; (link) != (head); (link) = (link)->next)
