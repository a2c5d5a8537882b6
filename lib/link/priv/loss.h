/* loss.h - what is said when a connection is lost and made again: one line for each change, with several readers once it is known
 * who takes over. Used within one thread. */
#pragma once
#include "connection.h"

/* So many losses in a row without an acknowledgement are said. */
enum { LOSS_FRUITLESS_SAID = 3 };

/* The connection to the reader in use is lost. */
void loss_begins(struct connection *c, const char *why);

/* Nor can the reader in use be reached. */
void loss_adds(struct connection *c, const char *why);

/* No reader can be reached: says so, and makes connect_err, that of the last one, a reason for all. */
void loss_stays(struct connection *c);

/* The reader in use is connected; OTHER: it is another than the one before. */
void loss_ends(struct connection *c, bool other);
