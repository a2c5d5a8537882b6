/* program.c - conditions in jq. */
#include "priv/decide.h"

static int on_result(
	void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number)
{
	struct rule_program *p = ctx;

	(void)job;
	(void)number;
	p->holds = !dnc_str_eq(result, DNC_STR("false")) && !dnc_str_eq(result, DNC_STR("null"));
	return 0;
}

static int on_failed(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err)
{
	struct rule_program *p = ctx;

	(void)job;
	p->err = *err;
	return 0;
}

int rule_program_start(
	struct rule *rule, const struct dnc_rules_options *options, struct dnc_error *err)
{
	struct rule_program *p = &rule->program;

	if (!p->map)
		return 0;
	p->mapper = dnc_mapper_new(p->map,
		&(struct dnc_mapper_options){.name = "jq",
			.timeout_ms = options->jq_timeout_ms,
			.memory = options->jq_memory,
			.result = on_result,
			.failed = on_failed,
			.stopped = options->stopped,
			.ctx = p},
		err);
	return p->mapper ? 0 : -1;
}

int rule_program_holds(struct rule *rule, const struct dnc_event *event, struct dnc_error *err)
{
	struct rule_program *p = &rule->program;

	p->holds = false;
	p->err.message[0] = '\0';
	if (dnc_mapper_add(p->mapper,
		    &(struct dnc_map_job){.record = event->line, .raw = event->line}, err) < 0 ||
		dnc_mapper_drain(p->mapper, err) < 0)
		return -1;
	if (!p->err.message[0])
		return p->holds;
	if (p->err.code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(err);
	return dnc_error_set(
		err, DNC_REJECT_MAP_FAILED, "rule %s: jq: %.140s", rule->name, p->err.message);
}

void rule_program_finish(struct rule_program *p)
{
	dnc_mapper_free(p->mapper);
	dnc_map_free(p->map);
	*p = (struct rule_program){0};
}
