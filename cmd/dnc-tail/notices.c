#include "notices.h"
#include "base/log.h"

static void lost_the_only_one(struct connection *c, const char *why)
{
	if (!c->lost_told && c->subscribed)
		dnc_warn("connection lost (%s); reconnecting%s", why,
			c->held ? " after the received events are written" : "");
	else if (!c->lost_told)
		dnc_warn("unable to connect (%s); retrying in %lld s", why,
			(long long)(c->pause_ms + 999) / 1000);
	else if (!c->retry_told && c->subscribed) {
		dnc_warn("unable to reconnect (%s); retrying every few seconds", why);
		c->retry_told = true;
	}
	c->lost_told = true;
}

/* Of several hubs, the one that FAILED, once in each outage. */
void notice_lost(struct connection *c, struct hub *failed, const char *why)
{
	char from[ADDRESS_TEXT], to[ADDRESS_TEXT];

	if (c->hubs.count == 1) {
		lost_the_only_one(c, why);
		return;
	}
	address_write(&failed->address, from);
	address_write(&hubs_now(&c->hubs)->address, to);
	if (c->attempt.confirmed)
		dnc_warn("connection to %s lost (%s); %s%s%s", from, why,
			c->next == HUBS_SAME ? "reconnecting" : "trying ",
			c->next == HUBS_SAME ? "" : to,
			c->held ? " after the received events are written" : "");
	else if (!failed->told && c->next == HUBS_ROUND)
		dnc_warn("unable to connect to %s (%s); retrying all hubs every few seconds", from,
			why);
	else if (!failed->told)
		dnc_warn("unable to connect to %s (%s); trying %s", from, why, to);
	failed->told = failed->told || !c->attempt.confirmed;
	c->lost_told = true;
}

void notice_end(const struct connection *c, const struct address *address, const char *why)
{
	char text[ADDRESS_TEXT];

	address_write(address, text);
	dnc_err("%s %s: %s",
		c->attempt.confirmed ? "lost the connection to" : "unable to connect to", text,
		why);
}

void notice_confirmed(struct connection *c)
{
	char hub[ADDRESS_TEXT];

	address_write(&hubs_now(&c->hubs)->address, hub);
	if (c->hubs.count > 1)
		dnc_note("%s to %s", c->subscribed ? "reconnected" : "connected", hub);
	else if (c->lost_told)
		dnc_note(c->subscribed ? "reconnected" : "connected");
	c->lost_told = c->retry_told = false;
}
