/* publish.h - writes events to the output. */
#pragma once
#include "event/event.h"

struct ingest;

/* Writes the LINE of an event of TYPE and counts it, no faster than --rate allows. -1 with in->err. */
int publish_line(struct ingest *in, enum dnc_type type, struct dnc_str line);

/* Writes what was gathered. -1 with in->err. */
int publish_flush(struct ingest *in);
