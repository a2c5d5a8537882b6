/* dnc-ingest - converts records of upstream systems to canonical events. */
#include "compare.h"
#include "mapping.h"
#include "reading.h"
#include "run.h"
#include "watch.h"

int main(int argc, char **argv)
{
	static struct ingest in;
	int rc;

	options_read(&in.options, argc, argv);
	mapping_start(&in, reading_accept, reading_reject);
	in.reader = dnc_event_reader_new(&(struct dnc_event_options){
		.region = in.options.source.region, .strict_phone = in.options.strict_phone});
	if (!in.reader)
		dnc_cli_die_nomem();
	run_open(&in);
	rc = in.options.watch     ? watch(&in)
	     : in.options.against ? compare_run(&in)
	                          : run_finish(&in, run_read(&in));
	run_close(&in);
	mapping_finish(&in);
	dnc_event_reader_free(in.reader);
	return rc;
}
