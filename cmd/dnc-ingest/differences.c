/* differences.c - from two sets to events, and from FILE.next to FILE. */
#include "differences.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/uuid.h"
#include "json/member.h"
#include "publish.h"
#include "outcome.h"

/* Lines that may wait for their acknowledgement: some 2 MB. */
enum { IN_FLIGHT = 4096 };

struct publishing {
	struct ingest *in;
	struct compare *c;
	struct dnc_set_reader *old, *next; /* old is NULL if there is none */
	struct dnc_event_reader *reader;
	struct list_text text;
	unsigned char state[DNC_SET_DIGEST_BYTES];
	struct dnc_buf raw;
	uint64_t published, unchanged;
	bool stopped; /* by a signal, not by an error */
};

/* Made of what led to the difference, so that a second run makes the same one, and the hub drops it. */
static void identify(struct publishing *p, uint64_t number, char action, char out[DNC_UUID_LEN])
{
	const char *provider = p->text.list.provider;
	crypto_generichash_state hash;
	unsigned char digest[16], tail[9];

	for (unsigned i = 0; i < 8; i++)
		tail[i] = (unsigned char)(number >> 8 * i);
	tail[8] = (unsigned char)action;
	crypto_generichash_init(&hash, NULL, 0, sizeof digest);
	crypto_generichash_update(&hash, p->state, sizeof p->state);
	crypto_generichash_update(&hash, tail, sizeof tail);
	if (provider)
		crypto_generichash_update(&hash, (const unsigned char *)provider, strlen(provider));
	crypto_generichash_final(&hash, digest, sizeof digest);
	dnc_uuid_v8(digest, out);
}

static void member(struct dnc_buf *b, const char *key, const char *value)
{
	if (value)
		dnc_json_member_text(b, key, value);
}

static void write_raw(struct publishing *p, uint64_t number, bool added)
{
	const struct list *list = &p->text.list;
	char uuid[DNC_UUID_LEN], e164[24];

	identify(p, number, added ? 'A' : 'R', uuid);
	snprintf(e164, sizeof e164, "+%llu", (unsigned long long)number);
	dnc_buf_clear(&p->raw);
	dnc_buf_chr(&p->raw, '{');
	dnc_json_member_str(&p->raw, "type",
		dnc_type_names[added ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED]);
	dnc_json_member_str(&p->raw, "id", (struct dnc_str){uuid, sizeof uuid});
	dnc_json_member_text(&p->raw, "phone_number", e164);
	member(&p->raw, "provider", list->provider);
	member(&p->raw, "provider_id", list->provider_id);
	member(&p->raw, "source", list->source);
	member(&p->raw, "reason", added ? list->reason : list->release_reason);
	dnc_buf_chr(&p->raw, '}');
	dnc_buf_reserve(&p->raw, DNC_JSON_PADDING);
}

/* Waits until the lines so far are acknowledged, or written if the output does not acknowledge. */
static int wait_for_reader(struct publishing *p)
{
	struct dnc_error *err = &p->in->err;

	while (dnc_outlet_finish(p->in->stage.out, -1, err) < 0) {
		if (err->code != EINTR) {
			p->in->output_failed = true;
			return -1;
		}
		if (dnc_cli_stopped_by()) {
			p->stopped = true;
			return -1;
		}
	}
	return 0;
}

static int publish(struct publishing *p, uint64_t number, bool added)
{
	struct dnc_error *err = &p->in->err;
	struct dnc_event event;

	write_raw(p, number, added);
	if (!dnc_buf_ok(&p->raw))
		return dnc_error_nomem(err);
	if (dnc_event_normalize(p->reader, p->raw.p, p->raw.n, &event, err) < 0)
		return -1;
	if (publish_line(p->in, event.type, event.line) < 0)
		return -1;
	p->published++;
	return p->published % IN_FLIGHT ? 0 : wait_for_reader(p);
}

static int publish_all(struct publishing *p)
{
	struct dnc_set_walk walk = {.fresh = dnc_set_numbers(p->next)};
	enum dnc_set_place place;
	uint64_t number;
	int rc;

	walk.old = p->old ? dnc_set_numbers(p->old) : dnc_set_no_numbers();
	while ((rc = dnc_set_walk(&walk, &number, &place, &p->in->err)) > 0) {
		p->stopped = dnc_cli_stopped_by();
		if (p->stopped)
			return -1;
		if (place == DNC_SET_KEPT)
			p->unchanged++;
		else if (publish(p, number, place == DNC_SET_ADDED) < 0)
			return -1;
	}
	return rc < 0 ? -1 : wait_for_reader(p);
}

/* Pipes and terminals can't be synced: EINVAL. */
int differences_sync(struct ingest *in)
{
	const char *output = in->options.stage.output;
	int fd = output ? -1 : STDOUT_FILENO;

	if (dnc_outlet_acknowledges(in->stage.out))
		return 0;
	if (output && (fd = dnc_fd_address(output, &in->err)) < 0)
		return -1;
	if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0;
	return dnc_error_set(
		&in->err, errno, "unable to write the output to disk: %s", strerror(errno));
}

static int open_sets(struct publishing *p)
{
	struct dnc_error *err = &p->in->err;

	p->next = dnc_set_open(p->c->next, err);
	if (!p->next || (p->c->exists && !(p->old = dnc_set_open(p->c->path, err))))
		return -1;
	if (list_read(p->c->next, dnc_set_about(p->next)->list, &p->text, err) < 0)
		return -1;
	dnc_set_state(dnc_set_about(p->next), p->state);
	p->reader = dnc_event_reader_new(
		&(struct dnc_event_options){.source_format = p->text.list.format});
	return p->reader ? 0 : dnc_error_nomem(err);
}

static void finish(struct publishing *p)
{
	dnc_set_reader_free(p->old);
	dnc_set_reader_free(p->next);
	dnc_event_reader_free(p->reader);
	dnc_buf_free(&p->raw);
}

enum differences_result differences_publish(struct ingest *in, struct differences *d)
{
	struct publishing p = {.in = in, .c = in->compare};
	uint64_t rejected = outcome_events(in).rejected;
	int rc = open_sets(&p);

	if (rc == 0)
		rc = publish_all(&p);
	*d = (struct differences){p.published, p.unchanged};
	finish(&p);
	if (rc < 0)
		return p.stopped ? DIFFERENCES_STOPPED : DIFFERENCES_FAILED;
	return outcome_events(in).rejected > rejected ? DIFFERENCES_REJECTED : DIFFERENCES_DONE;
}
