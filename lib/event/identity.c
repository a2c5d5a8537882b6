/* identity.c - the id of an event: made of all that the record says, and of what distinguishes
 * equal records.
 *
 * A UUID in the record is kept. The id of a live event is a UUIDv7, unless the record has both an
 * id of another form and a time: a number that is suppressed, released and suppressed again under
 * one id and without times is three events. Every other id is a UUIDv8, the hash of all parts, each
 * after a tag and its length. */
#include <sodium.h>
#include <stdlib.h>
#include "priv/draft.h"
#include "priv/repeats.h"

enum { DIGEST_BYTES = 16 };

struct dnc_event_run {
	unsigned char id[DIGEST_BYTES];
	struct repeats repeats;
};

static void add_u64(struct dnc_buf *b, uint64_t v)
{
	dnc_buf_add(b, &v, sizeof v);
}

static void add_part(struct dnc_buf *b, char tag, struct dnc_str part)
{
	dnc_buf_chr(b, tag);
	add_u64(b, part.n);
	dnc_buf_str(b, part);
}

static void add_node(struct dnc_buf *b, char tag, const struct dnc_json *doc, uint32_t at)
{
	const struct dnc_json_node *node = &doc->node[at];
	size_t from;
	uint64_t n;

	add_part(b, tag, node->key);
	if (node->type == DNC_JSON_STRING) {
		add_part(b, '"', node->text);
		return;
	}
	add_u64(b, 0);
	from = b->n;
	dnc_json_write_node(b, doc, at);
	n = b->n - from;
	if (dnc_buf_ok(b))
		memcpy(b->p + from - sizeof n, &n, sizeof n);
}

static void digest(const struct dnc_buf *b, unsigned char out[DIGEST_BYTES])
{
	crypto_generichash(out, DIGEST_BYTES, (const unsigned char *)b->p, b->n, NULL, 0);
}

struct dnc_event_run *dnc_event_run_new(const struct dnc_str *parts, size_t count)
{
	struct dnc_event_run *run = calloc(1, sizeof *run);
	struct dnc_buf b = {0};

	for (size_t i = 0; i < count; i++)
		add_part(&b, 'r', parts[i]);
	if (run && dnc_buf_ok(&b)) {
		digest(&b, run->id);
	} else {
		free(run);
		run = NULL;
	}
	dnc_buf_free(&b);
	return run;
}

void dnc_event_run_ordered(struct dnc_event_run *run)
{
	run->repeats.ordered = true;
}

void dnc_event_run_restart(struct dnc_event_run *run)
{
	repeats_restart(&run->repeats);
}

void dnc_event_run_free(struct dnc_event_run *run)
{
	if (!run)
		return;
	repeats_finish(&run->repeats);
	free(run);
}

static int compare_keys(const void *a, const void *b, void *ctx)
{
	const struct dnc_json *doc = ctx;
	struct dnc_str x = doc->node[*(const uint32_t *)a].key,
		       y = doc->node[*(const uint32_t *)b].key;
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

/* Members in the order of their names, so that the order of columns does not matter. */
static void add_members(struct dnc_buf *b, const struct draft *d)
{
	uint32_t order[DRAFT_MAX_MEMBERS];

	memcpy(order, d->member, d->members * sizeof *order);
	qsort_r(order, d->members, sizeof *order, compare_keys, (void *)(uintptr_t)d->doc);
	for (uint32_t i = 0; i < d->members; i++)
		if (order[i] != d->field[FIELD_PHONE_NUMBER])
			add_node(b, 'e', d->doc, order[i]);
}

/* The metadata of the record, without what normalizing adds. */
static void add_metadata(struct dnc_buf *b, const struct draft *d)
{
	const struct dnc_json_node *node = d->doc->node;

	for (uint32_t i = d->metadata + 1; d->metadata && i < node[d->metadata].next;
		i = node[i].next)
		if (!dnc_str_eq(node[i].key, DNC_STR("ingested_at")) &&
			!dnc_str_eq(node[i].key, DNC_STR("source_format")))
			add_node(b, 'm', d->doc, i);
}

void draft_write_content(const struct draft *d, struct dnc_buf *b)
{
	const struct {
		char tag;
		uint32_t node;
	} given[] = {{'i', d->own_id}, {'P', d->provider_id}, {'s', d->given_severity},
		{'t', d->timestamp}, {'S', d->summary}};

	add_part(b, 'T', dnc_type_names[d->type]);
	if (d->e164.p)
		add_part(b, 'n', d->e164);
	if (d->provider_name.p)
		add_part(b, 'p', d->provider_name);
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		if (given[i].node)
			add_part(b, given[i].tag, d->doc->node[given[i].node].text);
	add_members(b, d);
	add_metadata(b, d);
}

/* When it happened, as the record says; p is NULL if it does not. Other times do not distinguish
 * events: an expiry is the same each time that a number is suppressed until then. */
static struct dnc_str moment_of(const struct draft *d)
{
	static const enum dnc_field fields[DNC_TYPES] = {
		[DNC_NUMBER_SUPPRESSED] = FIELD_SUPPRESSED_AT,
		[DNC_NUMBER_RELEASED] = FIELD_RELEASED_AT,
		[DNC_CHECK_PERFORMED] = FIELD_CHECKED_AT,
		[DNC_LIST_SYNCED] = FIELD_STARTED_AT,
		[DNC_COMPLIANCE_VIOLATION] = FIELD_NONE,
		[DNC_PROVIDER_STATUS_CHANGE] = FIELD_NONE,
	};

	if (d->timestamp)
		return d->doc->node[d->timestamp].text;
	return fields[d->type] == FIELD_NONE ? (struct dnc_str){0} : draft_text(d, fields[d->type]);
}

/* A moment is compared with the last one only. */
static uint64_t hash_moment(struct dnc_str s)
{
	uint64_t h = s.n, word;

	for (; s.n >= sizeof word; s.p += sizeof word, s.n -= sizeof word) {
		memcpy(&word, s.p, sizeof word);
		h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 32;
	}
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x9E3779B97F4A7C15);
	return h;
}

