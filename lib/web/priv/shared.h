/* shared.h - what the web servers of one process have in common: limits, throttle, pages, and a list of the
 * servers for sums over all of them. Any thread. */
#pragma once
#include <pthread.h>
#include "base/list.h"
#include "metrics/recent.h"
#include "limits.h"
#include "web/certificate.h"
#include "pages.h"
#include "throttle.h"

/* One server in the list. What it points at must have locks of its own. */
struct shared_member {
	struct dnc_list link;
	struct stats *stats;
	struct client_list *clients;
};

struct dnc_web_shared {
	struct limits *limits;                 /* owned */
	struct throttle *throttle;             /* owned */
	struct pages *pages;                   /* owned */
	struct page_files *files;              /* owned: of the page for people */
	struct dnc_recent *refusals, *rejects; /* owned */
	pthread_mutex_t lock;                  /* of those below */
	struct dnc_list members;
	struct dnc_certificate *certificate; /* a reference; NULL: no TLS */
};

/* Returns a new reference to the newest certificate, or NULL. */
struct dnc_certificate *shared_certificate(struct dnc_web_shared *shared);

void shared_join(struct dnc_web_shared *shared, struct shared_member *member);

/* MEMBER is not visited any more once this has returned. It may have been in no list. */
void shared_leave(struct dnc_web_shared *shared, struct shared_member *member);

/* Calls EACH for all members; the list is locked meanwhile. */
void shared_each(struct dnc_web_shared *shared,
	void (*each)(void *ctx, const struct shared_member *member), void *ctx);

/* True when there is more than one member. */
bool shared_by_several(struct dnc_web_shared *shared);
