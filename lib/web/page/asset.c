#include "web/page/asset.h"

#define HTML "text/html; charset=utf-8"
#define CSS  "text/css; charset=utf-8"
#define JS   "text/javascript; charset=utf-8"
#define SVG  "image/svg+xml"

/* symbol, file, type. The page itself is the first (PAGE_INDEX). */
#define ASSETS(X)                                                                                  \
	X(index, "index.html", HTML)                                                               \
	X(style, "style.css", CSS)                                                                 \
	X(icon, "icon.svg", SVG)                                                                   \
	X(api, "api.js", JS)                                                                       \
	X(app, "app.js", JS)                                                                       \
	X(backoff, "backoff.js", JS)                                                               \
	X(chart, "chart.js", JS)                                                                   \
	X(clients, "clients.js", JS)                                                               \
	X(csv, "csv.js", JS)                                                                       \
	X(cursor, "cursor.js", JS)                                                                 \
	X(detail, "detail.js", JS)                                                                 \
	X(dom, "dom.js", JS)                                                                       \
	X(event, "event.js", JS)                                                                   \
	X(export_, "export.js", JS)                                                                \
	X(filter, "filter.js", JS)                                                                 \
	X(filter_form, "filter_form.js", JS)                                                       \
	X(form, "form.js", JS)                                                                     \
	X(gap, "gap.js", JS)                                                                       \
	X(health, "health.js", JS)                                                                 \
	X(keys, "keys.js", JS)                                                                     \
	X(knowledge, "knowledge.js", JS)                                                           \
	X(live_table, "live_table.js", JS)                                                         \
	X(number_box, "number_box.js", JS)                                                         \
	X(panel, "panel.js", JS)                                                                   \
	X(position, "position.js", JS)                                                             \
	X(providers, "providers.js", JS)                                                           \
	X(row, "row.js", JS)                                                                       \
	X(search, "search.js", JS)                                                                 \
	X(series, "series.js", JS)                                                                 \
	X(session, "session.js", JS)                                                               \
	X(side_panels, "side_panels.js", JS)                                                       \
	X(status_text, "status_text.js", JS)                                                       \
	X(stream, "stream.js", JS)                                                                 \
	X(suggestions, "suggestions.js", JS)                                                       \
	X(text, "text.js", JS)                                                                     \
	X(time, "time.js", JS)                                                                     \
	X(token, "token.js", JS)                                                                   \
	X(views, "views.js", JS)                                                                   \
	X(window, "window.js", JS)

/* The path is that of the root of the project, where make runs. */
#define EMBED(symbol, file, type)                                                                  \
	__asm__(".section .rodata\n"                                                               \
		"page_" #symbol "_start: .incbin \"lib/web/page/assets/" file "\"\n"               \
		"page_" #symbol "_end:\n"                                                          \
		".previous\n");                                                                    \
	extern const unsigned char page_##symbol##_start[], page_##symbol##_end[];

ASSETS(EMBED)

#define ROW(symbol, file, type) {file, type, page_##symbol##_start, page_##symbol##_end},

const struct page_asset page_assets[] = {ASSETS(ROW)};
const size_t page_asset_count = sizeof page_assets / sizeof page_assets[0];
