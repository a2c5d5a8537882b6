/* provider_list.h - the JSON of GET /api/v1/providers, as one view shows it. No sockets in here.
 *
 * What the view does not show of a provider is left out, and so is a provider of which it shows nothing. Every event of
 * every provider is parsed, and masked if the view is: up to a tenth of a second in all, so that a list is made in the
 * log reader's thread. */
#pragma once
#include "hub/viewer.h"
#include "log/providers.h"

struct provider_list;

/* A list without providers, of what JOURNAL, which must outlive it, knows. Holds what VIEW does, as dnc_viewer_new(). To be
 * freed with provider_list_free(); NULL when there is no memory. For one thread at a time. */
struct provider_list *provider_list_new(
	const struct dnc_view *view, const struct dnc_journal *journal, int64_t now_ms);

/* NULL is allowed. */
void provider_list_free(struct provider_list *p);

/* Adds the next provider. Returns 1, 0 when the list is complete, or -1 when there is no memory: it is worth nothing then,
 * and must be freed. */
int provider_list_add(struct provider_list *p);

/* The JSON object of a complete list. Borrowed from P. */
const struct dnc_buf *provider_list_text(const struct provider_list *p);
