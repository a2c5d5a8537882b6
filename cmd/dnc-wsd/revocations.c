#include "revocations.h"
#include "auth/revoked.h"
#include "base/log.h"
#include "cli/cli.h"
#include "daemon.h"

/* With the lock held. -1 with ERR when there is no memory. */
static int take(struct daemon *d, struct dnc_error *err)
{
	struct dnc_buf ids = {0};
	uint64_t changes = dnc_journal_revoked(d->journal, &ids);
	struct dnc_revoked *list = dnc_buf_ok(&ids) ? dnc_revoked_of(dnc_buf_view(&ids)) : NULL;
	int rc = -1;

	if (list)
		rc = dnc_auth_revoke(d->auth, list, err);
	else
		dnc_error_nomem(err);
	dnc_revoked_free(list);
	dnc_buf_free(&ids);
	if (rc == 0)
		d->revocations.used = changes;
	return rc;
}

static bool are_new(const struct daemon *d)
{
	return dnc_journal_revocations(d->journal) != d->revocations.used;
}

void revocations_init(struct daemon *d)
{
	struct dnc_error err;

	pthread_mutex_init(&d->revocations.lock, NULL);
	if (are_new(d) && take(d, &err) < 0)
		dnc_cli_die_nomem();
	d->revocations.told = d->revocations.used;
}

/* What could not be taken is tried again with what the log tells next, in some seconds at the latest. */
void revocations_take(struct daemon *d)
{
	struct revocations *r = &d->revocations;
	struct dnc_error err;
	bool failed;

	if (!are_new(d))
		return;
	pthread_mutex_lock(&r->lock);
	failed = are_new(d) && take(d, &err) < 0;
	if (failed && !r->failed)
		dnc_err("unable to refuse the tokens that were revoked in the log: %s; trying again",
			err.message);
	r->failed = failed;
	pthread_mutex_unlock(&r->lock);
}

void revocations_tell(struct daemon *d)
{
	uint64_t used = d->revocations.used;

	if (used == d->revocations.told)
		return;
	d->revocations.told = used;
	for (unsigned i = 0; i < d->options.workers; i++)
		dnc_worker_reload(&d->workers[i]);
	dnc_note("tokens that the log revokes now: %llu",
		(unsigned long long)dnc_journal_stats(d->journal).revoked);
}

void revocations_finish(struct daemon *d)
{
	pthread_mutex_destroy(&d->revocations.lock);
}
