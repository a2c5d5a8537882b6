#include "priv/sessions.h"
#include <sodium.h>
#include "base/clock.h"
#include "priv/messages.h"

int sessions_init(struct sessions *all)
{
	*all = (struct sessions){.request_parser = dnc_json_parser_new()};
	dnc_list_init(&all->list);
	heartbeat_queue_init(&all->heard, PING_INTERVAL_S);
	heartbeat_queue_init(&all->pinged, PONG_LIMIT_S);
	heartbeat_queue_init(&all->streams, SSE_COMMENT_S);
	heartbeat_queue_init(&all->opening, AUTH_LIMIT_S);
	all->inflater = inflater_new(DNC_WEB_MAX_MESSAGE);
	return all->request_parser && all->inflater ? 0 : -1;
}

void sessions_destroy(struct sessions *all)
{
	dnc_json_parser_free(all->request_parser);
	inflater_free(all->inflater);
	dnc_buf_free(&all->scratch);
	dnc_buf_free(&all->conns.encoded);
}

static struct session *due(const struct heartbeat_queue *q, int64_t now_ms)
{
	struct heartbeat *h = heartbeat_due(q, now_ms);

	return h ? DNC_LIST_ELEMENT(h, struct session, heartbeat) : NULL;
}

static void check_deadlines(struct sessions *all)
{
	int64_t now = dnc_clock_mono_ms();
	struct session *s;

	while ((s = due(&all->pinged, now))) {
		heartbeat_leave(&s->heartbeat);
		conn_lost(&s->conn);
	}
	while ((s = due(&all->opening, now))) {
		heartbeat_leave(&s->heartbeat);
		conn_close(&s->conn, CLOSE_AUTH_TIMEOUT);
	}
	while ((s = due(&all->heard, now))) {
		heartbeat_enter(&all->pinged, &s->heartbeat, now);
		conn_ping(&s->conn);
	}
	while ((s = due(&all->streams, now))) {
		heartbeat_enter(&all->streams, &s->heartbeat, now);
		conn_ping(&s->conn);
	}
}

/* None is freed meanwhile: the library drops connections in turns of its own. */
static void refresh(struct sessions *all, bool renewed)
{
	DNC_LIST_EACH (link, &all->list)
		session_refresh(DNC_LIST_ELEMENT(link, struct session, link), renewed);
}

/* Nobody needs to know of a hub that is gone: who goes there finds out. But all that are left of the list are told again with the
 * next that is new. */
static void note_hubs(struct sessions *all, const struct others *others)
{
	int64_t now = dnc_clock_mono_ms();
	uint64_t digest = others_digest(others);

	if (digest == all->hubs_digest || now < all->hubs_due_ms)
		return;
	all->hubs_digest = digest;
	all->hubs_changes++;
	all->hubs_due_ms = now + HUBS_AGAIN_S * INT64_C(1000);
}

/* A bounded number each time, so that events wait for no more. */
static void tell_hubs(struct sessions *all)
{
	struct others others;
	int left = HUBS_TOLD_MAX;

	others_read(&others, all->hubs);
	if (!others.count)
		return;
	note_hubs(all, &others);
	DNC_LIST_EACH (link, &all->list) {
		struct session *s = DNC_LIST_ELEMENT(link, struct session, link);

		if (s->conn.state != CONN_OPEN || s->hubs_changes == all->hubs_changes)
			continue;
		if (!left--)
			return;
		s->hubs_changes = all->hubs_changes;
		send_hubs(s, &others);
	}
}

void sessions_tick(struct sessions *all, bool renewed)
{
	check_deadlines(all);
	refresh(all, renewed);
	lag_tick(all);
	if (all->hubs)
		tell_hubs(all);
}

void sessions_renew(struct sessions *all)
{
	refresh(all, true);
}

void sessions_publish_stats(const struct sessions *all)
{
	const struct dnc_auth_snapshot *snapshot = all->identity->snapshot;
	struct stats_roles roles = {0};
	const struct dnc_role *role;

	/* A role without clients has a number, too: 0. */
	for (size_t i = 0; (role = dnc_roles_at(snapshot->roles, i)); i++)
		stats_count_role(&roles, role->name, 0);
	DNC_LIST_EACH (link, &all->list) {
		const struct session *s = DNC_LIST_ELEMENT(link, struct session, link);

		stats_count_role(&roles, s->role ? s->role->name : "", 1);
	}
	stats_publish(all->stats, all->hub, &roles);
}

static void shut_down(struct session *s, struct others *others, uint16_t retry_ms)
{
	if (s->conn.state == CONN_OPEN && others->count)
		send_shutdown(s, retry_ms, others);
	conn_close_for_shutdown(&s->conn, retry_ms);
}

size_t sessions_drain(struct sessions *all, bool force)
{
	struct others others;

	others_read(&others, all->hubs);
	DNC_LIST_EACH (link, &all->list) {
		struct session *s = DNC_LIST_ELEMENT(link, struct session, link);

		/* Spread, so that they do not all come back at once. */
		if (conn_accepts(&s->conn) && (force || session_is_done(s)))
			shut_down(s, &others, (uint16_t)(500 + randombytes_uniform(4500)));
	}
	return all->count;
}
