#include "daemon/worker.h"
#include <errno.h>
#include "base/thread.h"

static void close_all(struct dnc_worker *w)
{
	dnc_web_close(w->web);
	w->ended = true;
	dnc_reader_free(w->reader);
	w->reader = NULL;
	uv_close((uv_handle_t *)&w->wake, NULL);
	uv_close((uv_handle_t *)&w->found, NULL);
}

/* In the loop's thread. */
static void apply_order(struct dnc_worker *w, enum dnc_worker_order order)
{
	if (order == DNC_WORKER_REFUSE)
		dnc_web_refuse(w->web);
	if (order == DNC_WORKER_DRAIN || order == DNC_WORKER_FORCE)
		w->left = dnc_web_drain(w->web, order == DNC_WORKER_FORCE);
	if (order == DNC_WORKER_END)
		close_all(w);
}

static void on_wake(uv_async_t *async)
{
	struct dnc_worker *w = async->data;

	if (w->ended)
		return;
	if (atomic_exchange(&w->reload, false))
		dnc_web_reload(w->web);
	dnc_web_flush(w->web);
	apply_order(w, w->order);
}

static void on_found(uv_async_t *async)
{
	struct dnc_worker *w = async->data;

	if (w->ended)
		return;
	dnc_reader_finish(w->reader);
}

static void on_hub_work(void *ctx)
{
	dnc_web_work(((struct dnc_worker *)ctx)->web);
}

/* In the reader's thread. */
static void wake_found(void *ctx)
{
	uv_async_send(&((struct dnc_worker *)ctx)->found);
}

int dnc_worker_open(struct dnc_worker *w, uv_loop_t *loop, struct dnc_journal *journal,
	const struct dnc_hub_options *hub, const struct dnc_web_options *web, struct dnc_error *err)
{
	struct dnc_hub_options hub_options = *hub;

	w->loop = loop ? loop : &w->own_loop;
	w->left = SIZE_MAX;
	if ((!loop && uv_loop_init(w->loop) != 0) ||
		uv_async_init(w->loop, &w->wake, on_wake) != 0 ||
		uv_async_init(w->loop, &w->found, on_found) != 0)
		return dnc_error_set(err, ENOMEM, "unable to make an event loop");
	w->wake.data = w->found.data = w;
	if (!(w->reader = dnc_reader_new(journal, wake_found, w, err)))
		return -1;
	hub_options.reader = dnc_journal_keeps_events(journal) ? w->reader : NULL;
	hub_options.work = on_hub_work;
	hub_options.ctx = w;
	w->hub = dnc_hub_new(&hub_options);
	if (!w->hub) {
		err->code = ENOMEM;
		return dnc_error_nomem(err);
	}
	w->web_options = *web;
	w->web_options.hub = w->hub;
	w->web_options.reader = w->reader;
	w->web = dnc_web_new(w->loop, &w->web_options);
	return w->web ? dnc_web_open(w->web, err) : dnc_error_nomem(err);
}

static void *run(void *ctx)
{
	struct dnc_worker *w = ctx;

	uv_run(w->loop, UV_RUN_DEFAULT);
	return NULL;
}

int dnc_worker_start(struct dnc_worker *w)
{
	w->started = dnc_thread_start(&w->thread, run, w) == 0;
	return w->started ? 0 : -1;
}

void dnc_worker_wake(struct dnc_worker *w)
{
	uv_async_send(&w->wake);
}

void dnc_worker_reload(struct dnc_worker *w)
{
	w->reload = true;
	dnc_worker_wake(w);
}

static void give_order(struct dnc_worker *w, enum dnc_worker_order order)
{
	w->order = order;
	if (w->started)
		dnc_worker_wake(w);
	else
		apply_order(w, order);
}

void dnc_worker_refuse(struct dnc_worker *w)
{
	give_order(w, DNC_WORKER_REFUSE);
}

size_t dnc_worker_drain(struct dnc_worker *w, bool force)
{
	give_order(w, force ? DNC_WORKER_FORCE : DNC_WORKER_DRAIN);
	return w->left;
}

void dnc_worker_end(struct dnc_worker *w)
{
	if (!w->started) {
		close_all(w);
		return;
	}
	w->order = DNC_WORKER_END;
	dnc_worker_wake(w);
	pthread_join(w->thread, NULL);
}

void dnc_worker_free(struct dnc_worker *w)
{
	dnc_web_free(w->web);
	if (w->loop == &w->own_loop)
		uv_loop_close(w->loop);
	dnc_hub_free(w->hub);
}
