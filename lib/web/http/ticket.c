#include "web/http/ticket.h"
#include <sodium.h>
#include "web/http/reply.h"
#include "web/web.h"

/* By enum dnc_ticket_verdict. */
static const struct {
	unsigned status;
	const char *detail;
} faults[] = {
	[DNC_TICKET_SUBJECT] = {429,
		"too many tickets of this subject are unused: use them, or try again when some have "
		"expired, after 30 s at most"},
	[DNC_TICKET_ADDRESS] = {429,
		"too many tickets that this address requested are unused: use them, or try again when "
		"some have expired, after 30 s at most"},
	[DNC_TICKET_TOO_MANY] = {503,
		"too many tickets are unused: try again when some have been used or have expired"},
	[DNC_TICKET_NO_MEMORY] = {503, "the hub is out of memory: try again later"},
};

unsigned ticket_issue(struct dnc_auth *auth, bool enabled, const struct dnc_identity *identity,
	const char *address, struct dnc_buf *page)
{
	char ticket[DNC_TICKET_LEN + 1];
	enum dnc_ticket_verdict verdict;

	if (!enabled) {
		http_problem_open(
			page, 404, "authentication is disabled: open the stream without a ticket");
		return 404;
	}
	verdict = dnc_ticket_make(auth, identity, address, ticket);
	if (verdict != DNC_TICKET_MADE) {
		http_problem_open(page, faults[verdict].status, faults[verdict].detail);
		return faults[verdict].status;
	}
	dnc_buf_printf(page, "{\"ticket\":\"%s\",\"expires_in_s\":%d}", ticket, DNC_TICKET_S);
	sodium_memzero(ticket, sizeof ticket);
	return 200;
}

int ticket_post(struct http_request *r)
{
	struct dnc_buf *page = &r->context->page;
	char group[ADDRESS_MAX];
	unsigned status;

	address_group(r->address, group);
	status = ticket_issue(r->context->options->auth, r->access->keys != NULL,
		&r->principal.identity, group, page);

	if (status != 200)
		return http_problem_send(r->connection, status, NULL);
	return http_reply(r->connection, 200, "application/json", page, NULL);
}