static void add_position(struct dnc_buf *b, const struct record_position *position)
{
	dnc_buf_chr(b, 'L');
	add_u64(b, position->line);
	add_u64(b, position->item);
	add_u64(b, position->same);
}

/* Distinguishes records of a run that say the same: by the number of equal ones before, if they say
 * when it happened, at MOMENT, else by their position. */
static void add_occurrence(struct dnc_buf *b, struct dnc_str moment,
	const struct record_position *position, unsigned char out[DIGEST_BYTES])
{
	uint64_t fingerprint;
	uint32_t count;

	if (!moment.n) {
		dnc_buf_chr(b, 'R');
		dnc_buf_add(b, position->run->id, DIGEST_BYTES);
		add_position(b, position);
		digest(b, out);
		return;
	}
	digest(b, out);
	memcpy(&fingerprint, out, sizeof fingerprint);
	if (!repeats_count(&position->run->repeats, fingerprint, hash_moment(moment), &count)) {
		add_position(b, position);
	} else if (count) {
		dnc_buf_chr(b, 'N');
		add_u64(b, count);
	} else {
		return;
	}
	digest(b, out);
}

/* Finds the record's own id: the first one that is a UUID, else the first one. */
static bool find_own_uuid(struct draft *d)
{
	const uint32_t given[] = {d->id, d->event_id, d->field[FIELD_EVENT_ID]};

	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
		const struct dnc_json_node *node = &d->doc->node[given[i]];

		if (!given[i] || !node->text.n)
			continue;
		if (node->type == DNC_JSON_STRING && dnc_uuid_read(node->text, d->uuid))
			return true;
		if (!d->own_id)
			d->own_id = given[i];
	}
	return false;
}

void identify_content(struct dnc_buf *content, struct dnc_str moment,
	const struct record_position *position, int64_t now_ms, char uuid[DNC_UUID_LEN])
{
	unsigned char out[DIGEST_BYTES];

	if (position->run) {
		add_occurrence(content, moment, position, out);
		dnc_uuid_v8(out, uuid);
	} else {
		dnc_uuid_v7(now_ms, uuid);
	}
}

void draft_identify(
	struct draft *d, const struct record_position *position, struct dnc_buf *scratch)
{
	unsigned char out[DIGEST_BYTES];
	struct dnc_str moment;

	if (find_own_uuid(d))
		return;
	moment = moment_of(d);
	if (!position->run && (!d->own_id || !moment.n)) {
		dnc_uuid_v7(d->ingested_at_ms, d->uuid);
		return;
	}
	dnc_buf_clear(scratch);
	draft_write_content(d, scratch);
	if (position->run) {
		identify_content(scratch, moment, position, d->ingested_at_ms, d->uuid);
		return;
	}
	digest(scratch, out);
	dnc_uuid_v8(out, d->uuid);
}
