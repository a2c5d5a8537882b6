#include "web/http/publish_fault.h"

const struct publish_fault_row publish_faults[PUBLISH_FAULTS] = {
	[PUBLISH_DRAINING] = {503,
		"the hub is shutting down: send the request again after Retry-After"},
	[PUBLISH_NO_LENGTH] = {411, "send Content-Length, or Transfer-Encoding: chunked"},
	[PUBLISH_CONTENT_CODING] = {415,
		"Content-Encoding is not supported: send the body as it is, or as gzip"},
	[PUBLISH_MULTIPART] = {415,
		"a multipart form is not a body of events: use curl --data-binary, not -F"},
	[PUBLISH_TOO_LARGE] = {413,
		"the request has more than 4 MiB (before or after decompression) or 10000 events: "
		"split it"},
	[PUBLISH_BAD_CHUNK] = {400,
		"the chunks of the body are malformed or end early: check the client, or send "
		"Content-Length"},
	[PUBLISH_BAD_GZIP] = {400,
		"the body is not gzip as Content-Encoding says, or it is cut off"},
	[PUBLISH_UNDECLARED_GZIP] = {415,
		"the body is a gzip file: send it with -H 'Content-Encoding: gzip'"},
	[PUBLISH_FORM] = {415,
		"a form is not a body of events: use curl -H 'Content-Type: application/x-ndjson' "
		"--data-binary @FILE"},
	[PUBLISH_SUBJECT] = {429,
		"16 of your requests with events are still being received or logged: wait for an "
		"answer first"},
	[PUBLISH_ADDRESS] = {429,
		"64 requests with events from your address are still being received or logged: try "
		"again after Retry-After"},
	[PUBLISH_NO_MEMORY] = {503, "the hub is out of memory: try again later"},
	[PUBLISH_CROWDED] = {503,
		"too many requests with bodies are being received: try again, with fewer at once"},
	[PUBLISH_LOG_BUSY] = {503,
		"the event log accepts no events now: send the request again after Retry-After"},
};

enum publish_fault publish_fault_of_body(enum body_verdict verdict)
{
	static const enum publish_fault faults[] = {
		[BODY_MORE] = PUBLISH_OK,
		[BODY_END] = PUBLISH_OK,
		[BODY_BAD_CHUNK] = PUBLISH_BAD_CHUNK,
		[BODY_BAD_GZIP] = PUBLISH_BAD_GZIP,
		[BODY_TOO_LARGE] = PUBLISH_TOO_LARGE,
		[BODY_NO_MEMORY] = PUBLISH_NO_MEMORY,
	};

	return faults[verdict];
}
