/* The ring between its writer and several hubs, and the other forms of its events. */
#include "hub_peer.h"
#include <zlib.h>
#include "hub/priv/ring.h"

enum { HUBS = 3 };

static struct dnc_hub *another_hub(void)
{
	return dnc_hub_new(&(struct dnc_hub_options){
		.ring = ring, .max_lag = 100000, .journal = journal, .transport = peer_transport});
}

/* Each hub looks at its own pace; the writer waits for the slowest. */
static void no_event_is_overwritten_that_a_hub_has_yet_to_see(void **state)
{
	struct dnc_hub *hubs[HUBS] = {new_hub(100000)};
	static struct peer peers[HUBS];
	struct dnc_subscriber *subs[HUBS];
	char line[512];
	size_t n = (size_t)provider_event(line, sizeof line - DNC_JSON_PADDING, 1);
	uint64_t stopped;

	(void)state;
	for (int i = 0; i < HUBS; i++) {
		hubs[i] = i ? another_hub() : hubs[0];
		subs[i] = join(hubs[i], &peers[i]);
		subscribe(hubs[i], subs[i], "{}", (struct dnc_start){.from = DNC_START_NOW});
	}
	while (dnc_ring_reserve(ring, n, 1)) {
		append_only(hubs[0], 1);
		work(hubs[0]);
		if (dnc_ring_last(ring) % 2)
			work(hubs[1]);
	}
	stopped = dnc_ring_last(ring);
	assert_true(stopped > 100);
	assert_true(dnc_ring_wanted(ring));
	assert_true(dnc_ring_used(ring) <= dnc_ring_size(ring));
	dnc_hub_release_ring(hubs[0]);
	work(hubs[1]);
	assert_false(dnc_ring_reserve(ring, n, 1));
	work(hubs[2]);
	for (int i = 0; i < HUBS; i++)
		dnc_hub_release_ring(hubs[i]);
	assert_true(dnc_ring_reserve(ring, n, 1));
	assert_false(dnc_ring_wanted(ring));
	for (int i = 0; i < HUBS; i++) {
		assert_int_equal(peers[i].count, stopped);
		for (uint64_t seq = 1; seq <= stopped; seq++)
			assert_int_equal(peers[i].seqs[seq - 1], seq);
		assert_int_equal(peers[i].gaps, 0);
		dnc_hub_leave(subs[i]);
		if (i)
			dnc_hub_free(hubs[i]);
	}
	free_hub(hubs[0]);
}

static void a_ring_has_a_limited_number_of_hubs(void **state)
{
	struct dnc_ring *r = dnc_ring_new(256 << 10, 7);

	(void)state;
	assert_int_equal(dnc_ring_last(r), 7);
	assert_int_equal(dnc_ring_oldest(r), 8);
	assert_int_equal(dnc_ring_used(r), 0);
	for (int i = 0; i < DNC_RING_HUBS; i++)
		assert_non_null(ring_join(r));
	assert_null(ring_join(r));
	dnc_ring_free(r);
	dnc_ring_free(NULL);
}

/* A client of another form: the last frame that it got, without compression. */
struct form_peer {
	char text[65536];
	size_t n, count, gaps;
	uint64_t gap_from;
	const char *gap_reason;
};

static enum dnc_sent on_form(void *conn, const void *frames, size_t n)
{
	struct form_peer *peer = conn;
	const char *p = frames;

	for (size_t at = 0; at < n; peer->count++) {
		struct dnc_frame_header h;

		assert_int_equal(dnc_frame_read_header(p + at, n - at, &h), DNC_FRAME_READ);
		at += h.bytes;
		peer->n = h.payload;
		memcpy(peer->text, p + at, h.payload);
		if (h.deflated) {
			unsigned char in[65536];
			z_stream z = {.next_in = in,
				.avail_in = (unsigned)h.payload + 4,
				.next_out = (unsigned char *)peer->text,
				.avail_out = sizeof peer->text};

			memcpy(in, p + at, h.payload);
			memcpy(in + h.payload, "\0\0\xff\xff", 4);
			assert_int_equal(inflateInit2(&z, -15), Z_OK);
			assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
			peer->n = z.total_out;
			inflateEnd(&z);
		}
		at += h.payload;
	}
	return DNC_SENT;
}

