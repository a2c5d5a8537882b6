/* capture_number.c - the number of a captured row. A row with several may release the wrong one: it is rejected. */
#include "priv/record.h"

static bool is_scalar(const struct dnc_json_node *node)
{
	return (node->type == DNC_JSON_STRING || node->type == DNC_JSON_NUMBER) && node->text.n > 0;
}

static struct dnc_beside_owner owner_of(struct dnc_str key)
{
	return dnc_beside_owner(key, (enum dnc_side)csv_header_side(key));
}

/* The column with the number, under any name that means it in a CSV header; 0 if there is none. The row's own number
 * counts before those of a call. */
static uint32_t find_number(const struct dnc_json *doc, uint32_t row)
{
	const struct dnc_json_node *node = doc->node;
	uint32_t found = 0;
	int best = 0;

	for (uint32_t i = row + 1; i < node[row].next; i = node[i].next) {
		int certain = csv_number_header(node[i].key);

		if (!certain || node[i].type == DNC_JSON_NULL || !node[i].text.n)
			continue;
		if (certain > best ||
			(certain == best && dnc_str_eq(node[i].key, DNC_STR("phone_number"))))
			found = i;
		best = certain > best ? certain : best;
	}
	return found;
}

/* Reads the number in column AT with the country and the area code in the row. DNC_SOURCE_MORE, or the record is
 * rejected. */
static enum dnc_source_result read_number(struct dnc_source *s, const struct dnc_json *doc,
	uint32_t row, uint32_t at, struct dnc_beside_number *number)
{
	struct dnc_beside_owner owner = owner_of(doc->node[at].key);
	struct dnc_error err;

	*number = dnc_beside_number(doc->node[at].text);
	return dnc_beside_apply_members(&s->beside, owner, doc, &row, 1, number, &err) < 0
	               ? source_reject_beside(s, &err)
	               : DNC_SOURCE_MORE;
}

/* Normalizes the number in column AT, read as in the row or as one of the region; *NUMBER is empty if it is none. */
static void normalize(struct dnc_source *s, const struct dnc_json *doc, uint32_t row, uint32_t at,
	struct dnc_str *number, char e164[DNC_PHONE_MAX])
{
	struct dnc_beside_number beside;
	struct dnc_str read;
	size_t n = 0;

	read = read_number(s, doc, row, at, &beside) ? doc->node[at].text : beside.read;
	*number = (struct dnc_str){e164, 0};
	if (dnc_phone_normalize(dnc_str_trim(read), s->options.region, false, e164, &n) ==
		DNC_PHONE_OK)
		number->n = n;
}

/* True if column AT, beside the number in column PHONE, holds another number, or may: a text under a header that means
 * one for certain does. A number of a call beside the row's own is no other one, as in a CSV file, unless CALLS count. */
static bool is_other(struct dnc_source *s, const struct dnc_json *doc, uint32_t row, uint32_t phone,
	uint32_t at, bool calls)
{
	const struct dnc_json_node *node = &doc->node[at];
	bool certain = csv_number_header(node->key) == 2;
	char first[DNC_PHONE_MAX], second[DNC_PHONE_MAX];
	struct dnc_str one, other;

	if (!is_scalar(node) || dnc_str_eq(node->text, doc->node[phone].text) ||
		dnc_beside_certain(dnc_beside_of(node->key, owner_of(doc->node[phone].key))) ||
		!(certain ||
			(calls && (csv_number_header(node->key) || csv_header_side(node->key))) ||
			csv_header_may_be_number(node->key)))
		return false;
	normalize(s, doc, row, phone, &one, first);
	normalize(s, doc, row, at, &other, second);
	return other.n ? !dnc_str_eq(one, other) : certain || csv_starts_with_number(s, node->text);
}

enum dnc_source_result capture_read_number(struct dnc_source *s, const struct dnc_json *doc,
	uint32_t row, bool deleted, uint32_t *phone, struct dnc_beside_number *number)
{
	const struct dnc_json_node *node = doc->node;
	enum csv_side side;

	*phone = find_number(doc, row);
	if (!*phone)
		return DNC_SOURCE_MORE;
	side = csv_header_side(node[*phone].key);
	for (uint32_t i = row + 1; i < node[row].next; i = node[i].next) {
		enum csv_side other = csv_header_side(node[i].key);
		struct dnc_str key = node[i].key;

		key.n = key.n > 40 ? 40 : key.n;
		if (i == *phone)
			continue;
		if (side && other && side != other && !dnc_str_eq(node[i].text, node[*phone].text))
			return source_reject(s, DNC_REJECT_INVALID_FIELD, "phone_number",
				"the row has the numbers of both sides of a call, one of them in %.*s: select "
				"that of the consumer with --map",
				DNC_STR_ARG(key));
		if (is_other(s, doc, row, *phone, i, side || deleted))
			return source_reject(s, DNC_REJECT_INVALID_FIELD, "phone_number",
				"the row has several numbers, one of them in %.*s: select one with --map",
				DNC_STR_ARG(key));
	}
	return read_number(s, doc, row, *phone, number);
}
