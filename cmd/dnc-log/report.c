#include "report.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"

void report_copied(const struct options *o, const struct dnc_copied *c)
{
	if (c->holes)
		dnc_warn("the source does not have %" PRIu64
			 " of the numbers that were copied, and so the target does not",
			c->holes);
	if (c->clock_jumped)
		dnc_warn(
			"the clock jumped while the source was written: in PostgreSQL, events from before that may not be found by time");
	if (c->revoked && !c->revoked_kept)
		dnc_warn(
			"the source revokes tokens (%" PRIu64
			"), which were not copied, as a directory has no list of them: write their ids into the hub's file of "
			"--revoked before it is started: SELECT jti FROM dnc.revoked",
			c->revoked);
	if (o->json)
		printf("{\"copied\":%" PRIu64 ",\"audit_records\":%" PRIu64
		       ",\"revoked_tokens\":%" PRIu64 ",\"oldest\":%" PRIu64 ",\"newest\":%" PRIu64
		       ",\"source_newest\":%" PRIu64 "}\n",
			c->events, c->records, c->revoked_kept ? c->revoked : 0, c->to.oldest,
			c->to.last, c->from.last);
	else
		printf("copied %" PRIu64 " events and %" PRIu64
		       " audit records; the target has events %" PRIu64 " to %" PRIu64 "\n",
			c->events, c->records, c->to.oldest, c->to.last);
	fflush(stdout);
	if (c->from.last > c->to.last)
		dnc_note("the source has events up to %" PRIu64 ": run it again to copy them, too",
			c->from.last);
}

static void print_json(
	const struct dnc_copy_compared *c, bool same, char hash[2][2 * DNC_COPY_HASH + 1])
{
	static const char *const sides[] = {"source", "target"};
	const struct dnc_copy_ends *ends[] = {&c->from, &c->to};

	printf("{\"same\":%s,\"first\":%" PRIu64 ",\"last\":%" PRIu64 ",\"audit_records\":%" PRIu64,
		same ? "true" : "false", c->first, c->last, c->records);
	for (int i = 0; i < 2; i++)
		printf(",\"%s\":{\"oldest\":%" PRIu64 ",\"newest\":%" PRIu64 ",\"events\":%" PRIu64
		       ",\"blake2b\":\"%s\",\"newest_audit_record\":%" PRIu64 "}",
			sides[i], ends[i]->oldest, ends[i]->last, c->events[i], hash[i],
			ends[i]->record);
	if (c->differ)
		printf(",\"difference\":\"%s\"", c->difference);
	puts("}");
}

static void print_text(const struct dnc_copy_compared *c, char hash[2][2 * DNC_COPY_HASH + 1])
{
	static const char *const sides[] = {"source", "target"};
	const struct dnc_copy_ends *ends[] = {&c->from, &c->to};

	printf("compared events %" PRIu64 " to %" PRIu64 " and %" PRIu64 " audit records\n",
		c->first, c->last, c->records);
	for (int i = 0; i < 2; i++)
		printf("%s: oldest %" PRIu64 ", newest %" PRIu64 ", compared %" PRIu64
		       ", blake2b %s\n",
			sides[i], ends[i]->oldest, ends[i]->last, c->events[i], hash[i]);
}

bool report_compared(const struct options *o, const struct dnc_copy_compared *c)
{
	char hash[2][2 * DNC_COPY_HASH + 1];
	bool same = !c->differ && c->to.last >= c->from.last && c->to.record >= c->from.record;

	for (int i = 0; i < 2; i++)
		sodium_bin2hex(hash[i], sizeof hash[i], c->hash[i], DNC_COPY_HASH);
	if (o->json)
		print_json(c, same, hash);
	else
		print_text(c, hash);
	fflush(stdout);
	if (c->differ)
		dnc_err("the logs differ: %s", c->difference);
	else if (c->from.last > c->to.last)
		dnc_note("what both have is the same; the source has %" PRIu64
			 " newer events: run dnc-log copy to copy them",
			c->from.last - c->to.last);
	else if (c->from.record > c->to.record)
		dnc_note("what both have is the same; the source has audit records up to %" PRIu64
			 ", the target up to %" PRIu64 ": run dnc-log copy to copy them",
			c->from.record, c->to.record);
	else if (c->to.last > c->from.last)
		dnc_note("what both have is the same; the target has %" PRIu64 " newer events",
			c->to.last - c->from.last);
	return same;
}
