#include "mapping.h"
#include <errno.h>

static struct dnc_map *compile(const struct options *o)
{
	struct dnc_error err;
	struct dnc_map *map;

	if (o->map) {
		map = dnc_map_compile(o->map, &err);
		if (!map)
			dnc_cli_usage("--map: %s", err.message);
		return map;
	}
	map = dnc_map_compile_file(o->map_file, &err);
	if (!map && err.code)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "--map-file: %s",
			err.message);
	if (!map)
		dnc_cli_usage("--map-file: %s: %s", o->map_file, err.message);
	return map;
}

/* Items are counted over the line, which may have several records. */
static uint64_t count_item(struct ingest *in, const struct dnc_map_job *job)
{
	uint64_t stream = ((const struct dnc_stream *)job->user)->id;

	if (stream != in->items.stream || job->line != in->items.line)
		in->items = (struct items){stream, job->line, 0};
	return ++in->items.count;
}

static int on_result(
	void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number)
{
	struct ingest *in = ctx;
	struct dnc_str event = result;

	(void)number;
	if (in->fill && dnc_fill_add(in->fill, &event, &in->err) < 0)
		return -1;
	return in->accept_mapped(in, job->user,
		&(struct dnc_record){.event = event,
			.line = job->line,
			.item = count_item(in, job),
			.raw = result});
}

static int on_failed(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err)
{
	struct ingest *in = ctx;
	struct dnc_error failed = *err;

	failed.code = DNC_REJECT_MAP_FAILED;
	return in->reject_unmapped(in, job->user,
		&(struct dnc_record){.line = job->line, .item = job->item, .raw = job->raw},
		&failed);
}

static void on_nothing(void *ctx, const struct dnc_map_job *job)
{
	struct ingest *in = ctx;

	(void)job;
	in->tally.no_events++;
	in->tally.unmapped++;
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

static void start(struct ingest *in)
{
	const struct options *o = &in->options;
	struct dnc_error err;

	in->mapper = dnc_mapper_new(in->map,
		&(struct dnc_mapper_options){.name = "map",
			.timeout_ms = (int64_t)o->map_timeout_ms,
			.memory = o->map_memory,
			.objects = true,
			.result = on_result,
			.failed = on_failed,
			.nothing = on_nothing,
			.stopped = is_stopped,
			.ctx = in},
		&err);
	if (!in->mapper)
		dnc_cli_die_io(&err);
}

void mapping_start(struct ingest *in, mapping_accept *accept, mapping_reject *reject)
{
	const struct options *o = &in->options;
	struct dnc_error err;

	if (!o->map && !o->map_file)
		return;
	in->accept_mapped = accept;
	in->reject_unmapped = reject;
	in->map = compile(o);
	in->settles = dnc_stage_has_producers(&o->stage);
	if ((o->source.provider || o->source.provider_id || o->source.reason || o->source.source) &&
		!(in->fill = dnc_fill_new(&o->source, &err)))
		dnc_cli_die_io(&err);
	start(in);
}

void mapping_begin(struct ingest *in)
{
	struct dnc_error err;

	if (!in->mapper_failed)
		return;
	if (dnc_mapper_reset(in->mapper, &err) < 0)
		dnc_cli_die_io(&err);
	in->mapper_failed = false;
}

/* The mapper is of no more use. */
static int note_failure(struct ingest *in, int rc)
{
	in->mapper_failed |= rc < 0;
	return rc;
}

int mapping_add(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r)
{
	const struct dnc_map_job job = {s, r->line, r->item, r->event, r->raw};

	return note_failure(in, dnc_mapper_add(in->mapper, &job, &in->err));
}

int mapping_drain(struct ingest *in)
{
	return in->mapper && !in->mapper_failed
	               ? note_failure(in, dnc_mapper_drain(in->mapper, &in->err))
	               : 0;
}

int mapping_settle(struct ingest *in)
{
	return in->settles ? mapping_drain(in) : 0;
}

void mapping_finish(struct ingest *in)
{
	dnc_mapper_free(in->mapper);
	dnc_fill_free(in->fill);
	dnc_map_free(in->map);
}
