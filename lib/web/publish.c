/* publish.c - POST /api/v1/events: one event, a JSON array of them, or one a line. What the log has is answered for,
 * nothing else. */
#include <pthread.h>
#include <stdlib.h>
#include "../log/writer.h"
#include "serve.h"

enum {
	BODY_MAX = 4 << 20,
	RECORDS_MAX = 10000, /* of one request: some tens of milliseconds of work */
	REJECTS_TOLD = 100,  /* each by place and reason; all are counted */
};

struct publish {
	struct dnc_receipt receipt; /* first: a receipt is the address of this */
	struct dnc_web *web;
	struct lws *wsi; /* NULL when the client has gone */
	struct dnc_identity identity;
	char role[DNC_ROLE_NAME_MAX], address[ADDRESS_MAX];
	struct dnc_buf body, lines;
	struct piece {
		size_t at, n;
	} * pieces; /* of lines */
	size_t count, room, rejected;
	struct dnc_buf rejects; /* JSON, without brackets */
	bool too_large, handed_over;
	struct publish *next; /* in the queue of those that are safe */
};

static void free_publish(struct publish *p)
{
	dnc_buf_free(&p->body);
	dnc_buf_free(&p->lines);
	dnc_buf_free(&p->rejects);
	free(p->pieces);
	free(p);
}

int publish_begin(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	struct session *session = lws_wsi_user(wsi);
	struct publish *p;

	if (w->draining)
		return http_problem(w, wsi, 503, "Service Unavailable", "the hub is shutting down");
	p = calloc(1, sizeof *p);
	if (!p)
		return -1;
	p->web = w;
	p->wsi = wsi;
	p->identity = who->identity;
	snprintf(p->role, sizeof p->role, "%s", who->role->name);
	who_address(w, wsi, p->address);
	session->publish = p;
	return 1;
}

void publish_body(struct publish *p, const void *in, size_t n)
{
	if (p->body.n + n > BODY_MAX)
		p->too_large = true;
	else
		dnc_buf_add(&p->body, in, n);
}

static void reject(struct publish *p, size_t index, const struct dnc_error *err)
{
	struct dnc_buf *b = &p->rejects;

	if (p->rejected++ >= REJECTS_TOLD)
		return;
	dnc_buf_printf(b, "%s{\"index\":%zu,\"code\":\"%s\",\"message\":", b->n ? "," : "", index,
		dnc_reject_name((enum dnc_reject)err->code));
	dnc_json_write_str(b, dnc_str(err->message));
	if (err->place[0]) {
		dnc_buf_lit(b, ",\"path\":");
		dnc_json_write_str(b, dnc_str(err->place));
	}
	dnc_buf_chr(b, '}');
}

/* The record number INDEX; DNC_JSON_PADDING readable bytes follow it. */
static bool take_record(struct publish *p, size_t index, struct dnc_str record)
{
	struct dnc_error err = {.place = ""};
	struct dnc_str line;

	if (index >= RECORDS_MAX) {
		p->too_large = true;
		return false;
	}
	if (record.n > DNC_EVENT_MAX_BYTES) {
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the event is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
		reject(p, index, &err);
		return true;
	}
	if (dnc_event_normalize(p->web->normalizer, record.p, record.n, &line, &err) < 0) {
		reject(p, index, &err);
		return true;
	}
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct piece *more = realloc(p->pieces, room * sizeof *more);

		if (!more)
			return false;
		p->pieces = more;
		p->room = room;
	}
	p->pieces[p->count++] = (struct piece){p->lines.n, line.n};
	dnc_buf_str(&p->lines, line);
	return dnc_buf_reserve(&p->lines, DNC_JSON_PADDING);
}

static bool take_array(struct publish *p, const struct dnc_json *doc)
{
	struct dnc_buf *b = &p->web->scratch;
	size_t index = 0;

	for (uint32_t i = 1; i < doc->node[0].next; i = doc->node[i].next) {
		dnc_buf_clear(b);
		dnc_json_write_node(b, doc, i);
		if (!dnc_buf_reserve(b, DNC_JSON_PADDING) || !dnc_buf_ok(b) ||
			!take_record(p, index++, dnc_buf_view(b)))
			return false;
	}
	return true;
}

static bool take_lines(struct publish *p, struct dnc_str text)
{
	for (size_t index = 0; text.n; index++) {
		const char *end = memchr(text.p, '\n', text.n);
		struct dnc_str line = {text.p, end ? (size_t)(end - text.p) : text.n};

		text.p += line.n + (end ? 1 : 0);
		text.n -= line.n + (end ? 1 : 0);
		if (dnc_str_trim(line).n && !take_record(p, index, line))
			return false;
	}
	return true;
}

