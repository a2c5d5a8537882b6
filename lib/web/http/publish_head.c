#include "web/http/publish_head.h"

/* How the body ends; that only one of the two is there has been checked. */
static enum publish_fault read_framing(const struct http_head *head, size_t max, struct body *body)
{
	body->chunked = head->chunked;
	if (head->chunked)
		return PUBLISH_OK;
	if (!head->has_length)
		return PUBLISH_NO_LENGTH;
	return head->length > max ? PUBLISH_TOO_LARGE : PUBLISH_OK;
}

static bool starts(struct dnc_str value, struct dnc_str word)
{
	return value.n >= word.n && dnc_str_caseeq((struct dnc_str){value.p, word.n}, word);
}

enum publish_fault publish_head_read(
	const struct http_head *head, size_t max, struct body *body, bool *form)
{
	struct dnc_str coding = http_head_field(head, DNC_STR("content-encoding"));
	struct dnc_str type = http_head_field(head, DNC_STR("content-type"));
	enum publish_fault fault = read_framing(head, max, body);

	body->max_bytes = max;
	body->gzip = dnc_str_caseeq(coding, DNC_STR("gzip")) ||
	             dnc_str_caseeq(coding, DNC_STR("x-gzip"));
	*form = starts(type, DNC_STR("application/x-www-form-urlencoded"));
	if (fault != PUBLISH_OK)
		return fault;
	if (coding.n && !body->gzip && !dnc_str_caseeq(coding, DNC_STR("identity")))
		return PUBLISH_CONTENT_CODING;
	return starts(type, DNC_STR("multipart/")) ? PUBLISH_MULTIPART : PUBLISH_OK;
}
