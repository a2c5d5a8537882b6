/* A head is read the same however it comes; and what was read, written again in the plainest form, is read as the same
 * request. */
#include "fuzz.h"
#include "base/buf.h"
#include "web/http/cors.h"
#include "web/http/forwarded.h"
#include "web/http/head.h"
#include "web/http/request_line.h"

/* Reads a head that comes in pieces of STEP bytes, in memory of its own, which ends where they end. */
static enum http_head_verdict read_pieces(
	const uint8_t *data, size_t size, size_t step, struct http_head *head)
{
	enum http_head_verdict verdict = HTTP_HEAD_MORE;
	size_t scanned = 0;

	for (size_t have = 0; have < size && verdict == HTTP_HEAD_MORE;) {
		char *copy;

		have = size - have < step ? size : have + step;
		copy = malloc(have);
		if (!copy)
			abort();
		memcpy(copy, data, have);
		verdict = http_head_read(copy, have, &scanned, head);
		if (scanned > have)
			abort();
		free(copy);
	}
	return verdict;
}

static void check_pieces(const uint8_t *data, size_t size, enum http_head_verdict verdict,
	const struct http_head *head, size_t step)
{
	static struct http_head again;

	if (read_pieces(data, size, step, &again) != verdict)
		abort();
	if (verdict == HTTP_HEAD_READ && again.bytes != head->bytes)
		abort();
	/* A long request line may be refused for its length, or for what comes later. */
	if (verdict == HTTP_HEAD_REFUSED && size < REQUEST_LINE_BYTES &&
		(again.status != head->status || again.fault != head->fault))
		abort();
}

static void write_head(struct dnc_buf *b, const struct http_head *head)
{
	dnc_buf_str(b, head->method);
	dnc_buf_chr(b, ' ');
	dnc_buf_str(b, head->path);
	if (head->query.p)
		dnc_buf_chr(b, '?');
	dnc_buf_str(b, head->query);
	dnc_buf_printf(b, " HTTP/1.%d\r\n", !head->http_1_0);
	for (size_t i = 0; i < head->count; i++) {
		dnc_buf_str(b, head->fields[i].name);
		dnc_buf_chr(b, ':');
		dnc_buf_str(b, head->fields[i].value);
		dnc_buf_lit(b, "\r\n");
	}
	dnc_buf_lit(b, "\r\n");
}

static void check_written(const struct http_head *head)
{
	static struct http_head again;
	struct dnc_buf text = {0}, twice = {0};
	size_t scanned = 0;

	write_head(&text, head);
	if (http_head_read(text.p, text.n, &scanned, &again) != HTTP_HEAD_READ ||
		again.bytes != text.n || again.chunked != head->chunked ||
		again.has_length != head->has_length || again.length != head->length ||
		again.close != head->close || again.expects_continue != head->expects_continue)
		abort();
	write_head(&twice, &again);
	if (!dnc_str_eq(dnc_buf_view(&text), dnc_buf_view(&twice)))
		abort();
	dnc_buf_free(&text);
	dnc_buf_free(&twice);
}

/* What is made of a head. */
static void use(const struct http_head *head)
{
	static const char *const allowed[] = {"https://a.example"};
	struct cors cors = cors_read(head, allowed, 1);
	struct dnc_str element;
	char address[ADDRESS_MAX];

	for (size_t i = 0; i < head->count; i++) {
		struct http_list list = http_list_start(head, head->fields[i].name);

		while (http_list_next(&list, &element))
			if (!element.n || !http_head_has_token(head, head->fields[i].name, element))
				abort();
	}
	if (forwarded_address(head, address) != (address[0] != '\0'))
		abort();
	if (cors.preflight && !cors.origin.p)
		abort();
	/* One framing at most, and none where a body has no meaning. */
	if ((head->chunked && head->has_length) || (head->chunked && head->http_1_0) ||
		(dnc_str_eq(head->method, DNC_STR("GET")) && (head->chunked || head->length)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_head head;
	size_t step = size ? 1 + data[0] : 1, scanned = 0;
	enum http_head_verdict verdict;

	if (!size)
		return 0;
	data++;
	size--;
	verdict = http_head_read((const char *)data, size, &scanned, &head);
	check_pieces(data, size, verdict, &head, step);
	if (size < 300)
		check_pieces(data, size, verdict, &head, 1);
	if (verdict == HTTP_HEAD_READ) {
		check_written(&head);
		use(&head);
	} else if (verdict == HTTP_HEAD_REFUSED && (head.status < 400 || !head.fault[0])) {
		abort();
	}
	return 0;
}
