/* optout.c - messages that consumers send to messaging providers: webhooks in JSON or as forms. */
#include "base/clock.h"
#include "base/uuid.h"
#include "base/words.h"
#include "phone/phone.h"
#include "priv/format.h"
#include "priv/optout.h"

/* The digits of seconds, milliseconds and microseconds since 1970 in this century. */
enum { S_DIGITS = 10, MS_DIGITS = 13, US_DIGITS = 16 };

/* Of a number of the North American plan without its country code. */
enum { NANP_DIGITS = 10 };

/* The members that the event has from the parts; others keep their names. */
static const char own_keys[] =
	"to body opt_out_type scope channel source_id seq id event_data metadata";

/* Members that differ from one delivery of a message to the next, in lower case, letters only. */
static const char delivery_names[] =
	"attempt attempts attemptnumber attemptcount attemptedat deliveryattempt deliveryattempts "
	"deliverycount deliveryid deliveredto deliveredat redelivered redelivery retry retries retrycount "
	"retrynumber retryattempt webhookdeliveryid";

static bool is_delivery(struct dnc_str key)
{
	char text[20];
	size_t n = 0;

	for (size_t i = 0; i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[i] | 0x20;

		if (c < 'a' || c > 'z')
			continue;
		if (n == sizeof text)
			return false;
		text[n++] = (char)c;
	}
	return n && dnc_words_have(delivery_names, (struct dnc_str){text, n});
}

/* Writes a value without what belongs to its delivery in the objects of it. Its depth is that of the JSON. */
static void write_value(struct dnc_source *s, const struct dnc_json *doc, uint32_t at)
{
	const struct dnc_json_node *node = doc->node;

	if (node[at].type != DNC_JSON_OBJECT) {
		dnc_json_write_node(&s->event, doc, at);
		return;
	}
	dnc_buf_chr(&s->event, '{');
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		if (is_delivery(node[i].key))
			continue;
		dnc_json_write_key(&s->event, node[i].key);
		write_value(s, doc, i);
	}
	dnc_buf_chr(&s->event, '}');
}

static int64_t read_digits(struct dnc_str text)
{
	int64_t value = 0;

	for (size_t i = 0; i < text.n; i++)
		value = value * 10 + (text.p[i] - '0');
	return value;
}

/* A time as providers write it, or since 1970 in seconds, milliseconds or microseconds. */
static bool read_time(struct dnc_str text, int64_t *ms)
{
	static const struct {
		size_t digits;
		int64_t times, per;
	} units[] = {{S_DIGITS, 1000, 1}, {MS_DIGITS, 1, 1}, {US_DIGITS, 1, 1000}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (source_is_digits(text, units[i].digits)) {
			*ms = read_digits(text) * units[i].times / units[i].per;
			return true;
		}
	return text.n && (dnc_clock_parse(text, ms) || dnc_clock_parse_local(text, ms));
}

/* A message has an id of its own: one that is delivered again is the same event. */
static void add_identity(struct dnc_source *s, const struct optout_message *m, const char *action)
{
	struct dnc_str id = optout_text(m, PART_ID);
	const struct dnc_str parts[] = {
		DNC_STR("optout"), dnc_str(action), optout_text(m, PART_SENDER), id};
	char uuid[DNC_UUID_LEN];

	if (!id.p)
		return;
	if (dnc_uuid_read(id, uuid)) {
		source_add(s, "id", id);
		return;
	}
	source_add_identity(s, parts, sizeof parts / sizeof parts[0]);
	source_add(s, "source_id", id);
}

/* True if the value of member AT is in the event already. */
static bool is_used(const struct optout_message *m, uint32_t at, bool timed)
{
	for (int p = 0; p < OPTOUT_PARTS; p++)
		if (m->part[p] == at && (p != PART_TIME || timed) && p != PART_KEYWORD)
			return true;
	return false;
}

/* Adds the other members. One with the name of a field of events gets a prefix: what it means is the provider's matter. */
static void add_others(struct dnc_source *s, const struct optout_message *m, bool timed)
{
	const struct dnc_json_node *node = m->doc->node;

	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		struct dnc_str key = node[i].key;
		bool provider = (dnc_str_eq(key, DNC_STR("provider")) ||
					dnc_str_eq(key, DNC_STR("provider_id"))) &&
		                node[i].type == DNC_JSON_STRING && node[i].text.n;

		if (node[i].type == DNC_JSON_NULL || is_used(m, i, timed) || is_delivery(key) ||
			(provider && dnc_str_eq(key, DNC_STR("provider"))))
			continue;
		if (!provider &&
			(dnc_words_have(own_keys, key) || dnc_event_has_field(DNC_TYPES, key))) {
			char name[64] = "message_";

			memcpy(name + 8, key.p, key.n); /* no name of a field is longer */
			dnc_json_write_key(&s->event, (struct dnc_str){name, 8 + key.n});
		} else {
			dnc_json_write_key(&s->event, key);
		}
		write_value(s, m->doc, i);
	}
}

