/* map_worker.c - what runs in the process of a map: reads records, runs the program on them, writes what it made. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "priv/map_frame.h"
#include "priv/map_process.h"

/* How much is read and written at a time. */
enum { BLOCK = 64 << 10 };

/* What `stderr` may print for one record. */
enum { STDERR_MAX = 4096 };

struct worker {
	struct dnc_map *map;
	int fd;
	struct map_page *page;
	struct dnc_buf in, out;
	uint64_t records;
	size_t answered; /* bytes of the record's answers */
	bool uses_stderr;
};

static void end_without_memory(void *ctx)
{
	(void)ctx;
	_exit(MAP_EXIT_NO_MEMORY);
}

static void check_memory(const struct dnc_buf *b)
{
	if (!dnc_buf_ok(b))
		end_without_memory(NULL);
}

static void flush(struct worker *w)
{
	size_t sent = 0;

	while (sent < w->out.n) {
		ssize_t n = send(w->fd, w->out.p + sent, w->out.n - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			_exit(0); /* the mapper has gone */
	}
	dnc_buf_clear(&w->out);
}

/* False if the answers to the record are more than the mapper takes. */
static bool answer(struct worker *w, enum map_frame_kind kind, struct dnc_str text)
{
	if (text.n > MAP_ANSWER_MAX || w->answered > MAP_ANSWER_MAX - text.n)
		return false;
	w->answered += text.n + sizeof(struct map_frame);
	map_frame_add(&w->out, kind, text);
	check_memory(&w->out);
	if (w->out.n >= BLOCK)
		flush(w);
	return true;
}

/* More messages than the mapper takes are left out. */
static void on_debug(void *ctx, struct dnc_str text)
{
	answer(ctx, MAP_DEBUG, text);
}

/* What the program wrote on standard error, a file. */
static void answer_stderr(struct worker *w)
{
	char text[STDERR_MAX];
	ssize_t n = pread(STDERR_FILENO, text, sizeof text, 0);

	if (n <= 0 || ftruncate(STDERR_FILENO, 0) < 0)
		return;
	lseek(STDERR_FILENO, 0, SEEK_SET);
	answer(w, MAP_STDERR, (struct dnc_str){text, (size_t)n});
}

static void run_record(struct worker *w, struct dnc_str record)
{
	struct dnc_str result;
	struct dnc_error err;
	int rc;

	atomic_store(&w->page->at_work, ++w->records);
	w->answered = 0;
	dnc_map_start(w->map, record);
	while ((rc = dnc_map_next(w->map, &result, &err)) > 0)
		if (!answer(w, MAP_RESULT, result)) {
			rc = dnc_error_set(&err, 0, "the map made more than %d MiB of the record",
				MAP_ANSWER_MAX >> 20);
			break;
		}
	if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY)
		end_without_memory(NULL);
	if (w->uses_stderr)
		answer_stderr(w);
	map_frame_add(&w->out, rc < 0 ? MAP_ERROR : MAP_DONE, dnc_str(rc < 0 ? err.message : ""));
	check_memory(&w->out);
	atomic_store(&w->page->at_work, 0);
	if (w->out.n >= BLOCK || atomic_load(&w->page->careful))
		flush(w);
}

/* Waits for more of the mapper; nothing is held back meanwhile. */
static void read_more(struct worker *w)
{
	ssize_t n;

	flush(w);
	dnc_buf_reserve(&w->in, BLOCK);
	check_memory(&w->in);
	n = recv(w->fd, w->in.p + w->in.n, w->in.size - w->in.n, 0);
	if (n == 0 || (n < 0 && errno != EINTR))
		_exit(0);
	if (n > 0)
		w->in.n += (size_t)n;
}

_Noreturn void map_worker_run(struct dnc_map *map, int fd, struct map_page *page)
{
	struct worker w = {
		.map = map, .fd = fd, .page = page, .uses_stderr = dnc_map_mentions(map, "stderr")};

	dnc_map_on_debug(map, on_debug, &w);
	dnc_map_on_no_memory(map, end_without_memory);
	for (;;) {
		struct dnc_str rest = dnc_buf_view(&w.in), record;
		struct map_frame head;

		while (map_frame_take(&rest, &head, &record))
			run_record(&w, record);
		if (rest.n)
			memmove(w.in.p, rest.p, rest.n);
		w.in.n = rest.n;
		read_more(&w);
	}
}
