/* publish_fault.h - why a request to publish is refused as a whole: one table of statuses and details. */
#pragma once
#include "web/http/body.h"

enum publish_fault {
	PUBLISH_OK,
	PUBLISH_DRAINING,
	/* Of the head. */
	PUBLISH_NO_LENGTH,
	PUBLISH_CONTENT_CODING,
	PUBLISH_MULTIPART,
	/* Of the body. */
	PUBLISH_TOO_LARGE,
	PUBLISH_BAD_CHUNK,
	PUBLISH_BAD_GZIP,
	PUBLISH_UNDECLARED_GZIP,
	PUBLISH_FORM,
	/* Of the hub. */
	PUBLISH_SUBJECT,
	PUBLISH_ADDRESS,
	PUBLISH_NO_MEMORY,
	PUBLISH_CROWDED,
	PUBLISH_LOG_BUSY,
	PUBLISH_FAULTS,
};

struct publish_fault_row {
	unsigned status;
	const char *detail; /* what is wrong, and what to do */
};

extern const struct publish_fault_row publish_faults[PUBLISH_FAULTS];

/* The fault of a body that is neither BODY_MORE nor BODY_END. */
enum publish_fault publish_fault_of_body(enum body_verdict verdict);
