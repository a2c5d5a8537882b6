#include "priv/loss.h"
#include <stdio.h>
#include "base/log.h"

void loss_begins(struct connection *c, const char *why)
{
	bool several = connection_has_several(c), last = c->fruitless == LOSS_FRUITLESS_SAID;

	if (c->fruitless > LOSS_FRUITLESS_SAID)
		return;
	snprintf(c->lost, sizeof c->lost, "lost the connection to %s (%s)",
		readers_now(&c->readers), why);
	if (several && !last)
		return;
	dnc_warn("%s; %s%s", c->lost, several ? "trying the others" : "reconnecting",
		last ? "; nothing more is said until it acknowledges something" : "");
	c->lost[0] = '\0';
	c->loss_logged = true;
}

void loss_adds(struct connection *c, const char *why)
{
	if (connection_has_several(c) && !c->loss_logged && !c->lost[0] &&
		c->fruitless < LOSS_FRUITLESS_SAID)
		snprintf(c->lost, sizeof c->lost, "%s", why);
}

void loss_stays(struct connection *c)
{
	struct dnc_error last = c->connect_err;

	if (c->lost[0] && !c->give_up_at_ms) {
		dnc_warn("%s; no other address can be reached either; still trying", c->lost);
		c->loss_logged = true;
	}
	c->lost[0] = '\0';
	if (connection_has_several(c))
		dnc_error_set(&c->connect_err, last.code,
			"none of %zu addresses can be reached: %s", c->readers.count, last.message);
	else if (strchr(c->address, ',')) /* two addresses, of which one lacks its head? */
		dnc_error_set(&c->connect_err, last.code,
			"%s; several addresses are written unix:PATH,unix:PATH", last.message);
}

void loss_ends(struct connection *c, bool other)
{
	const char *name = readers_now(&c->readers);

	if (c->lost[0])
		dnc_warn(other ? "%s; %s takes over" : "%s; reconnected to %s", c->lost, name);
	else if (c->loss_logged)
		dnc_note(connection_has_several(c) ? "connected to %s" : "reconnected to %s", name);
	c->lost[0] = '\0';
	c->loss_logged = false;
}
