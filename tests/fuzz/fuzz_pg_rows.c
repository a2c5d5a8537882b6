/* Whatever the server of the log answers, each event is handed on once and in order, nothing is that no hub wrote, and what is
 * told to clients can be told. The first bytes are the answers while the log is opened. */
#include "played_libpq.h"
#include "base/clock.h"
#include "base/log.h"
#include "event/event.h"
#include "log/hubs.h"
#include "log/journal.h"
#include "log/priv/batch.h"
#include "log/priv/journal.h"
#include "log/priv/journal_ops.h"
#include "log/providers.h"

enum { STEPS_MAX = 40, EVENTS_MAX = 3000 };

/* Which is of one piece. */
static void notify(void)
{
	size_t n = next_byte() % 24, left = (size_t)(played.end - played.at);
	PGnotify *notify = calloc(1, sizeof *notify + n + 1);

	if (!notify)
		abort();
	n = n < left ? n : left;
	memcpy(notify + 1, played.at, n);
	played.at += n;
	notify->extra = (char *)(notify + 1);
	free(played.notified);
	played.notified = notify;
}

/* As of those that a hub writes: others are not to be seen. */
static void check_line(struct dnc_str line)
{
	if (line.n < 8 || line.n > DNC_EVENT_MAX_BYTES || memcmp(line.p, "{\"id\":\"", 7) != 0 ||
		line.p[line.n - 1] != '}')
		abort();
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ')
			abort();
}

/* What was handed on. */
struct seen {
	struct dnc_journal *journal;
	uint64_t next; /* number; of reads: nothing before it, or when they go back after it */
	bool back;
	unsigned count;
};

static bool follow(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line)
{
	struct seen *s = ctx;

	check_line(line);
	if (seq != s->next++ || !dnc_clock_in_range(logged_at_ms))
		abort();
	return true;
}

static bool take(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct seen *s = ctx;

	check_line(line);
	if (!seq || seq > s->journal->last || (s->back ? seq > s->next : seq < s->next))
		abort();
	s->next = s->back ? seq - 1 : seq + 1;
	return ++s->count < EVENTS_MAX;
}

/* As the follower's thread does. */
static void read_on(struct dnc_journal *j)
{
	struct seen s = {j, j->last + 1, false, 0};
	struct dnc_error err = {0};

	if (j->ops->follow->read(j, follow, &s, &err) < 0) {
		if (!err.message[0])
			abort();
		return;
	}
	j->last = s.next - 1;
	if (j->last > j->stats.known)
		j->stats.known = (uint64_t)j->last;
}

static void read_some(struct dnc_journal *j, struct dnc_journal_reader *r, uint8_t how)
{
	struct seen s = {j, next_byte() % 8u + 1, how & 1, 0};
	struct dnc_error err = {0};
	struct dnc_str phone = how & 2 ? DNC_STR("+13035550001") : (struct dnc_str){0};

	if (s.back)
		s.next = j->last;
	if (dnc_journal_read(r, s.next, s.back, phone, take, &s, &err) < 0 && !err.message[0])
		abort();
}

static void append(struct dnc_journal *j)
{
	static struct dnc_event_reader *events;
	char lines[2][512 + DNC_JSON_PADDING];
	struct dnc_batch b = {0};
	struct dnc_error err = {0};

	if (!events)
		events = dnc_event_reader_new(&(struct dnc_event_options){0});
	for (int i = 0; i < 2; i++) {
		struct dnc_event event;
		int n = snprintf(lines[i], 512,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
			"\"phone_number\":\"+13035550001\",\"severity\":\"critical\","
			"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
			"\"event_data\":{\"violation_type\":\"t\"},\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}",
			i);

		if (dnc_event_parse(events, lines[i], (size_t)n, &event) < 0 ||
			!dnc_batch_add(&b, &event))
			abort();
	}
	if (journal_append(j, &b, &err) < 0 && !err.message[0])
		abort();
	dnc_batch_free(&b);
}

/* What others are told of the log. */
static void check_told(struct dnc_journal *j)
{
	static struct dnc_hubs_row rows[DNC_HUBS_MAX];
	struct dnc_provider provider = {0};
	struct dnc_buf out = {0};
	size_t n = dnc_hubs_others(dnc_journal_hubs(j), rows, DNC_HUBS_MAX);
	uint64_t ids = 0;

	for (size_t i = 0; i < n; i++)
		if ((rows[i].address[0] && !dnc_hubs_check(rows[i].address)) ||
			rows[i].connections < 0)
			abort();
	dnc_journal_revoked(j, &out);
	for (size_t i = 0; i < out.n; i++)
		ids += !out.p[i];
	if (ids < dnc_journal_stats(j).revoked ||
		!dnc_clock_in_range(dnc_journal_stats(j).newest_ms))
		abort();
	while (dnc_providers_next(dnc_journal_providers(j), &provider) > 0)
		for (int i = 0; i < DNC_PROVIDER_FACTS; i++)
			if (provider.events[i].seq)
				check_line(dnc_buf_view(&provider.events[i].line));
	dnc_provider_free(&provider);
	dnc_buf_clear(&out);
	dnc_providers_metrics(dnc_journal_providers(j), dnc_clock_now_ms(), &out);
	dnc_buf_free(&out);
}

static void act(struct dnc_journal *j, struct dnc_journal_reader *r)
{
	struct dnc_error err;
	uint8_t what = next_byte();
	uint64_t seq;

	switch (what & 15) {
	case 0:
		notify();
		j->ops->follow->wait(j, 0, &err);
		break;
	case 1:
	case 2:
	case 3:
		read_some(j, r, what >> 4);
		break;
	case 4:
		journal_reader_rest(r);
		break;
	case 5:
		dnc_journal_find_time(r, 1, &seq, &err);
		break;
	case 6:
		append(j);
		break;
	case 7:
		j->ops->idle(j, &err);
		break;
	case 8:
		played.newest += next_byte() % 8;
		break;
	case 9:
		dnc_journal_look(j);
		break;
	default:
		read_on(j);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int socket = -1;
	struct dnc_error err = {0};
	struct dnc_journal *j;
	struct dnc_journal_reader *r;

	if (socket < 0) {
		socket = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		dnc_log_level((enum dnc_level)0);
	}
	free(played.notified);
	memset(&played, 0, sizeof played);
	played.socket = socket;
	played.newest = 3;
	played.at = data;
	played.end = data + size;
	j = dnc_journal_open(
		&(struct dnc_journal_options){.log = "x", .standby = next_byte() & 1 ? "x" : NULL},
		&err);
	if (!j && !err.message[0])
		abort();
	if (!j)
		return 0;
	r = journal_reader_new(j, &err);
	for (int i = 0; r && i < STEPS_MAX && played.at < played.end; i++) {
		act(j, r);
		check_told(j);
	}
	journal_reader_free(r);
	dnc_journal_close(j);
	return 0;
}
