/* providers.h - how a journal keeps providers: in the thread that appends.
 *
 * What a batch changes is staged, written to the database with the batch, and then committed: only then others see
 * it. */
#pragma once
#include "event/event.h"
#include "log/providers.h"

/* NULL when there is no memory. */
struct dnc_providers *providers_new(void);

/* NULL is allowed. */
void providers_free(struct dnc_providers *p);

void providers_set_since(struct dnc_providers *p, int64_t ms);

/* True if events of TYPE say something of a provider. */
static inline bool providers_concerns(enum dnc_type type)
{
	return type == DNC_LIST_SYNCED || type == DNC_PROVIDER_STATUS_CHANGE;
}

/* Stages what the canonical LINE, event SEQ, which DNC_JSON_PADDING readable bytes must follow, says of its provider. -1 when
 * there is no memory: the whole batch must be tried again. */
int providers_stage(
	struct dnc_providers *p, struct dnc_str line, uint64_t seq, int64_t logged_at_ms);

/* Stages what the database has. */
int providers_restore(struct dnc_providers *p, struct dnc_str name, enum dnc_provider_fact fact,
	uint64_t seq, int64_t at_ms, struct dnc_str line);

/* Calls EACH for what is staged. Stops with -1 when EACH returns that. */
int providers_each_staged(struct dnc_providers *p,
	int (*each)(void *ctx, struct dnc_str name, enum dnc_provider_fact fact,
		const struct dnc_provider_event *event),
	void *ctx);

/* Counts an event that is not kept. */
void providers_refuse(struct dnc_providers *p);

void providers_commit(struct dnc_providers *p);
void providers_abandon(struct dnc_providers *p);