static enum dnc_sent on_form_gap(void *conn, uint64_t from, uint64_t to, const char *reason)
{
	struct form_peer *peer = conn;

	assert_int_equal(from, to);
	peer->gaps++;
	peer->gap_from = from;
	peer->gap_reason = reason;
	return DNC_SENT;
}

static enum dnc_sent on_form_started(void *conn)
{
	(void)conn;
	return DNC_SENT;
}

static void on_form_soon(void *conn)
{
	(void)conn;
}

static struct dnc_hub *new_form_hub(void)
{
	ring = dnc_ring_new(256 << 10, 0);
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = 1000,
		.journal = journal,
		.transport = {.send = on_form,
			.gap = on_form_gap,
			.started = on_form_started,
			.soon = on_form_soon}});
}

static struct dnc_subscriber *join_form(
	struct dnc_hub *h, struct form_peer *peer, unsigned rendering)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES, .rendering = rendering};
	struct dnc_subscriber *s = dnc_hub_join(h, peer, &view, &(struct dnc_rate){0});

	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_NOW});
	return s;
}

static void each_client_gets_its_form_of_an_event(void **state)
{
	static struct form_peer peers[DNC_RENDERINGS];
	struct dnc_subscriber *subs[DNC_RENDERINGS];
	struct dnc_hub *h = new_form_hub();

	(void)state;
	for (unsigned form = 0; form < DNC_RENDERINGS; form++)
		subs[form] = join_form(h, &peers[form], form);
	append_number(h, "+13035550143");
	for (unsigned form = 0; form < DNC_RENDERINGS; form++) {
		const struct form_peer *p = &peers[form];
		const char *number = form & DNC_MASKED ? "+1******0143" : "+13035550143";
		const char *start =
			form & DNC_CLOUDEVENT ? "{\"specversion\":\"1.0\"" : "{\"seq\":1,";

		assert_int_equal(p->count, 1);
		assert_memory_equal(p->text, start, strlen(start));
		assert_non_null(memmem(p->text, p->n, number, 12));
		if (form & DNC_MASKED)
			assert_null(memmem(p->text, p->n, "3035550143", 10));
	}
	for (unsigned form = 0; form < DNC_RENDERINGS; form++)
		dnc_hub_leave(subs[form]);
	free_hub(h);
}

/* The source of a CloudEvent is the provider's name, percent-encoded. */
static void an_event_whose_form_is_too_long_is_reported_as_a_gap(void **state)
{
	static struct form_peer live, behind, plain;
	static char line[DNC_EVENT_MAX_BYTES + DNC_JSON_PADDING];
	struct dnc_hub *h = new_form_hub();
	struct dnc_subscriber *l = join_form(h, &live, DNC_CLOUDEVENT),
			      *p = join_form(h, &plain, 0), *b;
	int n = snprintf(line, sizeof line,
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\","
		"\"type\":\"dnc.provider.status_change\",\"provider\":\"%0*d\",",
		8000, 0);

	(void)state;
	/* Each blank becomes three characters. */
	for (char *c = line; c < line + n; c++)
		if (*c == '0' && c > line + 120 && c < line + n - 10)
			*c = ' ';
	n += snprintf(line + n, sizeof line - (size_t)n,
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"%0*d\","
		"\"event_data\":{},\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\"}}",
		24000, 0);
	append_line(h, line, n);
	work(h);
	append_number(h, "+13035550143");
	assert_int_equal(plain.count, 2);
	assert_int_equal(live.count, 1);
	assert_int_equal(live.gaps, 1);
	assert_int_equal(live.gap_from, 1);
	assert_string_equal(live.gap_reason, "too_large");
	b = join_form(h, &behind, DNC_CLOUDEVENT);
	subscribe_since(h, b, 0);
	assert_int_equal(behind.count, 1);
	assert_int_equal(behind.gap_from, 1);
	assert_string_equal(behind.gap_reason, "too_large");
	dnc_hub_leave(l);
	dnc_hub_leave(p);
	dnc_hub_leave(b);
	free_hub(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_event_is_overwritten_that_a_hub_has_yet_to_see),
		cmocka_unit_test(a_ring_has_a_limited_number_of_hubs),
		cmocka_unit_test(each_client_gets_its_form_of_an_event),
		cmocka_unit_test(an_event_whose_form_is_too_long_is_reported_as_a_gap),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("ring", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
