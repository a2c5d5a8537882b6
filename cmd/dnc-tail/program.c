#include "program.h"
#include "cli/cli.h"

/* So many failures are told one by one; all are counted. */
enum { TOLD_MAX = 10 };

/* The results of JOB come: those of the events before it are complete. */
static void reach(struct program *p, uint64_t seq)
{
	if (p->at && p->at != seq)
		p->done(p->ctx, p->at);
	p->at = seq;
}

static int on_result(
	void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number)
{
	struct program *p = ctx;

	(void)number;
	reach(p, job->line);
	return p->result(p->ctx, result);
}

static void on_nothing(void *ctx, const struct dnc_map_job *job)
{
	reach(ctx, job->line);
}

static int on_failed(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err)
{
	struct program *p = ctx;

	reach(p, job->line);
	if (++p->failures <= TOLD_MAX)
		dnc_err("--jq: event %llu: %s", (unsigned long long)job->line, err->message);
	if (p->failures == TOLD_MAX)
		dnc_err("--jq: further events on which the program fails are only counted");
	return 0;
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

void program_start(struct program *p, const struct options *o)
{
	if (!o->jq)
		return;
	p->map = dnc_map_compile(o->jq, &p->err);
	if (!p->map)
		dnc_cli_usage("--jq: %s", p->err.message);
	p->mapper = dnc_mapper_new(p->map,
		&(struct dnc_mapper_options){.name = "jq",
			.timeout_ms = (int64_t)o->jq_timeout_ms,
			.memory = o->jq_memory,
			.result = on_result,
			.nothing = on_nothing,
			.failed = on_failed,
			.stopped = is_stopped,
			.ctx = p},
		&p->err);
	if (!p->mapper)
		dnc_cli_die(dnc_cli_exit_code(p->err.code), "%s", p->err.message);
}

int program_add(struct program *p, struct dnc_str text, uint64_t seq)
{
	return dnc_mapper_add(p->mapper,
		&(struct dnc_map_job){.line = seq, .record = text, .raw = text}, &p->err);
}

int program_drain(struct program *p)
{
	if (!p->mapper)
		return 0;
	if (dnc_mapper_drain(p->mapper, &p->err) < 0)
		return -1;
	reach(p, 0);
	return 0;
}

void program_finish(struct program *p)
{
	if (p->failures)
		dnc_err("--jq: the program failed on %llu events, of which nothing was printed",
			(unsigned long long)p->failures);
	dnc_mapper_free(p->mapper);
	dnc_map_free(p->map);
}
