/* copy_revoked.c - whether a copy revokes the tokens that its source revokes. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "priv/copy.h"

/* A digest, because ids may have any length and any bytes. */
struct token {
	unsigned char id[COPY_DIGEST];
	int64_t until; /* ms since 1970; INT64_MAX: for ever */
};

struct tokens {
	struct token *at; /* sorted */
	size_t n, room;
};

struct search {
	struct tokens there;
	int64_t now; /* by the server's clock that is behind the other's: to it a token lives longest */
	uint64_t missing;
};

static struct token token_of(const struct copy_cell *row)
{
	struct token t = {.until = row[2].n ? row[2].n : INT64_MAX};

	crypto_generichash(
		t.id, sizeof t.id, (const unsigned char *)row[0].text.p, row[0].text.n, NULL, 0);
	return t;
}

static int by_id(const void *a, const void *b)
{
	return memcmp(((const struct token *)a)->id, ((const struct token *)b)->id, COPY_DIGEST);
}

static int take_token(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct tokens *t = ctx;

	if (!dnc_array_grow(&t->at, &t->room, t->n + 1))
		return dnc_error_nomem(err);
	t->at[t->n++] = token_of(row);
	return 0;
}

/* One that has expired by both clocks is refused anyway, and may have been removed from either. */
static int look_for(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct search *s = ctx;
	struct token wanted = token_of(row), *found = NULL;

	(void)err;
	if (wanted.until <= s->now)
		return 0;
	if (s->there.n)
		found = bsearch(&wanted, s->there.at, s->there.n, sizeof wanted, by_id);
	s->missing += !found || found->until < wanted.until;
	return 0;
}

static int take_clock(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct search *s = ctx;

	(void)err;
	if (row[0].n < s->now)
		s->now = row[0].n;
	return 0;
}

int copy_missing_revoked(
	struct copy_log *from, struct copy_log *to, uint64_t *missing, struct dnc_error *err)
{
	struct search s = {.now = INT64_MAX};
	int rc = 0;

	if (from->engine->revokes && to->engine->revokes) {
		rc = from->engine->read(from, COPY_CLOCK, 0, 0, take_clock, &s, err);
		if (rc == 0)
			rc = to->engine->read(to, COPY_CLOCK, 0, 0, take_clock, &s, err);
		if (rc == 0)
			rc = to->engine->read(to, COPY_REVOKED, 0, 0, take_token, &s.there, err);
		if (rc == 0 && s.there.n)
			qsort(s.there.at, s.there.n, sizeof *s.there.at, by_id);
		if (rc == 0)
			rc = from->engine->read(from, COPY_REVOKED, 0, 0, look_for, &s, err);
	}
	free(s.there.at);
	*missing = s.missing;
	return rc < 0 ? -1 : 0;
}
