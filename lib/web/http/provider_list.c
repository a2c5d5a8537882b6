#include "web/http/provider_list.h"
#include <stdlib.h>
#include "json/json.h"
#include "json/member.h"

struct provider_list {
	struct dnc_buf out;
	struct dnc_providers *providers;
	struct dnc_provider at; /* the one that was added last */
	struct dnc_viewer *viewer;
	struct dnc_event_reader *reader; /* of what is shown */
	int64_t now_ms;
	bool sees_all_syncs; /* so that it may know that there is no good one */
	bool no_memory;
};

/* An event as it is shown. */
struct shown {
	const struct dnc_provider_event *known;
	struct dnc_event event;
	struct dnc_str status; /* sync_status or new_status; p NULL if it is not shown */
};

/* True when E is shown, with its provider. The result is valid until the next call. */
static bool show(struct provider_list *p, const struct dnc_provider_event *e,
	struct dnc_str status_field, struct shown *out)
{
	struct dnc_str line;
	const struct dnc_json *doc;
	uint32_t status;

	if (!e->seq || dnc_viewer_look(p->viewer, dnc_buf_view(&e->line), &line) <= 0)
		return false;
	if (dnc_event_parse(p->reader, line.p, line.n, &out->event) < 0 ||
		!(doc = dnc_event_doc(&out->event))) {
		p->no_memory = true;
		return false;
	}
	status = dnc_json_get(doc, dnc_event_data_node(doc), status_field);
	out->known = e;
	out->status = status ? doc->node[status].text : (struct dnc_str){0};
	return out->event.provider.n > 0;
}

/* The time that the client sees in the event, or that of its logging if that was earlier. */
static int64_t time_of(const struct shown *s)
{
	return s->event.timestamp_ms < s->known->at_ms ? s->event.timestamp_ms : s->known->at_ms;
}

/* The object of a provider is begun by the first event of it that is shown. */
static void begin(struct provider_list *p, const struct shown *s, bool *begun)
{
	struct dnc_buf *out = &p->out;

	if (*begun)
		return;
	*begun = true;
	if (out->p[out->n - 1] == '}')
		dnc_buf_chr(out, ',');
	dnc_buf_chr(out, '{');
	dnc_json_member_str(out, "provider", s->event.provider);
	if (s->event.provider_id.p)
		dnc_json_member_str(out, "provider_id", s->event.provider_id);
}

static void write_status(struct provider_list *p, const struct shown *s)
{
	if (!s->status.p)
		return;
	dnc_json_member_str(&p->out, "status", s->status);
	dnc_json_member_time(&p->out, "status_at", time_of(s));
	dnc_json_member_number(&p->out, "status_seq", s->known->seq);
}

static void write_sync(struct provider_list *p, const char *key, const struct shown *s)
{
	struct dnc_buf *out = &p->out;
	int64_t at = time_of(s);

	dnc_json_write_key(out, dnc_str(key));
	dnc_buf_chr(out, '{');
	dnc_json_member_number(out, "seq", s->known->seq);
	dnc_json_member_time(out, "at", at);
	dnc_json_member_number(
		out, "age_s", at < p->now_ms ? (uint64_t)(p->now_ms - at) / 1000 : 0);
	if (s->status.p)
		dnc_json_member_str(out, "sync_status", s->status);
	if (s->event.summary.p)
		dnc_json_member_str(out, "summary", s->event.summary);
	dnc_buf_chr(out, '}');
}

static void write_provider(struct provider_list *p, const struct dnc_provider *known)
{
	static const struct dnc_str sync_status = DNC_STR("sync_status");
	const struct dnc_provider_event *sync = &known->events[DNC_PROVIDER_SYNC],
					*good = &known->events[DNC_PROVIDER_GOOD_SYNC];
	bool begun = false, knows_good = p->sees_all_syncs;
	struct shown s;
	bool shown = show(p, sync, sync_status, &s);

	if (shown) {
		begin(p, &s, &begun);
		write_sync(p, "last_sync", &s);
	}
	if (good->seq != sync->seq)
		shown = show(p, good, sync_status, &s);
	/* That it is a good one says what its status is. */
	if (shown && s.status.p) {
		begin(p, &s, &begun);
		write_sync(p, "last_good_sync", &s);
		knows_good = true;
	}
	if (show(p, &known->events[DNC_PROVIDER_STATUS], DNC_STR("new_status"), &s)) {
		begin(p, &s, &begun);
		write_status(p, &s);
	}
	if (!begun)
		return;
	if (knows_good)
		dnc_json_member_bool(&p->out, "overdue", dnc_provider_is_overdue(known, p->now_ms));
	dnc_buf_chr(&p->out, '}');
}

static bool sees_all_syncs(const struct dnc_view *view)
{
	return !view->sees && view->types & 1u << DNC_LIST_SYNCED &&
	       (!(view->rendering & DNC_MASKED) || dnc_mask_may_show(view->mask, DNC_LIST_SYNCED,
							   DNC_STR("event_data.sync_status")));
}

static void begin_list(struct provider_list *p)
{
	int64_t since = dnc_providers_since(p->providers);
	struct dnc_buf *out = &p->out;

	dnc_buf_chr(out, '{');
	dnc_json_member_time(out, "now", p->now_ms);
	dnc_json_member_number(out, "max_age_s", DNC_SYNC_MAX_AGE_MS / 1000);
	if (since)
		dnc_json_member_time(out, "since", since);
	dnc_json_write_key(out, DNC_STR("providers"));
	dnc_buf_chr(out, '[');
}

struct provider_list *provider_list_new(
	const struct dnc_view *view, const struct dnc_journal *journal, int64_t now_ms)
{
	struct provider_list *p = calloc(1, sizeof *p);
	struct dnc_error err;
	const struct dnc_filter *all = dnc_filter_compile_text("{}", 2, &err);

	if (p && all) {
		p->providers = dnc_journal_providers(journal);
		p->viewer = dnc_viewer_new(view, all, journal);
		p->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
		p->now_ms = now_ms;
		p->sees_all_syncs = sees_all_syncs(view);
		begin_list(p);
	}
	dnc_filter_unref(all);
	if (p && p->viewer && p->reader && dnc_buf_ok(&p->out))
		return p;
	provider_list_free(p);
	return NULL;
}

void provider_list_free(struct provider_list *p)
{
	if (!p)
		return;
	dnc_viewer_free(p->viewer);
	dnc_event_reader_free(p->reader);
	dnc_provider_free(&p->at);
	dnc_buf_free(&p->out);
	free(p);
}

int provider_list_add(struct provider_list *p)
{
	int rc = dnc_providers_next(p->providers, &p->at);

	if (rc > 0)
		write_provider(p, &p->at);
	else if (rc == 0)
		dnc_buf_lit(&p->out, "]}");
	if (p->no_memory || !dnc_buf_ok(&p->out) || dnc_viewer_end(p->viewer, NULL) < 0)
		return -1;
	return rc;
}

const struct dnc_buf *provider_list_text(const struct provider_list *p)
{
	return &p->out;
}
