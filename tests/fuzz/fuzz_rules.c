/* A file of rules is refused with places that are in it, or its rules decide the same about the same events each time, and
 * what they give is canonical. Conditions that start processes or read other files are left out. */
#include "file.h"
#include "fuzz.h"
#include "rules/rules.h"

static const char *const records[] = {
	"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"type\":\"dnc.number.suppressed\","
	"\"phone_number\":\"+19165551234\",\"provider\":\"federal_dnc\",\"reason\":\"regulatory\","
	"\"timestamp\":\"2026-08-29T08:00:00Z\",\"metadata\":{\"team\":\"a{b}\",\"ingested_at\":"
	"\"2026-08-29T08:00:01.000Z\"}}",
	"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8059\",\"type\":\"dnc.check.performed\","
	"\"phone_number\":\"+13035550199\",\"result\":\"allowed\",\"call_id\":\"c7\",\"sources\":[1,{}],"
	"\"timestamp\":\"2026-08-29T10:00:00Z\",\"metadata\":{\"ingested_at\":\"2026-08-29T10:00:01.000Z\"}}",
	"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a805a\",\"type\":\"dnc.list.synced\","
	"\"provider\":\"federal_dnc\",\"sync_status\":\"failed\",\"timestamp\":\"2026-08-29T11:00:00Z\","
	"\"metadata\":{\"ingested_at\":\"2026-08-29T11:00:01.000Z\"}}",
};

static size_t faults;

static void on_fault(void *ctx, const struct dnc_rules_fault *f)
{
	(void)ctx;
	faults += !f->warning;
	if (!f->message.n || (f->text.p && f->at > f->text.n))
		abort();
}

static bool mentions(const uint8_t *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

static void must_be_canonical(struct dnc_str line)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	char *copy = calloc(1, line.n + DNC_JSON_PADDING);
	struct dnc_event event;

	if (!reader || !copy)
		abort();
	memcpy(copy, line.p, line.n);
	if (dnc_event_parse(reader, copy, line.n, &event) < 0)
		abort();
	free(copy);
	dnc_event_reader_free(reader);
}

/* Writes what R decides. */
static void decide(struct dnc_rules *r, const char *record, struct dnc_buf *out)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	char *text = calloc(1, strlen(record) + DNC_JSON_PADDING);
	struct dnc_decision d;
	struct dnc_event event;
	struct dnc_error err;

	if (!reader || !text)
		abort();
	memcpy(text, record, strlen(record));
	if (dnc_event_normalize(reader, text, strlen(record), &event, &err) < 0)
		abort();
	if (dnc_rules_decide(r, &event, &d, &err) < 0) {
		dnc_buf_printf(out, "%d %s\n", err.code, err.message);
	} else {
		dnc_buf_printf(out, "%d %zu %.*s\n", d.verdict, d.rule, DNC_STR_ARG(d.line));
		must_be_canonical(d.line);
		for (size_t i = 0; i < d.made_count; i++) {
			dnc_buf_printf(out, "%.*s\n", DNC_STR_ARG(d.made[i]));
			must_be_canonical(d.made[i]);
		}
	}
	free(text);
	dnc_event_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_error err = {0};
	struct dnc_rules *r;

	if (mentions(data, size, "jq") || mentions(data, size, "numbers") ||
		mentions(data, size, "route") || mentions(data, size, "copy"))
		return 0;
	faults = 0;
	r = dnc_rules_load(
		fuzz_file(data, size), &(struct dnc_rules_options){.fault = on_fault}, &err);
	if (!r && (!faults || !err.message[0]))
		abort();
	if (r && faults)
		abort();
	for (size_t i = 0; r && i < sizeof records / sizeof records[0]; i++) {
		struct dnc_buf first = {0}, second = {0};

		decide(r, records[i], &first);
		decide(r, records[i], &second);
		if (first.n != second.n || memcmp(first.p, second.p, first.n) != 0)
			abort();
		dnc_buf_free(&first);
		dnc_buf_free(&second);
	}
	dnc_rules_free(r);
	return 0;
}
