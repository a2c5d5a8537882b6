/* account.h - the accounts of one hub. */
#pragma once
#include "base/list.h"
#include "hub/account.h"

struct accounts {
	struct dnc_account *table; /* by name */
	struct dnc_list
		idle; /* without a reference, but in debt; the first is so for the longest */
	unsigned idle_count;
};

void accounts_init(struct accounts *all);

/* None may be referenced any more. */
void accounts_finish(struct accounts *all);

/* As dnc_hub_account(). */
struct dnc_account *accounts_get(struct accounts *all, const char *name);

/* Marks A as charged for ROUND, a number that grows. False if it was already. */
bool account_charge_once(struct dnc_account *a, uint64_t round);
