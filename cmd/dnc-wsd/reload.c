#include "reload.h"
#include <systemd/sd-daemon.h>
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"
#include "daemon.h"

int reload_read_certificate(
	const struct daemon *d, struct dnc_certificate **out, struct dnc_error *err)
{
	*out = NULL;
	if (!d->options.tls_cert)
		return 0;
	*out = dnc_certificate_load(d->options.tls_cert, d->options.tls_key, err);
	return *out ? 0 : -1;
}

/* The files of the certificate can be read again. Returns -1 with ERR. */
static int check_files(const struct daemon *d, struct dnc_error *err)
{
	const struct {
		const char *option, *path;
	} files[] = {{"--tls-cert", d->options.tls_cert}, {"--tls-key", d->options.tls_key}};
	struct dnc_error why;

	for (size_t i = 0; i < 2; i++)
		if (files[i].path && dnc_file_check_again(files[i].path, &why) < 0)
			return dnc_error_set(err, why.code, "%s: %s", files[i].option, why.message);
	return 0;
}

/* Everything is read and tested before anything is replaced: keys, roles and certificate may have been changed together. */
static void read_all(struct reload *r)
{
	r->certificate = NULL;
	r->snapshot = dnc_auth_read(r->daemon->auth, &r->why);
	if (!r->snapshot)
		return;
	if (check_files(r->daemon, &r->why) == 0 &&
		reload_read_certificate(r->daemon, &r->certificate, &r->why) == 0)
		return;
	dnc_auth_snapshot_unref(r->snapshot);
	r->snapshot = NULL;
}

static void drop(struct reload *r)
{
	dnc_auth_snapshot_unref(r->snapshot);
	dnc_certificate_unref(r->certificate);
	r->snapshot = NULL;
	r->certificate = NULL;
}

static void *run(void *ctx)
{
	struct reload *r = ctx;

	read_all(r);
	pthread_mutex_lock(&r->lock);
	if (!r->closed)
		uv_async_send(&r->read);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Has all workers use what was read. */
static void use(struct reload *r)
{
	struct daemon *d = r->daemon;

	dnc_auth_use(d->auth, r->snapshot);
	dnc_shared_use_certificate(d->shared, r->certificate);
	dnc_certificate_unref(r->certificate);
	r->snapshot = NULL;
	r->certificate = NULL;
	for (unsigned i = 0; i < d->options.workers; i++)
		dnc_worker_reload(&d->workers[i]);
}

/* The service manager has been told of the end, and not to wait for a reload. */
static void tell(const struct reload *r, const char *state)
{
	if (!dnc_drain_begun(&r->daemon->drain))
		sd_notify(0, state);
}

static void end(struct reload *r)
{
	const char *what = r->daemon->options.tls_cert
	                           ? "keys, roles, revoked tokens and the certificate"
	                           : "keys, roles and revoked tokens";

	r->failed = !r->snapshot;
	if (r->failed) {
		r->fault = r->why;
		dnc_err("unable to reload: %s; the previous %s stay in effect", r->fault.message,
			what);
	} else {
		use(r);
		dnc_note("%s reloaded", what);
	}
	tell(r, "READY=1");
}

static void begin(struct reload *r)
{
	int rc;

	tell(r, "RELOADING=1");
	r->again = false;
	rc = dnc_thread_start(&r->thread, run, r);
	r->running = rc == 0;
	if (r->running)
		return;
	dnc_error_set(&r->why, rc, "unable to start a thread: %s", strerror(rc));
	end(r);
}

static void on_read(uv_async_t *async)
{
	struct reload *r = async->data;

	if (!r->running)
		return;
	pthread_join(r->thread, NULL);
	r->running = false;
	end(r);
	if (r->again)
		begin(r);
}

static void on_wanted(uv_async_t *async)
{
	struct reload *r = async->data;

	if (r->running)
		r->again = true;
	else
		begin(r);
}

int reload_init(struct reload *r, struct daemon *d)
{
	*r = (struct reload){.daemon = d};
	pthread_mutex_init(&r->lock, NULL);
	if (uv_async_init(&d->loop, &r->wanted, on_wanted) != 0 ||
		uv_async_init(&d->loop, &r->read, on_read) != 0)
		return -1;
	r->wanted.data = r->read.data = r;
	return 0;
}

void reload_ask(struct reload *r)
{
	uv_async_send(&r->wanted);
}

void reload_close(struct reload *r)
{
	pthread_mutex_lock(&r->lock);
	r->closed = true;
	pthread_mutex_unlock(&r->lock);
	uv_close((uv_handle_t *)&r->wanted, NULL);
	uv_close((uv_handle_t *)&r->read, NULL);
}

bool reload_finish(struct reload *r)
{
	if (r->running && pthread_tryjoin_np(r->thread, NULL) != 0)
		return false;
	r->running = false;
	drop(r);
	pthread_mutex_destroy(&r->lock);
	return true;
}
