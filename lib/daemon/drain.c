#include "daemon/drain.h"
#include "base/clock.h"

/* How often the workers are asked what is left, and how long they may take to close connections by force. */
enum { STEP_MS = 20, FORCE_MS = 500 };

void dnc_drain_init(struct dnc_drain *d, uv_loop_t *loop)
{
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
}

/* Returns how many connections are left; SIZE_MAX if not all workers have answered. */
static size_t drain_workers(struct dnc_drain *d, bool force)
{
	size_t left = 0;

	for (unsigned i = 0; i < d->worker_count; i++) {
		size_t one = dnc_worker_drain(&d->workers[i], force);

		left = one > SIZE_MAX - left ? SIZE_MAX : left + one;
	}
	return left;
}

static void move_events(struct dnc_drain *d)
{
	if (d->cut)
		dnc_pump_discard(d->pump);
	else
		while (dnc_pump_run(d->pump))
			;
}

static void on_step(uv_timer_t *timer)
{
	struct dnc_drain *d = timer->data;
	int64_t now = dnc_clock_mono_ms();
	bool late = now >= d->until_ms, in_hand;
	/* Asked first: what was committed when it ended is then moved below. */
	bool ended = dnc_intake_ended(d->intake);

	move_events(d);
	in_hand = !late && (!ended || dnc_pump_pending(d->pump));
	if (in_hand && !d->cut)
		return;
	if (drain_workers(d, late || d->cut) > 0 && now < d->force_ms)
		return;
	if (in_hand)
		return;
	uv_timer_stop(&d->timer);
	d->finished(d->ctx);
}

bool dnc_drain_begin(struct dnc_drain *d)
{
	if (atomic_exchange(&d->begun, true))
		return false;
	d->until_ms = dnc_clock_mono_ms() + d->grace_ms;
	d->force_ms = d->until_ms + FORCE_MS;
	for (unsigned i = 0; i < d->worker_count; i++)
		dnc_worker_refuse(&d->workers[i]);
	dnc_intake_stop(d->intake);
	uv_timer_start(&d->timer, on_step, 0, STEP_MS);
	return true;
}

bool dnc_drain_cut(struct dnc_drain *d)
{
	bool first = dnc_drain_begin(d);

	d->cut = true;
	d->force_ms = dnc_clock_mono_ms() + FORCE_MS;
	return first;
}

bool dnc_drain_begun(const struct dnc_drain *d)
{
	return d->begun;
}

void dnc_drain_close(struct dnc_drain *d)
{
	uv_timer_stop(&d->timer);
	uv_close((uv_handle_t *)&d->timer, NULL);
}
