/* copy_rows.c - what rows look like. */
#include <sodium.h>
#include "priv/copy.h"

const char *const copy_cells[COPY_KINDS] = {
	[COPY_EVENTS] = "iutttttit",
	[COPY_AUDIT] = "iit",
	[COPY_EPOCHS] = "tii",
	[COPY_RATES] = "iti",
	[COPY_FACTS] = "tiiit",
	[COPY_COUNTED] = "ii",
	[COPY_TIMES] = "t",
	[COPY_KEY] = "t",
	[COPY_REVOKED] = "tiit",
	[COPY_CLOCK] = "i",
};

void copy_digest(enum copy_kind kind, const struct copy_cell *cells, unsigned char out[COPY_DIGEST])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, COPY_DIGEST);
	for (int i = 0; copy_cells[kind][i]; i++) {
		const struct copy_cell *c = &cells[i];
		int64_t n = c->text.p ? (int64_t)c->text.n : -1;

		if (copy_cells[kind][i] == 'i')
			n = c->n;
		crypto_generichash_update(&state, (const unsigned char *)&n, sizeof n);
		if (copy_cells[kind][i] != 'i' && c->text.n)
			crypto_generichash_update(
				&state, (const unsigned char *)c->text.p, c->text.n);
	}
	crypto_generichash_final(&state, out, COPY_DIGEST);
}
