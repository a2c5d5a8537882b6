/* rejects_report.c - what was rejected, in a few lines for people. */
#include "base/log.h"
#include "rejects.h"

/* Codes that a report tells. */
enum { REPORTED_CODES = 5 };

/* A code may have several faults, of which each needs a remedy of its own. */
static void report_code(const struct dnc_rejects *r, size_t code)
{
	const struct dnc_reject_fault *f = r->faults[code];
	uint64_t told = f->count;

	dnc_note("%llu rejected with %s; the first: %s", (unsigned long long)r->codes[code],
		dnc_reject_name((enum dnc_reject)code), f->message);
	for (size_t i = 1; i < DNC_REJECT_FAULTS && f[i].count; i++) {
		dnc_note("%llu of these: %s", (unsigned long long)f[i].count, f[i].message);
		told += f[i].count;
	}
	if (told < r->codes[code])
		dnc_note("%llu of these: for other reasons, see the rejects",
			(unsigned long long)(r->codes[code] - told));
}

void dnc_rejects_report(const struct dnc_rejects *r)
{
	bool told[DNC_REJECTS] = {false};

	for (int n = 0; n < REPORTED_CODES; n++) {
		size_t most = 0;

		for (size_t i = 1; i < DNC_REJECTS; i++)
			if (!told[i] && r->codes[i] > (most ? r->codes[most] : 0))
				most = i;
		if (!most)
			return;
		told[most] = true;
		report_code(r, most);
	}
}
