#include "messages.h"
#include "base/clock.h"
#include "base/log.h"

static void add_since_time(struct dnc_buf *b, int64_t ms)
{
	char time[DNC_TIME_LEN];

	dnc_clock_format(ms, time);
	dnc_json_write_key(b, DNC_STR("since_time"));
	dnc_json_write_str(b, (struct dnc_str){time, sizeof time});
}

/* The number of an event is never empty. */
void message_find_time(struct dnc_buf *b, int64_t ms)
{
	dnc_buf_lit(b, "{\"type\":\"subscribe\",\"filters\":{\"phone_patterns\":[\"^$\"]}");
	add_since_time(b, ms);
	dnc_buf_chr(b, '}');
}

bool message_subscribe(struct dnc_buf *b, const struct options *options, struct dnc_str filter,
	const struct resume *r)
{
	const struct start *start = &options->start;

	dnc_buf_lit(b, "{\"type\":\"subscribe\",\"filters\":");
	dnc_buf_str(b, filter);
	if (r->known && !r->may_replay) {
		dnc_buf_lit(b, ",\"last\":0");
	} else if (r->known || start->from == START_SINCE) {
		dnc_buf_lit(b, ",\"since\":");
		dnc_buf_u64(b, r->known ? r->seq : start->seq);
		if (r->known && r->epoch) {
			dnc_json_write_key(b, DNC_STR("epoch"));
			dnc_json_write_str(b, dnc_str(r->epoch));
		}
	} else if (start->from == START_TIME) {
		add_since_time(b, start->ms);
	} else {
		dnc_buf_lit(b, ",\"last\":");
		dnc_buf_u64(b, r->may_replay || options->lines_given ? options->lines : 0);
	}
	dnc_buf_chr(b, '}');
	return !r->known || r->may_replay;
}

uint64_t message_number(const struct dnc_json *doc, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(key));
	int64_t n = 0;

	return at && dnc_json_int(&doc->node[at], &n) && n > 0 ? (uint64_t)n : 0;
}

struct dnc_str message_text(const struct dnc_json *doc, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(key));

	return at ? doc->node[at].text : DNC_STR("");
}

bool message_may(const struct dnc_json *doc, uint32_t metadata, struct dnc_str permission)
{
	uint32_t list = dnc_json_get(doc, metadata, DNC_STR("permissions"));

	for (uint32_t i = list + 1; list && i < doc->node[list].next; i = doc->node[i].next)
		if (dnc_str_eq(doc->node[i].text, permission))
			return true;
	return !list;
}

/* The text for a reason. */
struct words {
	const char *reason, *gap, *held_back;
};

static const struct words words[] = {{"retention", "they were removed from the hub's log", NULL},
	{"missing", "they are missing in the hub's log: they were deleted, or the log is damaged",
		NULL},
	{"lag", "this client read too slowly; the hub's log has them",
		"it reads more slowly than events arrive"},
	{"rate_limit", "the rate limit delayed this client too long; the hub's log has them",
		"its rate limit is lower than the rate of events"},
	{"filter_cost", "its patterns take too much work; the hub's log has them",
		"its patterns take too much work: use simpler ones"},
	{"role_cost",
		"telling whether the role sees them takes too much work; the hub's log has them",
		NULL},
	{"epoch", "the hub's log was replaced or restored", NULL},
	{"forbidden", "they are of the past, and the role has lost dnc:replay", NULL},
	{"too_large", "too large for a message; the hub's log has them", NULL},
	{"no_memory", "the hub had no memory for them; the hub's log has them", NULL}};

static const struct words *find_words(struct dnc_str reason)
{
	static const struct words unknown = {NULL,
		"for a reason that this version of dnc-tail does not know",
		"of a reason that this version of dnc-tail does not know"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (dnc_str_eq(reason, dnc_str(words[i].reason)))
			return &words[i];
	return &unknown;
}

void message_warn_gap(const struct dnc_json *doc, uint32_t metadata, bool other_hub)
{
	unsigned long long from = message_number(doc, metadata, "from_seq");
	unsigned long long to = message_number(doc, metadata, "to_seq");
	struct dnc_str reason = message_text(doc, metadata, "reason");
	const struct words *w = find_words(reason);

	/* From 1 on: the hub does not know the epoch of the other one. */
	if (other_hub && from <= 1 && dnc_str_eq(reason, DNC_STR("epoch")))
		dnc_warn(
			"this hub has another log than the one before (%.*s): its events from %llu on "
			"follow, and what the other hub got meanwhile may be missing",
			DNC_STR_ARG(reason), to + 1);
	else if (to >= from)
		dnc_warn("events %llu to %llu were not received (%.*s): %s", from, to,
			DNC_STR_ARG(reason), w->gap);
	else if (!to && dnc_str_eq(reason, DNC_STR("epoch")))
		/* The last event that the hub and this client have in common is not known. */
		dnc_warn(
			"%s (%.*s), and does not know the position: all of its events follow, also "
			"those that were received before; skip them by id",
			w->gap, DNC_STR_ARG(reason));
	else if (dnc_str_eq(reason, DNC_STR("epoch")))
		dnc_warn("%s (%.*s): events from %llu on are new, and none of them is missing; the "
			 "log no longer has the earlier events with these numbers",
			w->gap, DNC_STR_ARG(reason), to + 1);
	else
		dnc_warn("no event is missing (%.*s); continuing at %llu", DNC_STR_ARG(reason),
			to + 1);
}

void message_warn_held_back(const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str reason = message_text(doc, metadata, "reason");
	const struct words *w = find_words(reason);

	dnc_warn(
		"%llu events behind, at %llu of %llu (%.*s): the hub delays this client because %s",
		(unsigned long long)message_number(doc, metadata, "behind"),
		(unsigned long long)message_number(doc, metadata, "position"),
		(unsigned long long)message_number(doc, metadata, "last_seq"), DNC_STR_ARG(reason),
		w->held_back ? w->held_back : w->gap);
}

bool message_warn_missed(uint64_t seq, uint64_t from)
{
	if (from > seq + 1)
		dnc_warn("events %llu to %llu (%llu) were missed: resuming requires the permission "
			 "dnc:replay, which the role lacks; continuing with the newest event",
			(unsigned long long)seq + 1, (unsigned long long)from - 1,
			(unsigned long long)(from - 1 - seq));
	else if (from <= seq)
		dnc_warn("the hub's log was replaced or restored: its newest event is %llu, before "
			 "%llu; continuing with the newest event",
			(unsigned long long)from - 1, (unsigned long long)seq);
	return from != seq + 1;
}