static void add_provider(struct dnc_source *s, const struct optout_message *m)
{
	uint32_t at = dnc_json_get(m->doc, 0, DNC_STR("provider"));
	bool own = at && m->doc->node[at].type == DNC_JSON_STRING && m->doc->node[at].text.n;

	source_add(s, "provider", own ? m->doc->node[at].text : dnc_str(s->options.provider));
	if (!dnc_json_get(m->doc, 0, DNC_STR("provider_id")))
		source_add(s, "provider_id", dnc_str(s->options.provider_id));
	source_add(s, "reason", DNC_STR("consumer_request"));
	source_add(s, "source", DNC_STR("consumer"));
}

static enum dnc_source_result make_event(
	struct dnc_source *s, const struct optout_message *m, enum optout_action action)
{
	bool stop = action == OPTOUT_STOP;
	enum dnc_source_result rc;
	char text[DNC_TIME_LEN];
	int64_t ms;
	bool timed = read_time(optout_text(m, PART_TIME), &ms);

	source_begin(s, stop ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED);
	add_identity(s, m, stop ? "stop" : "start");
	if ((rc = optout_add_sender(s, m)))
		return rc;
	if (timed) {
		dnc_clock_format(ms, text);
		source_add(s, "timestamp", (struct dnc_str){text, sizeof text});
	}
	add_provider(s, m);
	source_add(s, "to", optout_text(m, PART_RECEIVER));
	source_add(s, "opt_out_type", optout_text(m, PART_TYPE));
	source_add(s, "body", optout_text(m, PART_BODY));
	source_add(s, "scope", optout_text(m, PART_SCOPE));
	add_others(s, m, timed);
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

/* The provider's own word stands before the text, and the text before its first word. */
static enum dnc_source_result read_action(
	struct dnc_source *s, const struct optout_message *m, enum optout_action *action)
{
	static const enum optout_part order[] = {PART_TYPE, PART_BODY, PART_KEYWORD};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		struct dnc_str text = optout_text(m, order[i]);

		if (!text.p)
			continue;
		*action = optout_action(text);
		if (*action != OPTOUT_NONE)
			return DNC_SOURCE_MORE;
		if (order[i] == PART_TYPE)
			return source_reject(s, DNC_REJECT_INVALID_FIELD, "OptOutType",
				"OptOutType is not STOP, START or HELP");
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "Body",
			"the message is not a keyword like STOP, START or HELP: read it; if it asks for "
			"no more calls, send it again with OptOutType=STOP");
	}
	return source_reject(s, DNC_REJECT_MISSING_FIELD, "Body",
		"neither OptOutType nor a text: this is no message of a consumer");
}

/* Rejects a message that may not be of the consumer who is its sender. To release a number wrongly is worse than to suppress
 * one: a release needs that no member speaks against it. */
static enum dnc_source_result check_inbound(
	struct dnc_source *s, const struct optout_message *m, enum optout_action action)
{
	uint32_t at = m->outbound;
	struct dnc_str key;

	if (!at && (action == OPTOUT_START || !m->inbound))
		at = m->report;
	if (!at && action == OPTOUT_START)
		at = m->perhaps_outbound;
	if (!at)
		return DNC_SOURCE_MORE;
	key = m->doc->node[at].key;
	if (key.n > 40)
		key.n = 40;
	return source_reject(s, DNC_REJECT_INVALID_FIELD, "direction",
		"%.*s says that the message is not one that was received from a consumer: its sender is not the "
		"consumer",
		DNC_STR_ARG(key));
}

/* Rejects a message that says two things. A release needs that all texts ask for it. */
static enum dnc_source_result check_texts(
	struct dnc_source *s, const struct optout_message *m, enum optout_action action)
{
	bool contradicts = m->other_text || (action == OPTOUT_START && m->no_start) ||
	                   (action == OPTOUT_HELP && m->stops);

