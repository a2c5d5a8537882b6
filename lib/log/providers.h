/* providers.h - what the log knows last of each provider of a list: its newest sync, its newest good sync, and its newest
 * status.
 *
 * The journal keeps these events as whole lines, however old they are and whatever retention removes. A sync is good if
 * its sync_status is "success": after any other, "partial" included, numbers of the list may be missing.
 *
 * The time of an event is the one that it says, or at that of its logging if that was earlier: a clock that is ahead makes no
 * sync newer than it is. The newest is the one with the latest time; one that arrives late changes nothing. All
 * functions may be called by any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clock.h"

/* A caller must use a version of the registry that is no older (16 CFR 310.4(b)(3)(iv)). */
#define DNC_SYNC_MAX_AGE_MS (31 * DNC_DAY_MS)

/* How far, in ms, a time may be ahead of the clock and still count as now. */
#define DNC_SYNC_AHEAD_MS INT64_C(3600000)

/* A provider that is one too many, or whose lines would need more memory, is refused and counted. */
enum { DNC_PROVIDERS_MAX = 1024, DNC_PROVIDERS_BYTES = 32 << 20 };

enum dnc_provider_fact {
	DNC_PROVIDER_SYNC,
	DNC_PROVIDER_GOOD_SYNC,
	DNC_PROVIDER_STATUS,
	DNC_PROVIDER_FACTS
};

struct dnc_provider_event {
	uint64_t seq; /* 0: none is known */
	int64_t at_ms;
	struct dnc_buf line; /* canonical; DNC_JSON_PADDING readable bytes follow it */
};

/* A copy of what is known of one provider. Zeroed memory is an empty one; to be freed with dnc_provider_free(). */
struct dnc_provider {
	struct dnc_buf name; /* p NULL: none */
	struct dnc_provider_event events[DNC_PROVIDER_FACTS];
};

struct dnc_providers;

/* Replaces AT by the provider whose name follows it, or the first one if AT is empty; by bytes. Returns 1, 0 when there is
 * no other, or -1 when there is no memory. */
int dnc_providers_next(struct dnc_providers *p, struct dnc_provider *at);

/* The same without the lines: of each event its number and time. */
int dnc_providers_next_times(struct dnc_providers *p, struct dnc_provider *at);

/* AT is empty then, and may be used again. */
void dnc_provider_free(struct dnc_provider *at);

/* Since when providers are known, in ms since 1970; 0: since the log was begun. */
int64_t dnc_providers_since(struct dnc_providers *p);

/* How often an event was not kept, since the journal was opened. */
uint64_t dnc_providers_refused(struct dnc_providers *p);

/* How old EVENT is at NOW_MS, in ms, 0 if it is ahead. */
int64_t dnc_provider_age(const struct dnc_provider_event *event, int64_t now_ms);

/* False if there is no such event, or its time is ahead by more than DNC_SYNC_AHEAD_MS, and so says nothing. */
bool dnc_provider_age_is_known(const struct dnc_provider_event *event, int64_t now_ms);

/* True if the age of the newest good sync is not known, or it is more than DNC_SYNC_MAX_AGE_MS. */
bool dnc_provider_is_overdue(const struct dnc_provider *at, int64_t now_ms);

/* Appends, as Prometheus text, the age of each list and how many events were refused. */
void dnc_providers_metrics(struct dnc_providers *p, int64_t now_ms, struct dnc_buf *out);
