#include "program.h"
#include "cli/cli.h"
#include "event/event.h"

static int on_result(
	void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number)
{
	struct program *p = ctx;

	(void)job;
	(void)number;
	p->results++;
	return dnc_outlet_line(p->stage->out, result.p, result.n, p->err);
}

static int on_failed(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err)
{
	struct program *p = ctx;
	struct dnc_error failed = *err;

	p->refused++;
	failed.code = DNC_REJECT_MAP_FAILED;
	return dnc_stage_reject(p->stage, job->user, job->line, 0, job->raw, &failed, p->err);
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

void program_start(
	struct program *p, const struct options *o, struct dnc_stage *stage, struct dnc_error *err)
{
	if (!o->jq)
		return;
	p->map = dnc_map_compile(o->jq, err);
	if (!p->map)
		dnc_cli_usage("--jq: %s", err->message);
	p->stage = stage;
	p->err = err;
	p->settles = dnc_stage_has_producers(&o->stage);
	p->mapper = dnc_mapper_new(p->map,
		&(struct dnc_mapper_options){.name = "jq",
			.timeout_ms = (int64_t)o->jq_timeout_ms,
			.memory = o->jq_memory,
			.result = on_result,
			.failed = on_failed,
			.stopped = is_stopped,
			.ctx = p},
		err);
	if (!p->mapper)
		dnc_cli_die_io(err);
}

int program_add(
	struct program *p, struct dnc_stream *s, const struct dnc_line *line, struct dnc_str event)
{
	return dnc_mapper_add(p->mapper,
		&(struct dnc_map_job){
			.user = s, .line = line->number, .record = event, .raw = line->text},
		p->err);
}

int program_drain(struct program *p)
{
	return p->mapper ? dnc_mapper_drain(p->mapper, p->err) : 0;
}

int program_settle(struct program *p)
{
	return p->settles ? program_drain(p) : 0;
}

void program_finish(struct program *p)
{
	dnc_mapper_free(p->mapper);
	dnc_map_free(p->map);
}
