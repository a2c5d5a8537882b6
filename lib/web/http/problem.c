#include "web/http/problem.h"
#include "json/member.h"

/* RFC 6455 section 4.4: the version of a WebSocket that is understood. */
static const struct extra_header websocket_version = {"sec-websocket-version:", "13", NULL};

static const struct problem_status statuses[] = {
	{400, "Bad Request", {0}},
	{401, "Unauthorized", {"www-authenticate:", "Bearer", NULL}},
	{403, "Forbidden", {0}},
	{404, "Not Found", {0}},
	{405, "Method Not Allowed", {0}},
	{411, "Length Required", {0}},
	{413, "Content Too Large", {0}},
	{414, "URI Too Long", {0}},
	{415, "Unsupported Media Type", {"accept-encoding:", "gzip", NULL}},
	{417, "Expectation Failed", {0}},
	{422, "Unprocessable Content", {0}},
	{426, "Upgrade Required", {"upgrade:", "websocket", &websocket_version}},
	{429, "Too Many Requests", {"retry-after:", "6", NULL}},
	{431, "Request Header Fields Too Large", {0}},
	{501, "Not Implemented", {0}},
	{505, "HTTP Version Not Supported", {0}},
	{503, "Service Unavailable", {"retry-after:", "1", NULL}},
};

const struct problem_status *problem_status(unsigned status)
{
	const size_t last = sizeof statuses / sizeof statuses[0] - 1;

	for (size_t i = 0; i < last; i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return &statuses[last];
}

void http_problem_open(struct dnc_buf *b, unsigned status, const char *detail)
{
	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	dnc_json_member_text(b, "title", problem_status(status)->title);
	dnc_json_member_number(b, "status", status);
	dnc_json_member_visible(b, "detail", detail);
}

void http_problem_close(struct dnc_buf *b)
{
	dnc_buf_chr(b, '}');
}
