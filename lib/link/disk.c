#include "priv/disk.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/thread.h"

enum { END_WAIT_S = 1 };

struct disk {
	char *path;
	int fd; /* an eventfd: the work is done */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Behind the lock, but for WORK, which is the thread's while it is at work. */
	struct append work;
	bool at_work, cancelled, ends;
	bool held;           /* the owner has not collected it */
	struct dnc_buf text; /* that of the work, if it was left; owned */
	bool left; /* by the owner: the thread frees it, and closes the file of the work */
};

static void destroy(struct disk *d)
{
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->changed);
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
}

/* The lock is held before and after. */
static void do_work(struct disk *d)
{
	uint64_t one = 1;

	pthread_mutex_unlock(&d->lock);
	append_run(&d->work, d->path);
	pthread_mutex_lock(&d->lock);
	if (d->cancelled && d->work.done) {
		pthread_mutex_unlock(&d->lock);
		append_undo(&d->work, d->path);
		pthread_mutex_lock(&d->lock);
	}
	d->at_work = false;
	pthread_cond_signal(&d->changed);
	if (write(d->fd, &one, sizeof one) < 0)
		return; /* the owner looks by itself after a while */
}

static void *run(void *ctx)
{
	struct disk *d = ctx;
	bool left;

	pthread_mutex_lock(&d->lock);
	for (;;) {
		if (d->at_work)
			do_work(d);
		else if (d->ends)
			break;
		else
			pthread_cond_wait(&d->changed, &d->lock);
	}
	left = d->left;
	pthread_mutex_unlock(&d->lock);
	if (left) { /* the file was locked until now */
		if (d->work.fd >= 0)
			close(d->work.fd);
		dnc_buf_free(&d->work.tail);
		dnc_buf_free(&d->text);
		destroy(d);
	}
	return NULL;
}

struct disk *disk_new(const char *path, struct dnc_error *err)
{
	struct disk *d = calloc(1, sizeof *d);
	int code;

	if (!d) {
		dnc_error_nomem(err);
		return NULL;
	}
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	d->path = strdup(path);
	d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = d->fd < 0 ? errno : !d->path ? ENOMEM : dnc_thread_start(&d->thread, run, d);
	if (!code)
		return d;
	dnc_error_set(err, code, "unable to start a thread for %s: %s", path, strerror(code));
	destroy(d);
	return NULL;
}

int disk_fd(const struct disk *d)
{
	return d->fd;
}

void disk_submit(struct disk *d, const struct append *a)
{
	pthread_mutex_lock(&d->lock);
	d->work = *a;
	d->at_work = d->held = true;
	d->cancelled = false;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

bool disk_collect(struct disk *d, struct append *a)
{
	uint64_t count;
	bool done;

	pthread_mutex_lock(&d->lock);
	done = !d->at_work;
	if (done)
		*a = d->work;
	d->held &= !done;
	pthread_mutex_unlock(&d->lock);
	if (done && read(d->fd, &count, sizeof count) < 0)
		return true; /* it can't be written either: the owner has looked by itself */
	return done;
}

void disk_cancel(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->cancelled = true;
	pthread_mutex_unlock(&d->lock);
}

bool disk_free(struct disk *d, struct append *a, struct dnc_buf *text)
{
	struct timespec until;
	pthread_t thread = d->thread;
	bool over;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_WAIT_S;
	pthread_mutex_lock(&d->lock);
	while (d->at_work && pthread_cond_timedwait(&d->changed, &d->lock, &until) != ETIMEDOUT)
		;
	over = !d->at_work;
	d->left = !over;
	d->ends = true;
	if (over && d->held)
		*a = d->work;
	if (!over) {
		d->text = *text;
		*text = (struct dnc_buf){0};
	}
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
	if (!over) {
		pthread_detach(thread);
		return false;
	}
	pthread_join(thread, NULL);
	destroy(d);
	return true;
}
