/* watch.h - a run for each file of a directory (dnc-ingest(1), "Directories"). */
#pragma once
#include "ingest.h"

/* Reads the files of --watch, until a signal, or with --once until none is left. Returns an exit code. */
int watch(struct ingest *in);
