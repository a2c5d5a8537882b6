#include "web/http/history.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "phone/phone.h"
#include "hub/viewer.h"
#include "web/http/query.h"
#include "web/http/reply.h"
#include "web/priv/audit.h"
#include "web/priv/conn.h"
#include "web/priv/exchange.h"
#include "web/priv/member.h"
#include "web/priv/request.h"
#include "web/priv/server.h"

enum {
	LIMIT_DEFAULT = 1000,
	LIMIT_MAX = 100000,
	PAGE_BYTES = 4 << 20, /* past which a page ends, whatever its limit */
	LOOKS = 200000,       /* events looked at for one page: a bounded share of the reader */
	QUERY_MAX = 2048,
};

/* A place in the log: a number, or the time when it was logged. */
struct place {
	bool given, is_time;
	uint64_t seq;
	int64_t ms;
};

struct history {
	struct dnc_job job;
	struct dnc_web *web;
	struct lws *wsi; /* NULL when the client has gone */
	struct request_query filters;
	const struct dnc_filter *filter;
	const struct dnc_auth_snapshot *access; /* held: the view looks into it */
	struct dnc_view view;
	struct dnc_viewer *viewer;
	struct place since, until;
	struct dnc_identity identity;
	char role[DNC_ROLE_NAME_MAX], address[ADDRESS_MAX];
	uint64_t first_seq, last_seq;       /* of those shown */
	uint64_t limit, count, looks, next; /* next: where the following page starts; 0: none */
	uint64_t first_looked;              /* 0: none */
	uint64_t gap_from, gap_to;          /* not in the log any more; none when to is less */
	char phone[DNC_PHONE_MAX];
	size_t phone_bytes;
	bool array;
	struct dnc_buf query; /* what the link to the next page repeats */
	struct dnc_buf body;
};

static void history_free(struct history *h)
{
	dnc_auth_snapshot_unref(h->access);
	dnc_viewer_free(h->viewer);
	dnc_filter_unref(h->filter);
	request_query_finish(&h->filters);
	dnc_buf_free(&h->query);
	dnc_buf_free(&h->body);
	free(h);
}

void history_abandon(struct history *h)
{
	if (h)
		h->wsi = NULL;
}

static int field_error(struct dnc_error *err, struct dnc_str name, const char *why)
{
	dnc_error_set(err, REQUEST_EFIELD, "%.*s %s", DNC_STR_ARG(name), why);
	return -1;
}

static bool read_number(struct dnc_str s, uint64_t *out)
{
	*out = 0;
	if (!s.n || s.n > 18)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return true;
}

static int read_place(
	struct place *p, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	p->given = true;
	if (read_number(value, &p->seq))
		return 0;
	p->is_time = true;
	return dnc_clock_parse(value, &p->ms) || dnc_clock_parse_local(value, &p->ms)
	               ? 0
	               : field_error(err, name, "is neither a sequence number nor a time");
}

static int read_phone(struct history *h, struct dnc_str value, struct dnc_error *err)
{
	char text[64];

	/* An unescaped "+" means a blank in a query string. */
	if (value.n && value.n < sizeof text) {
		memcpy(text, value.p, value.n);
		if (text[0] == ' ')
			text[0] = '+';
		value.p = text;
	}
	if (dnc_phone_normalize(value, "US", false, h->phone, &h->phone_bytes) == DNC_PHONE_OK)
		return 0;
	return field_error(err, DNC_STR("phone"), "is not a telephone number");
}

static int on_arg(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct history *h = ctx;

	if (dnc_str_eq(name, DNC_STR("since")))
		return read_place(&h->since, name, value, err);
	dnc_buf_percent(&h->query, name);
	dnc_buf_chr(&h->query, '=');
	dnc_buf_percent(&h->query, value);
	dnc_buf_chr(&h->query, '&');
	if (h->query.n > QUERY_MAX)
		return field_error(err, name, "makes the query too long");
	if (dnc_str_eq(name, DNC_STR("until")))
		return read_place(&h->until, name, value, err);
	if (dnc_str_eq(name, DNC_STR("phone")))
		return read_phone(h, value, err);
	if (dnc_str_eq(name, DNC_STR("limit"))) {
		if (!read_number(value, &h->limit) || h->limit < 1 || h->limit > LIMIT_MAX)
			return field_error(err, name, "is not a number from 1 to 100000");
		return 0;
	}
	if (dnc_str_eq(name, DNC_STR("last")) || dnc_str_eq(name, DNC_STR("epoch")) ||
		dnc_str_eq(name, DNC_STR("since_time")))
		return field_error(err, name, "has no meaning here; use since, until and limit");
	return request_query_add(&h->filters, name, value, err);
}

/* In the reader's thread. */
static bool add_event(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct history *h = ctx;
	struct dnc_str shown;

	if (!h->first_looked)
		h->first_looked = seq;
	if (h->until.given && seq > h->until.seq)
		return false;
	if (h->count == h->limit || h->looks-- == 0 || h->body.n > PAGE_BYTES) {
		h->next = seq - 1;
		return false;
	}
	if (!dnc_viewer_look(h->viewer, line, &shown))
		return true;
	if (h->array)
		dnc_buf_chr(&h->body, h->count ? ',' : '[');
	dnc_buf_lit(&h->body, "{\"seq\":");
	dnc_buf_u64(&h->body, seq);
	dnc_buf_chr(&h->body, ',');
	dnc_buf_add(&h->body, shown.p + 1, shown.n - 1);
	if (!h->array)
		dnc_buf_chr(&h->body, '\n');
	h->first_seq = h->count++ ? h->first_seq : seq;
	h->last_seq = seq;
	return dnc_buf_ok(&h->body);
}

