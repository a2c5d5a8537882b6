#include "priv/shared.h"
#include <stdlib.h>
#include "web/page/files.h"

struct dnc_web_shared *dnc_shared_new(const struct dnc_web_limits *limits)
{
	struct dnc_web_shared *shared = calloc(1, sizeof *shared);

	if (!shared)
		return NULL;
	pthread_mutex_init(&shared->lock, NULL);
	dnc_list_init(&shared->members);
	shared->limits = limits_new(limits);
	shared->throttle = throttle_new();
	shared->pages = pages_new();
	shared->files = page_files_new();
	shared->refusals = dnc_recent_new();
	shared->rejects = dnc_recent_new();
	if (shared->limits && shared->throttle && shared->pages && shared->files &&
		shared->refusals && shared->rejects)
		return shared;
	dnc_shared_free(shared);
	return NULL;
}

void dnc_shared_free(struct dnc_web_shared *shared)
{
	if (!shared)
		return;
	limits_free(shared->limits);
	throttle_free(shared->throttle);
	dnc_certificate_unref(shared->certificate);
	pages_free(shared->pages);
	page_files_free(shared->files);
	dnc_recent_free(shared->refusals);
	dnc_recent_free(shared->rejects);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

struct dnc_recent *dnc_shared_rejects(struct dnc_web_shared *shared)
{
	return shared->rejects;
}

size_t dnc_shared_count(struct dnc_web_shared *shared)
{
	return limits_count(shared->limits);
}

void dnc_shared_use_certificate(struct dnc_web_shared *shared, struct dnc_certificate *certificate)
{
	struct dnc_certificate *old;

	pthread_mutex_lock(&shared->lock);
	old = shared->certificate;
	shared->certificate = dnc_certificate_ref(certificate);
	pthread_mutex_unlock(&shared->lock);
	dnc_certificate_unref(old);
}

struct dnc_certificate *shared_certificate(struct dnc_web_shared *shared)
{
	struct dnc_certificate *newest;

	pthread_mutex_lock(&shared->lock);
	newest = dnc_certificate_ref(shared->certificate);
	pthread_mutex_unlock(&shared->lock);
	return newest;
}

void shared_join(struct dnc_web_shared *shared, struct shared_member *member)
{
	pthread_mutex_lock(&shared->lock);
	dnc_list_append(&shared->members, &member->link);
	pthread_mutex_unlock(&shared->lock);
}

void shared_leave(struct dnc_web_shared *shared, struct shared_member *member)
{
	pthread_mutex_lock(&shared->lock);
	dnc_list_remove(&member->link);
	pthread_mutex_unlock(&shared->lock);
}

void shared_each(struct dnc_web_shared *shared,
	void (*each)(void *ctx, const struct shared_member *member), void *ctx)
{
	pthread_mutex_lock(&shared->lock);
	DNC_LIST_EACH (link, &shared->members)
		each(ctx, DNC_LIST_ELEMENT(link, struct shared_member, link));
	pthread_mutex_unlock(&shared->lock);
}

bool shared_by_several(struct dnc_web_shared *shared)
{
	bool several;

	pthread_mutex_lock(&shared->lock);
	several = shared->members.next != shared->members.prev;
	pthread_mutex_unlock(&shared->lock);
	return several;
}
