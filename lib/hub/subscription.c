/* subscription.c - joins and leaves, and what a subscriber subscribes to. */
#include <stdlib.h>
#include "base/clock.h"
#include "hub.h"
#include "priv/deliver.h"
#include "priv/forms.h"
#include "priv/frames.h"
#include "priv/lists.h"
#include "priv/position.h"
#include "priv/replay.h"

/* Gives S what it may get now, in a call of its owner. */
static void turn(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	hub_enter(h);
	deliver(s);
	hub_exit(h);
}

/* FORMS are those of VIEW, held for S. */
static void set_view(struct dnc_subscriber *s, const struct dnc_view *view, struct forms *forms)
{
	struct dnc_view before = s->view;

	s->view = *view;
	dnc_filter_ref(view->sees);
	dnc_mask_ref(view->mask);
	dnc_filter_unref(before.sees);
	dnc_mask_unref(before.mask);
	forms_unref(s->forms);
	s->forms = forms;
}

struct dnc_subscriber *dnc_hub_join(
	struct dnc_hub *h, void *conn, const struct dnc_view *view, const struct dnc_rate *rate)
{
	struct dnc_subscriber *s = calloc(1, sizeof *s);
	struct forms *forms;

	forms = s ? frames_forms(h, view) : NULL;
	if (!forms) {
		free(s);
		return NULL;
	}
	s->hub = h;
	s->conn = conn;
	set_view(s, view, forms);
	dnc_bucket_init(&s->rate, rate->per_minute, rate->burst, dnc_clock_mono_ms());
	s->at = h->seen + 1;
	subscriber_add(h, s);
	return s;
}

void dnc_hub_leave(struct dnc_subscriber *s)
{
	if (!s)
		return;
	dnc_hub_unsubscribe(s);
	dnc_filter_unref(s->view.sees);
	dnc_mask_unref(s->view.mask);
	forms_unref(s->forms);
	dnc_account_unref(s->account);
	s->account = NULL;
	subscriber_free(s);
}

void dnc_subscriber_set_account(struct dnc_subscriber *s, struct dnc_account *account)
{
	dnc_account_ref(account);
	dnc_account_unref(s->account);
	s->account = account;
}

static void stop_search(struct dnc_subscriber *s)
{
	if (s->search)
		search_abandon(s->search);
	s->search = NULL;
	s->waiting = false;
}

/* S is a member of A, or of none if that is NULL. */
static void move_to_channel(struct dnc_subscriber *s, struct channel *a)
{
	live_remove(s);
	if (s->channel)
		channel_leave(&s->hub->channels, s->channel, s->rate.per_minute > 0);
	s->channel = a;
	s->was_work_limited = s->too_costly = false;
}

/* What the subscription of S, which is not live any more, has passed is not sent again. While its position is looked for it
 * has passed nothing. */
static void note_served(struct dnc_subscriber *s)
{
	if (s->sent && (s->phase == PHASE_STARTED || s->phase == PHASE_FLOWING))
		s->served = s->at - 1;
}

void dnc_hub_unsubscribe(struct dnc_subscriber *s)
{
	work_remove(s);
	rate_remove(s);
	stop_search(s);
	move_to_channel(s, NULL);
	note_served(s);
	s->phase = PHASE_IDLE;
}

bool dnc_subscriber_leave_past(struct dnc_subscriber *s)
{
	if (s->phase == PHASE_IDLE)
		return true;
	/* `at` is still where the search begins. */
	if (dnc_subscriber_starting(s) && (s->seek_left || s->search || s->doubt.pending))
		return false;
	if (subscriber_at(s) > s->past)
		return true;
	rate_remove(s);
	s->waiting = false;
	s->gap_from = s->gap_from ? s->gap_from : s->at;
	s->gap_to = s->past;
	s->gap_reason = "forbidden";
	s->at = s->past + 1;
	if (s->phase == PHASE_FLOWING)
		s->phase = PHASE_STARTED;
	work_add(s); /* not at once: its view may be about to change, too */
	return true;
}

static int change_filter(struct dnc_subscriber *s, const struct dnc_filter *filter)
{
	struct channel *a =
		channel_join(&s->hub->channels, &s->view, s->forms, filter, s->rate.per_minute > 0);

	if (!a)
		return -1;
	move_to_channel(s, a);
	return 0;
}

int dnc_hub_refilter(struct dnc_subscriber *s, const struct dnc_filter *filter)
{
	if (change_filter(s, filter) < 0)
		return -1;
	turn(s); /* live again, when it was */
	return 0;
}

int dnc_subscriber_set_view(
	struct dnc_subscriber *s, const struct dnc_view *view, const struct dnc_rate *rate)
{
	const struct dnc_filter *filter = dnc_subscriber_filter(s);
	struct dnc_hub *h = s->hub;
	struct forms *forms = frames_forms(h, view);
	struct channel *a = NULL;

	if (!forms)
		return -1;
	if (filter &&
		!(a = channel_join(&h->channels, view, forms, filter, rate->per_minute > 0))) {
		forms_unref(forms);
		return -1;
	}
	rate_remove(s);
	move_to_channel(s, a);
	set_view(s, view, forms);
	dnc_bucket_change(&s->rate, rate->per_minute, rate->burst, dnc_clock_mono_ms());
	turn(s);
	return 0;
}

int dnc_hub_subscribe(
	struct dnc_subscriber *s, const struct dnc_filter *filter, const struct dnc_start *start)
{
	struct dnc_hub *h = s->hub;
	struct search *search = NULL;

	if (start->from == DNC_START_TIME && h->replay) {
		search = search_start(h->options.reader,
			&(struct search_for){.ms = start->ms, .account = s->account}, s, h->found);
		if (!search)
			return -1;
	}
	if (change_filter(s, filter) < 0) {
		if (search)
			search_abandon(search);
		return -1;
	}
	work_remove(s);
	rate_remove(s);
	stop_search(s);
	note_served(s);
	position_set(s, start);
	if (search) {
		s->search = search;
		s->phase = PHASE_SEARCHING;
	}
	turn(s);
	return 0;
}

void dnc_subscriber_ready(struct dnc_subscriber *s)
{
	s->full = false;
	turn(s);
}

void dnc_subscriber_full(struct dnc_subscriber *s)
{
	live_remove(s);
	s->full = true;
}
