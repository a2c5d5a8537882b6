#include "web/http/publish_head.h"

static enum publish_fault read_length(struct dnc_str value, size_t max)
{
	size_t length = 0;

	if (!value.n)
		return PUBLISH_BAD_LENGTH;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return PUBLISH_BAD_LENGTH;
		if (length <= max)
			length = length * 10 + (size_t)(value.p[i] - '0');
	}
	return length > max ? PUBLISH_TOO_LARGE : PUBLISH_OK;
}

/* How the body ends: by its length or by its last chunk, and by one of them alone, because a proxy in between might go
 * by the other (RFC 9112 section 6.3). */
static enum publish_fault read_framing(
	const struct publish_head *head, size_t max, struct body *body)
{
	body->chunked = head->transfer_encoding.n > 0;
	if (body->chunked && head->content_length.p)
		return PUBLISH_TWO_LENGTHS;
	if (body->chunked)
		return dnc_str_caseeq(head->transfer_encoding, DNC_STR("chunked"))
		               ? PUBLISH_OK
		               : PUBLISH_TRANSFER_CODING;
	return head->content_length.p ? read_length(head->content_length, max) : PUBLISH_NO_LENGTH;
}

static bool starts(struct dnc_str value, struct dnc_str word)
{
	return value.n >= word.n && dnc_str_caseeq((struct dnc_str){value.p, word.n}, word);
}

enum publish_fault publish_head_read(
	const struct publish_head *head, size_t max, struct body *body, bool *form)
{
	struct dnc_str coding = head->content_encoding;
	enum publish_fault fault = read_framing(head, max, body);

	body->max_bytes = max;
	body->gzip = dnc_str_caseeq(coding, DNC_STR("gzip")) ||
	             dnc_str_caseeq(coding, DNC_STR("x-gzip"));
	*form = starts(head->content_type, DNC_STR("application/x-www-form-urlencoded"));
	if (fault != PUBLISH_OK)
		return fault;
	if (coding.n && !body->gzip && !dnc_str_caseeq(coding, DNC_STR("identity")))
		return PUBLISH_CONTENT_CODING;
	return starts(head->content_type, DNC_STR("multipart/")) ? PUBLISH_MULTIPART : PUBLISH_OK;
}