/* False when there is no memory, or it is too much. */
static bool take_records(struct publish *p)
{
	struct dnc_str text;
	struct dnc_json doc;
	struct dnc_error err;

	if (!dnc_buf_reserve(&p->body, DNC_JSON_PADDING))
		return false;
	text = dnc_str_trim(dnc_buf_view(&p->body));
	if (text.n && text.p[0] == '[') {
		if (dnc_json_parse(p->web->parser, text.p, text.n, &doc, &err) == 0)
			return take_array(p, &doc);
		err.code = DNC_REJECT_INVALID_JSON;
		reject(p, 0, &err);
		return true;
	}
	/* One event over several lines is one all the same. */
	if (text.n && memchr(text.p, '\n', text.n) &&
		dnc_json_parse(p->web->parser, text.p, text.n, &doc, &err) == 0)
		return take_record(p, 0, text);
	return take_lines(p, text);
}

static void note_access(const struct publish *p)
{
	struct dnc_buf *b = access_begin(p->web, "published", &p->identity, NULL, p->address);

	member_text(b, "role", p->role);
	member_number(b, "accepted", p->receipt.accepted);
	member_number(b, "duplicates", p->receipt.duplicates);
	member_number(b, "rejected", p->rejected);
	member_number(b, "last_seq", p->receipt.last_seq);
	access_end(p->web);
}

static int answer(struct publish *p)
{
	struct dnc_buf *b = &p->web->page;

	dnc_buf_clear(b);
	dnc_buf_printf(b,
		"{\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":[%.*s],\"rejected_count\":%zu,\"last_seq\":%llu}",
		p->receipt.accepted, p->receipt.duplicates, DNC_STR_ARG(dnc_buf_view(&p->rejects)),
		p->rejected, (unsigned long long)p->receipt.last_seq);
	return http_reply(p->wsi, 200, "application/json", b, NULL);
}

/* In the writer's thread. */
static void on_safe(struct dnc_receipt *receipt)
{
	struct publish *p = (struct publish *)receipt;
	struct dnc_web *w = p->web;

	pthread_mutex_lock(&w->published_lock);
	p->next = w->published;
	w->published = p;
	pthread_mutex_unlock(&w->published_lock);
	uv_async_send(&w->published_async);
}

/* In the loop's thread: answers for those that are safe. */
void publish_answer(struct dnc_web *w)
{
	struct publish *p, *next;

	pthread_mutex_lock(&w->published_lock);
	p = w->published;
	w->published = NULL;
	pthread_mutex_unlock(&w->published_lock);
	for (; p; p = next) {
		next = p->next;
		note_access(p);
		if (p->wsi) {
			((struct session *)lws_wsi_user(p->wsi))->publish = NULL;
			if (answer(p) < 0 || lws_http_transaction_completed(p->wsi))
				client_hang_up(p->wsi);
		}
		free_publish(p);
	}
}

static bool offer(struct publish *p)
{
	struct dnc_str *lines = calloc(p->count, sizeof *lines);
	int rc = -1;

	for (size_t i = 0; lines && i < p->count; i++)
		lines[i] = (struct dnc_str){p->lines.p + p->pieces[i].at, p->pieces[i].n};
	p->receipt.safe = on_safe;
	p->handed_over = true;
	if (lines)
		rc = dnc_writer_offer(
			p->web->options->writer, p->web->viewer, lines, p->count, &p->receipt);
	free(lines);
	p->handed_over = rc == 0;
	return rc == 0;
}

int publish_end(struct publish *p)
{
	struct dnc_web *w = p->web;
	struct lws *wsi = p->wsi;
	int rc;

	if (!p->too_large && dnc_buf_ok(&p->body) && take_records(p) && dnc_buf_ok(&p->lines)) {
		if (p->count && offer(p))
			return 0;
		rc = p->count ? http_problem(w, wsi, 503, "Service Unavailable",
					"the log can't take them now")
		              : answer(p);
	} else {
		rc = http_problem(w, wsi, 413, "Content Too Large",
			"a request has 4 MiB and 10000 events at most");
	}
	((struct session *)lws_wsi_user(wsi))->publish = NULL;
	free_publish(p);
	return rc < 0 || lws_http_transaction_completed(wsi) ? -1 : 0;
}

void publish_abandon(struct publish *p)
{
	if (!p)
		return;
	p->wsi = NULL;
	if (!p->handed_over)
		free_publish(p);
}
