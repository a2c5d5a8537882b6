/* info.h - GET /healthz, /readyz, /metrics and /api/v1/info. Handlers of routes; in the server's thread. */
#pragma once
#include "web/priv/identity.h"

int info_healthz(struct dnc_web *w, struct lws *wsi, const struct who *who);
int info_readyz(struct dnc_web *w, struct lws *wsi, const struct who *who);
int info_show(struct dnc_web *w, struct lws *wsi, const struct who *who);
int info_metrics(struct dnc_web *w, struct lws *wsi, const struct who *who);