	if (!contradicts)
		return DNC_SOURCE_MORE;
	return source_reject(s, DNC_REJECT_INVALID_FIELD, "Body",
		"the message has two texts that do not ask for the same: read it, and send it again with one of "
		"them, or with OptOutType=STOP alone if it asks for no more calls");
}

/* Rejects a message whose sender is not known for certain. */
static enum dnc_source_result check_sender(struct dnc_source *s, const struct optout_message *m)
{
	if (m->other_sender)
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "phone_number",
			"the message has several senders, one of them in %.*s: select one with --map",
			DNC_STR_ARG(m->doc->node[m->other_sender].key));
	if (!m->part[PART_SENDER])
		return source_reject(s, DNC_REJECT_MISSING_FIELD, "From", "From is missing");
	if (m->international && source_is_digits(optout_text(m, PART_SENDER), NANP_DIGITS) &&
		dnc_phone_region_nanp(s->options.region))
		return source_reject(s, DNC_REJECT_INVALID_PHONE_NUMBER, "msisdn",
			"msisdn has ten digits: it may be a number without its country code, or one of another "
			"country: send it with a plus sign");
	return DNC_SOURCE_MORE;
}

static enum dnc_source_result read_text(struct dnc_source *s, struct dnc_str text)
{
	struct optout_message m;
	struct dnc_json doc;
	enum dnc_source_result rc;
	enum optout_action action = OPTOUT_NONE;

	if (s->options.map)
		return source_text(s, text);
	if (!source_parse(s, text, &doc, &rc))
		return rc;
	optout_read(&m, &doc);
	if ((rc = read_action(s, &m, &action)) || (rc = check_inbound(s, &m, action)) ||
		(rc = check_texts(s, &m, action)))
		return rc;
	if (action == OPTOUT_HELP)
		return DNC_SOURCE_DROPPED;
	if ((rc = check_sender(s, &m)))
		return rc;
	return make_event(s, &m, action);
}

/* A form becomes a JSON object. */
static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct dnc_buf *json = &s->documents.text;

	if (documents_start(line->text) || s->documents.across)
		return documents_line(s, line);
	dnc_buf_clear(json);
	if (!form_write_json(json, dnc_str_trim(line->text)))
		return dnc_buf_ok(json) ? source_reject(s, DNC_REJECT_INVALID_ROW, "",
						  "neither a JSON object nor the body of a form")
		                        : DNC_SOURCE_FAILED;
	if (!dnc_buf_reserve(json, DNC_JSON_PADDING) || !dnc_buf_ok(json))
		return DNC_SOURCE_FAILED;
	return read_text(s, dnc_buf_view(json));
}

static bool has(struct dnc_str text, const char *name)
{
	return memmem(text.p, text.n, name, strlen(name));
}

static bool detect_form(struct dnc_str line)
{
	static const char *const names[] = {"From=", "from=", "msisdn=", "OptOutType="};

	if (!line.n)
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (memchr(" ,;\t\"", line.p[i], 5))
			return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *at = memmem(line.p, line.n, names[i], strlen(names[i]));

		if (at && (at == line.p || at[-1] == '&'))
			return true;
	}
	return false;
}

static bool detect_message(struct dnc_str text)
{
	if (has(text, "\"dnc.") || has(text, "\"specversion\""))
		return false;
	if (has(text, "\"OptOutType\""))
		return true;
	return (has(text, "\"From\"") || has(text, "\"from\"") || has(text, "\"msisdn\"") ||
		       has(text, "\"originator\"") || has(text, "\"originationNumber\"")) &&
	       (has(text, "\"Body\"") || has(text, "\"body\"") || has(text, "\"Text\"") ||
		       has(text, "\"text\"") || has(text, "\"messageBody\""));
}

static void detect(const struct sample *sample, struct verdict *v)
{
	struct dnc_str json = documents_sample(sample);

	if (json.p ? detect_message(json) : detect_form(sample_first(sample)))
		verdict_set(
			v, FORMAT_SURE, "it starts with a message that has a sender and a text");
	else
		verdict_set(v, FORMAT_NO, "it does not start with a message of a consumer");
}

const struct format format_optout = {
	.about = {"optout", "messages of consumers to a messaging provider: STOP, START",
		DNC_FORMAT_CHANGES},
	.origin = {.source = "consumer", .reason = "consumer_request"},
	.detect = detect,
	.line = read_line,
	.next = documents_next,
	.text = read_text};
