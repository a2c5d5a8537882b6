/* optout_sender.c - the number of the consumer who sent a message. */
#include "base/words.h"
#include "priv/optout.h"
#include "priv/record.h"

/* Applications that providers write before a number: "whatsapp:+12025550143". */
static const char channels[] = "whatsapp sms mms rcs viber";

/* Takes the application before a number off it; p is NULL if there is none. */
static struct dnc_str take_channel(struct dnc_str *number)
{
	const char *colon = memchr(number->p, ':', number->n);
	struct dnc_str channel = {number->p, colon ? (size_t)(colon - number->p) : 0};

	if (!channel.n || !dnc_words_have(channels, channel))
		return (struct dnc_str){0};
	number->p += channel.n + 1;
	number->n -= channel.n + 1;
	return channel;
}

/* Reads the sender's NUMBER with the members beside it, and beside the objects that it is in: FromCountry, or in
 * "from":{"number":...,"country_code":...}. */
static enum dnc_source_result read_beside(
	struct dnc_source *s, const struct optout_message *m, struct dnc_beside_number *number)
{
	const struct dnc_json_node *node = m->doc->node;
	uint32_t objects[DNC_JSON_MAX_DEPTH], sender = m->part[PART_SENDER], at = 0;
	struct dnc_error err;
	size_t count = 0;

	while (at != sender && count < DNC_JSON_MAX_DEPTH) {
		objects[count++] = at++;
		while (node[at].next <= sender)
			at = node[at].next;
	}
	return dnc_beside_apply_members(&s->beside,
		       dnc_beside_owner(node[sender].key, DNC_SIDE_CALLER), m->doc, objects, count,
		       number, &err) < 0
	               ? source_reject_beside(s, &err)
	               : DNC_SOURCE_MORE;
}

enum dnc_source_result optout_add_sender(struct dnc_source *s, const struct optout_message *m)
{
	struct dnc_str text = optout_text(m, PART_SENDER), channel = take_channel(&text);
	struct dnc_beside_number number;
	enum dnc_source_result rc;
	char plus[32] = "+";

	if (optout_text(m, PART_CHANNEL).p)
		channel = optout_text(m, PART_CHANNEL);
	if (m->international && text.n < sizeof plus && source_is_digits(text, text.n)) {
		memcpy(plus + 1, text.p, text.n);
		text = (struct dnc_str){plus, text.n + 1};
	}
	number = dnc_beside_number(text);
	if ((rc = read_beside(s, m, &number)))
		return rc;
	source_add_number(s, number.read);
	source_add(s, "channel", channel);
	return DNC_SOURCE_MORE;
}
