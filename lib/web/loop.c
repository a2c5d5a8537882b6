#include "priv/loop.h"

static void on_tick(uv_timer_t *timer);

/* Ticks as long as the hub needs it. */
static void update_ticks(struct loop *l)
{
	bool ticks = dnc_hub_needs_ticks(l->hub);

	if (ticks == l->ticking)
		return;
	l->ticking = ticks;
	if (ticks)
		uv_timer_start(&l->ticks, on_tick, DNC_HUB_TICK_MS, DNC_HUB_TICK_MS);
	else
		uv_timer_stop(&l->ticks);
}

static void on_tick(uv_timer_t *timer)
{
	struct loop *l = timer->data;

	dnc_hub_tick(l->hub);
	update_ticks(l);
}

static void on_work(uv_idle_t *idle)
{
	struct loop *l = idle->data;
	bool more = dnc_hub_work(l->hub);

	l->advanced(l->advanced_ctx);
	update_ticks(l);
	if (more)
		return;
	uv_idle_stop(idle);
	l->working = false;
}

void loop_work(struct loop *l)
{
	if (l->working || l->closed)
		return;
	l->working = true;
	uv_idle_start(&l->work, on_work);
}

void loop_advance(struct loop *l)
{
	bool more = dnc_hub_advance(l->hub);

	l->advanced(l->advanced_ctx);
	if (more)
		loop_work(l);
}

static void on_second(uv_timer_t *timer)
{
	struct loop *l = timer->data;

	l->second(l->second_ctx);
}

static void on_turn_end(uv_prepare_t *prepare)
{
	struct loop *l = prepare->data;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(prepare->loop);

	if (l->turn_ns)
		dnc_histogram_observe(
			l->turns, (int64_t)(now - l->turn_ns - (idle - l->idle_ns)), 1);
	l->turn_ns = now;
	l->idle_ns = idle;
}

void loop_start(struct loop *l, uv_loop_t *uv)
{
	uv_loop_configure(uv, UV_METRICS_IDLE_TIME);
	uv_idle_init(uv, &l->work);
	uv_timer_init(uv, &l->ticks);
	uv_timer_init(uv, &l->seconds);
	uv_prepare_init(uv, &l->turn_end);
	l->work.data = l->ticks.data = l->seconds.data = l->turn_end.data = l;
	uv_prepare_start(&l->turn_end, on_turn_end);
	uv_timer_start(&l->seconds, on_second, 1000, 1000);
}

void loop_close(struct loop *l)
{
	l->closed = true;
	uv_close((uv_handle_t *)&l->work, NULL);
	uv_close((uv_handle_t *)&l->ticks, NULL);
	uv_close((uv_handle_t *)&l->seconds, NULL);
	uv_close((uv_handle_t *)&l->turn_end, NULL);
}
