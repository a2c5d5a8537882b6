#include "account.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "priv/account.h"

enum {
	IDLE_MAX = 10000, /* debts that are remembered; the oldest is forgotten */
};

struct dnc_account {
	struct accounts *all;
	size_t refs;
	struct dnc_bucket work, compile; /* microseconds */
	struct dnc_reader_client reader;
	uint64_t charged; /* account_charge_once() */
	struct dnc_list idle_link;
	UT_hash_handle hh;
	char name[];
};

void accounts_init(struct accounts *all)
{
	*all = (struct accounts){0};
	dnc_list_init(&all->idle);
}

static void forget(struct dnc_account *a)
{
	struct accounts *all = a->all;

	if (dnc_list_is_linked(&a->idle_link)) {
		dnc_list_remove(&a->idle_link);
		all->idle_count--;
	}
	HASH_DEL(all->table, a);
	free(a);
}

static bool is_full(struct dnc_bucket *b, int64_t now_ms)
{
	return dnc_bucket_allows(b, now_ms) >= b->burst;
}

/* Forgets accounts whose debts are paid, and the oldest when there are too many. */
static void forget_idle(struct accounts *all)
{
	int64_t now = dnc_clock_mono_ms();
	struct dnc_list *link;

	while ((link = dnc_list_first(&all->idle))) {
		struct dnc_account *a = DNC_LIST_ELEMENT(link, struct dnc_account, idle_link);

		if (all->idle_count <= IDLE_MAX &&
			!(is_full(&a->work, now) && is_full(&a->compile, now) &&
				is_full(&a->reader.work, now)))
			return;
		forget(a);
	}
}

void accounts_finish(struct accounts *all)
{
	struct dnc_list *link;

	while ((link = dnc_list_first(&all->idle)))
		forget(DNC_LIST_ELEMENT(link, struct dnc_account, idle_link));
}

static struct dnc_account *make(struct accounts *all, const char *name)
{
	size_t n = strlen(name);
	struct dnc_account *a = calloc(1, sizeof *a + n + 1);
	int64_t now = dnc_clock_mono_ms();

	if (!a)
		return NULL;
	memcpy(a->name, name, n);
	a->all = all;
	dnc_bucket_init(&a->work, DNC_ACCOUNT_PER_MINUTE, DNC_ACCOUNT_BURST, now);
	dnc_bucket_init(
		&a->compile, DNC_ACCOUNT_COMPILE_PER_MINUTE, DNC_ACCOUNT_COMPILE_BURST, now);
	dnc_reader_client_init(&a->reader, now);
	HASH_ADD_KEYPTR(hh, all->table, a->name, n, a);
	if (a->hh.tbl)
		return a;
	free(a);
	return NULL;
}

struct dnc_account *accounts_get(struct accounts *all, const char *name)
{
	struct dnc_account *a;

	forget_idle(all);
	HASH_FIND_STR(all->table, name, a);
	if (!a && !(a = make(all, name)))
		return NULL;
	if (!a->refs++ && dnc_list_is_linked(&a->idle_link)) {
		dnc_list_remove(&a->idle_link);
		all->idle_count--;
	}
	return a;
}

struct dnc_account *dnc_account_ref(struct dnc_account *a)
{
	if (a)
		a->refs++;
	return a;
}

void dnc_account_unref(struct dnc_account *a)
{
	if (!a || --a->refs)
		return;
	dnc_list_append(&a->all->idle, &a->idle_link);
	a->all->idle_count++;
	forget_idle(a->all);
}

static void spend(struct dnc_bucket *b, int64_t ns)
{
	dnc_bucket_refill(b, dnc_clock_mono_ms());
	b->tokens -= (double)ns / 1000;
}

void dnc_account_spend(struct dnc_account *a, int64_t ns)
{
	spend(&a->work, ns);
}

bool dnc_account_allows(struct dnc_account *a)
{
	return dnc_bucket_allows(&a->work, dnc_clock_mono_ms());
}

int64_t dnc_account_wait_ms(const struct dnc_account *a)
{
	return dnc_bucket_wait_ms(&a->work);
}

bool dnc_account_may_compile(struct dnc_account *a)
{
	return dnc_bucket_allows(&a->compile, dnc_clock_mono_ms());
}

void dnc_account_compiled(struct dnc_account *a, int64_t start)
{
	int64_t ns = dnc_clock_thread_ns() - start;

	if (ns > DNC_ACCOUNT_COMPILE_FREE_NS)
		spend(&a->compile, ns);
}

struct dnc_reader_client *dnc_account_reader(struct dnc_account *a)
{
	return a ? &a->reader : NULL;
}

bool account_charge_once(struct dnc_account *a, uint64_t round)
{
	bool first = a->charged != round;

	a->charged = round;
	return first;
}
