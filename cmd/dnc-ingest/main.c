/* dnc-ingest - converts records of upstream systems to canonical events. */
#include "run.h"

static void load_map(struct options *o)
{
	struct dnc_error err;

	if (o->map && !(o->source.map = dnc_map_compile(o->map, &err)))
		dnc_cli_usage("--map: %s", err.message);
	if (o->map_file && !(o->source.map = dnc_map_compile_file(o->map_file, &err))) {
		if (err.code)
			dnc_cli_die(DNC_EXIT_IO, "--map-file: %s", err.message);
		dnc_cli_usage("--map-file: %s: %s", o->map_file, err.message);
	}
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct ingest in;
	struct dnc_event_reader *reader;
	int rc;

	options_read(&options, argc, argv);
	load_map(&options);
	reader = dnc_event_reader_new(&(struct dnc_event_options){
		.region = options.source.region, .strict_phone = options.strict_phone});
	if (!reader)
		dnc_cli_die_nomem();
	run_begin(&in, &options, reader);
	rc = run_finish(&in, run_read(&in));
	dnc_event_reader_free(reader);
	dnc_map_free(options.source.map);
	return rc;
}
