/* ftc_reported_page.c - pages of reported calls from the FTC's interface (https://www.ftc.gov/developer/api), JSON in the
 * versions that it has had:
 *	{"data":[{"id":...,"number":...,"area-code":...},...]}
 *	{"data":[{"type":"dnc_complaint","id":...,"attributes":{"company-phone-number":...},...},...],"meta":...} */
#include <ctype.h>
#include "priv/format.h"

enum { NAME_MAX_BYTES = 64 };

/* Names of attributes, folded, and the fields that they are. Others are fields of the same name. */
static const struct {
	struct dnc_str name, field;
} fields[] = {{DNC_STR("company_phone_number"), DNC_STR("phone_number")},
	{DNC_STR("number"), DNC_STR("phone_number")},
	{DNC_STR("area_code"), DNC_STR("consumer_area_code")},
	{DNC_STR("created_date"), DNC_STR("timestamp")},
	{DNC_STR("violation_date"), DNC_STR("violation_at")},
	{DNC_STR("subject"), DNC_STR("details")},
	{DNC_STR("recorded_message_or_robocall"), DNC_STR("robocall")}};

/* Members beside the attributes that say nothing about the call. */
static const struct dnc_str envelope[] = {DNC_STR("type"), DNC_STR("attributes"),
	DNC_STR("relationships"), DNC_STR("links"), DNC_STR("meta")};

/* The field of an attribute: its name in lower case, with "_" for "-"; TEXT has room for it. */
static const char *field_of(struct dnc_str name, char text[NAME_MAX_BYTES])
{
	size_t n = name.n < NAME_MAX_BYTES - 1 ? name.n : NAME_MAX_BYTES - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(name.p[i] == '-' ? '_' : tolower((unsigned char)name.p[i]));
	text[n] = '\0';
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (dnc_str_eq(fields[i].name, (struct dnc_str){text, n}))
			return fields[i].field.p;
	return text;
}

static bool is_envelope(struct dnc_str name)
{
	for (size_t i = 0; i < sizeof envelope / sizeof envelope[0]; i++)
		if (dnc_str_eq(envelope[i], name))
			return true;
	return false;
}

/* DNC_SOURCE_MORE, or the call is rejected. */
static enum dnc_source_result add_attribute(
	struct dnc_source *s, const struct dnc_json *doc, uint32_t at)
{
	const struct dnc_json_node *node = &doc->node[at];
	char text[NAME_MAX_BYTES];
	const char *field = field_of(node->key, text);
	bool scalar = node->type == DNC_JSON_STRING || node->type == DNC_JSON_NUMBER;

	if (node->type == DNC_JSON_NULL)
		return DNC_SOURCE_MORE;
	if (strcmp(field, "phone_number") == 0 && scalar) {
		if (!source_add_cell_number(s, node->text))
			return source_reject_cell(s);
	} else if (strcmp(field, "robocall") == 0 && node->text.n == 1 &&
		   (node->text.p[0] == 'Y' || node->text.p[0] == 'N')) {
		source_add(s, field, node->text.p[0] == 'Y' ? DNC_STR("yes") : DNC_STR("no"));
	} else if (scalar && strcmp(field, "id") != 0) {
		if (!csv_add_field(s, DNC_COMPLIANCE_VIOLATION, field, node->text))
			return csv_reject_time(s, field);
	} else {
		dnc_json_write_key(&s->event, dnc_str(field));
		dnc_json_write_node(&s->event, doc, at);
	}
	return DNC_SOURCE_MORE;
}

static enum dnc_source_result add_members(
	struct dnc_source *s, const struct dnc_json *doc, uint32_t object, bool attributes)
{
	enum dnc_source_result rc = DNC_SOURCE_MORE;

	for (uint32_t i = object + 1; !rc && i < doc->node[object].next; i = doc->node[i].next)
		if (attributes || !is_envelope(doc->node[i].key))
			rc = add_attribute(s, doc, i);
	return rc;
}

static enum dnc_source_result read_call(struct dnc_source *s, uint32_t at)
{
	const struct dnc_json *doc = &s->page.doc;
	enum dnc_source_result rc;
	uint32_t attributes;

	if (doc->node[at].type != DNC_JSON_OBJECT)
		return source_reject(s, DNC_REJECT_NOT_AN_OBJECT, "",
			"the element of data is not a JSON object");
	attributes = dnc_json_get(doc, at, DNC_STR("attributes"));
	source_begin(s, DNC_COMPLIANCE_VIOLATION);
	source_add_origin(s, "ftc_reported_calls", NULL, NULL);
	source_add(s, "violation_type", DNC_STR("ftc_reported_call"));
	rc = add_members(s, doc, at, false);
	if (!rc && attributes && doc->node[attributes].type == DNC_JSON_OBJECT)
		rc = add_members(s, doc, attributes, true);
	if (rc)
		return rc;
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

/* The next call of the page. */
static enum dnc_source_result next_call(struct dnc_source *s)
{
	struct page *page = &s->page;
	uint32_t at = page->next;

	if (at >= page->end)
		return DNC_SOURCE_MORE;
	page->next = page->doc.node[at].next;
	s->record = (struct dnc_record){
		.line = page->line, .item = ++page->item, .raw = page->doc.node[at].raw};
	s->record.raw.n = documents_value_length((struct dnc_str){
		s->record.raw.p, (size_t)(page->text.p + page->text.n - s->record.raw.p)});
	return read_call(s, at);
}

static enum dnc_source_result read_text(struct dnc_source *s, struct dnc_str text)
{
	struct page *page = &s->page;
	enum dnc_source_result rc;
	uint32_t data;

	if (s->options.map)
		return source_text(s, text);
	page->next = page->end = 0;
	if (!source_parse(s, text, &page->doc, &rc))
		return rc;
	data = dnc_json_get(&page->doc, 0, DNC_STR("data"));
	if (!data || page->doc.node[data].type != DNC_JSON_ARRAY)
		return source_reject(s, DNC_REJECT_MISSING_FIELD, "data",
			"the page has no array data: it may be an answer that tells an error");
	if (!page->doc.node[data].count)
		return DNC_SOURCE_DROPPED;
	page->text = text;
	page->line = s->record.line;
	page->item = s->documents.made;
	page->next = data + 1;
	page->end = page->doc.node[data].next;
	return next_call(s);
}

const struct format format_ftc_reported_page = {
	.about = {"ftc-reported", "pages of reported calls", DNC_FORMAT_LIST},
	.line = documents_line,
	.next = documents_next,
	.text = read_text,
	.more = next_call};
