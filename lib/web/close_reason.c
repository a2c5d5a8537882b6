#include "priv/close_reason.h"

const struct close_reason_row close_reason_rows[CLOSE_REASONS] = {
#define X(name, label, code, error, text) {label, code, error, text},
	CLOSE_REASON_TABLE(X)
#undef X
};