/* Makes a time the number before the first event that was logged then, so that both ends exclude and
 * include as numbers do: since is behind, until is up to. */
static int settle(struct place *p, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	if (!p->is_time)
		return 0;
	if (dnc_journal_find_time(reader, p->ms, &p->seq, err) < 0)
		return -1;
	p->seq--;
	return 0;
}

/* What was asked for and is not in the log any more. Retention may have gone on while the page was read: a row
 * that was looked at was there. */
static void note_gap(struct history *h, const struct dnc_journal *journal, uint64_t oldest)
{
	uint64_t to = dnc_journal_oldest(journal) - 1;

	if (h->first_looked && (!h->phone_bytes || h->first_looked <= to))
		to = h->first_looked - 1;
	if (h->until.given && to > h->until.seq)
		to = h->until.seq;
	h->gap_from = h->since.seq + 1;
	/* How many events there were between a time and the oldest that is left is not known. */
	if (h->since.is_time && h->gap_from <= oldest)
		h->gap_from = 1;
	h->gap_to = to;
}

static int run(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err)
{
	struct history *h = (struct history *)job;
	struct dnc_str phone = {h->phone_bytes ? h->phone : NULL, h->phone_bytes};
	const struct dnc_journal *journal = dnc_journal_of(reader);
	uint64_t oldest = dnc_journal_oldest(journal);

	dnc_buf_clear(&h->body);
	h->count = h->next = h->first_seq = h->last_seq = h->first_looked = 0;
	h->looks = LOOKS;
	if (settle(&h->since, reader, err) < 0 || settle(&h->until, reader, err) < 0 ||
		dnc_journal_read(reader, h->since.seq + 1, false, phone, add_event, h, err) < 0)
		return -1;
	note_gap(h, journal, oldest);
	if (h->array)
		dnc_buf_str(&h->body, h->count ? DNC_STR("]\n") : DNC_STR("[]\n"));
	return dnc_buf_ok(&h->body) ? 0 : dnc_error_nomem(err);
}

/* Who has seen what. */
static void note_access(const struct history *h)
{
	struct dnc_buf *b = audit_begin(h->web->audit, "read", &h->identity, NULL, h->address);

	member_text(b, "role", h->role);
	if (h->phone_bytes) {
		char number[DNC_PHONE_MAX];

		memcpy(number, h->phone, sizeof number);
		dnc_phone_mask_digits(number, h->phone_bytes);
		member_text(b, "phone_number", number);
	}
	member_number(b, "events", h->count);
	member_number(b, "first_seq", h->first_seq);
	member_number(b, "last_seq", h->last_seq);
	audit_end(h->web->audit);
}

static int answer(struct history *h)
{
	char link[3 * QUERY_MAX], range[48];
	const struct extra_header gap = {"x-dnc-gap:", range, NULL},
				  *more = h->gap_to >= h->gap_from ? &gap : NULL,
				  next = {"link:", link, more};

	if (dnc_filter_over_budget(h->filter))
		return http_problem(h->web, h->wsi, 400, "Bad Request",
			"a pattern takes too much work on some numbers");
	if (h->job.failed)
		return http_problem(
			h->web, h->wsi, 503, "Service Unavailable", "the log can't be read");
	snprintf(link, sizeof link, "</api/v1/events?%.*ssince=%llu>; rel=\"next\"",
		DNC_STR_ARG(h->query), (unsigned long long)h->next);
	snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)h->gap_from,
		(unsigned long long)h->gap_to);
	return http_reply(h->wsi, 200, h->array ? "application/json" : "application/x-ndjson",
		&h->body, h->next ? &next : more);
}

static void done(struct dnc_job *job)
{
	struct history *h = (struct history *)job;
	struct lws *wsi = h->wsi;

	if (wsi) {
		note_access(h);
		((struct exchange *)lws_wsi_user(wsi))->history = NULL;
		if (answer(h) < 0 || lws_http_transaction_completed(wsi))
			conn_hang_up(wsi);
	}
	history_free(h);
}

static const struct dnc_filter *compile(struct history *h, struct dnc_error *err)
{
	struct dnc_buf *filters = &h->filters.filters;

	if (filters->n)
		dnc_buf_chr(filters, '}');
	else
		dnc_buf_lit(filters, "{}");
	return dnc_filter_compile_text(filters->p, filters->n, err);
}

int history_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	struct exchange *exchange = lws_wsi_user(wsi);
	struct history *h;
	struct dnc_error err;
	char accept[128];

	dnc_error_set(&err, 0, "out of memory");
	if (!w->options->reader)
		return http_problem(w, wsi, 503, "Service Unavailable", "this hub keeps no log");
	h = calloc(1, sizeof *h);
	if (!h)
		return -1;
	*h = (struct history){
		.job = {.run = run, .done = done}, .web = w, .wsi = wsi, .limit = LIMIT_DEFAULT};
	h->array = lws_hdr_copy(wsi, accept, sizeof accept, WSI_TOKEN_HTTP_ACCEPT) > 0 &&
	           strstr(accept, "application/json");
	h->identity = who->identity;
	snprintf(h->role, sizeof h->role, "%s", who->role->name);
	identity_address(w->identity, wsi, h->address);
	h->access = dnc_auth_snapshot_ref(w->identity->snapshot);
	h->view = identity_view(who->role, who->permissions, 0);
	if (query_read(wsi, on_arg, h, &err) < 0 || !(h->filter = compile(h, &err)) ||
		!(h->viewer = dnc_viewer_new(&h->view, h->filter))) {
		int rc = http_problem(w, wsi, 400, "Bad Request", err.message);

		history_free(h);
		return rc;
	}
	exchange->history = h;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, 60);
	dnc_reader_submit(w->options->reader, &h->job);
	return 1;
}
