/* unpack.c - the thread that unpacks a file. */
#include "unpack.h"
#include <errno.h>
#include <stdlib.h>
#include "base/thread.h"
#include "priv/job.h"

struct dnc_unpack {
	struct job job;
	pthread_t thread;
	bool started; /* the thread */
	bool over;    /* its last part was handed on */
};

static int unpack(struct job *job)
{
	feed_begin(&job->feed);
	job->out.bytes = 0;
	job->out.filling = false;
	return job->packing == DNC_PACKING_ZIP ? unpack_zip(job) : unpack_stream(job);
}

/* Unpacks a regular file without handing anything on, to see whether all of it can be. */
static int check(struct job *job)
{
	int rc;

	job->out.checking = true;
	rc = unpack(job);
	job->out.checking = false;
	return rc;
}

static void *run(void *ctx)
{
	struct job *job = &((struct dnc_unpack *)ctx)->job;
	struct dnc_buf why = {0};
	bool checked = job->feed.regular;
	int rc = checked ? check(job) : 0;

	if (rc == 0) {
		checked = false;
		rc = unpack(job);
	}
	if (rc < 0 && !job->why[0])
		return NULL; /* stopped */
	dnc_buf_printf(&why, "%s%s", job->why,
		checked ? "; no record of it was read" : "; what was read before is kept");
	if (rc < 0)
		chunks_put(&job->out, DNC_UNPACKED_FAILED,
			dnc_buf_ok(&why) ? dnc_buf_view(&why) : dnc_str(job->why));
	else
		chunks_put(&job->out, DNC_UNPACKED_DONE, DNC_STR(""));
	dnc_buf_free(&why);
	return NULL;
}

struct dnc_unpack *dnc_unpack_new(int fd, enum dnc_packing packing, struct dnc_str start,
	const struct dnc_unpack_limit *limit, struct dnc_error *err)
{
	struct dnc_unpack *u = calloc(1, sizeof *u);
	int code = 0;

	if (!u) {
		dnc_error_nomem(err);
		return NULL;
	}
	u->job.packing = packing;
	u->job.feed.stop = -1;
	if (chunks_init(&u->job.out) < 0 || feed_init(&u->job.feed, fd, start, &u->job.out) < 0)
		code = errno;
	u->job.out.max = limit->bytes;
	u->job.raise = limit->raise;
	if (!code)
		code = dnc_thread_start(&u->thread, run, u);
	if (!code) {
		u->started = true;
		return u;
	}
	dnc_unpack_free(u);
	if (code == ENOMEM)
		dnc_error_nomem(err);
	else
		dnc_error_set(err, code, "unable to unpack: %s", strerror(code));
	return NULL;
}

void dnc_unpack_free(struct dnc_unpack *u)
{
	if (!u)
		return;
	if (u->started) {
		feed_stop(&u->job.feed);
		chunks_stop(&u->job.out);
		pthread_join(u->thread, NULL);
	}
	feed_finish(&u->job.feed);
	chunks_finish(&u->job.out);
	free(u);
}

int dnc_unpack_fd(const struct dnc_unpack *u)
{
	return u->job.out.wake;
}

void dnc_unpack_next(struct dnc_unpack *u, struct dnc_unpacked *out)
{
	struct chunk chunk = {.kind = DNC_UNPACKED_NOTHING};

	if (!u->over)
		chunk = chunks_take(&u->job.out);
	u->over |= chunk.kind == DNC_UNPACKED_FAILED || chunk.kind == DNC_UNPACKED_DONE;
	*out = (struct dnc_unpacked){chunk.kind, {chunk.p, chunk.n}};
}

uint64_t dnc_unpack_read_bytes(const struct dnc_unpack *u)
{
	return u->job.feed.progress;
}
