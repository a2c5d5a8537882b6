/* words.c - the table of a filter's fields. */
#include "words.h"
#include <assert.h>

const struct dnc_filter_word dnc_filter_words[] = {
	{.name = DNC_STR("event_types"),
		.short_name = DNC_STR("type"),
		.option = "type",
		.letter = 't',
		.shape = DNC_FILTER_TYPES,
		.source = DNC_FILTER_OF_TYPE,
		.value = "TYPE",
		.help = "Event type, or a glob by dots: dnc.number.*"},
	{.name = DNC_STR("phone_patterns"),
		.short_name = DNC_STR("phone"),
		.option = "phone",
		.letter = 'p',
		.shape = DNC_FILTER_PATTERNS,
		.value = "PCRE",
		.help = "Expression searched in the E.164 number: '^\\+1555'"},
	{.name = DNC_STR("providers"),
		.short_name = DNC_STR("provider"),
		.option = "provider",
		.letter = 'P',
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_PROVIDER,
		.value = "NAME",
		.help = "Provider"},
	{.name = DNC_STR("provider_ids"),
		.short_name = DNC_STR("provider_id"),
		.option = "provider-id",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_PROVIDER_ID,
		.value = "ID",
		.help = "Identifier of the provider"},
	{.name = DNC_STR("severities"),
		.short_name = DNC_STR("severity"),
		.option = "severity",
		.letter = 's',
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_SEVERITY,
		.value = "NAME",
		.help = "Exactly this severity"},
	{.name = DNC_STR("min_severity"),
		.option = "min-severity",
		.shape = DNC_FILTER_RANK,
		.source = DNC_FILTER_OF_SEVERITY,
		.value = "NAME",
		.help = "This severity or a higher one"},
	{.name = DNC_STR("check_reasons"),
		.option = "check-reason",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_EVENT_DATA,
		.type = DNC_CHECK_PERFORMED,
		.field = DNC_STR("check_reason"),
		.value = "REASON",
		.help = "Reason of a check: routing, compliance, ..."},
	{.name = DNC_STR("suppress_reasons"),
		.option = "suppress-reason",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_EVENT_DATA,
		.type = DNC_NUMBER_SUPPRESSED,
		.field = DNC_STR("reason"),
		.value = "REASON",
		.help = "Reason of a suppression: complaint, ..."},
	{.name = DNC_STR("release_reasons"),
		.option = "release-reason",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_EVENT_DATA,
		.type = DNC_NUMBER_RELEASED,
		.field = DNC_STR("reason"),
		.value = "REASON",
		.help = "Reason of a release: expired, ..."},
	{.name = DNC_STR("sync_triggers"),
		.option = "sync-trigger",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_EVENT_DATA,
		.type = DNC_LIST_SYNCED,
		.field = DNC_STR("sync_trigger"),
		.value = "TRIGGER",
		.help = "Trigger of a list sync: scheduled, ..."},
	{.name = DNC_STR("sync_statuses"),
		.option = "sync-status",
		.shape = DNC_FILTER_LIST,
		.source = DNC_FILTER_OF_EVENT_DATA,
		.type = DNC_LIST_SYNCED,
		.field = DNC_STR("sync_status"),
		.value = "STATUS",
		.help = "Status of a list sync: failed, ..."},
	{.name = DNC_STR("time_range"), .shape = DNC_FILTER_TIMES},
	{.name = DNC_STR("compliance_only"),
		.option = "compliance-only",
		.shape = DNC_FILTER_FLAG,
		.source = DNC_FILTER_OF_TYPE,
		.means = "dnc.compliance.violation",
		.help = "Only compliance violations"},
	{.name = DNC_STR("high_risk_only"),
		.option = "high-risk-only",
		.shape = DNC_FILTER_FLAG,
		.source = DNC_FILTER_OF_SEVERITY,
		.means = "high critical",
		.help = "Only severity high or critical"},
	{.name = DNC_STR("errors_only"),
		.option = "errors-only",
		.shape = DNC_FILTER_FLAG,
		.source = DNC_FILTER_OF_SEVERITY,
		.means = "error",
		.help = "Only severity error"},
	{.name = DNC_STR("blocked_only"),
		.option = "blocked-only",
		.shape = DNC_FILTER_FLAG,
		.source = DNC_FILTER_OF_METADATA,
		.field = DNC_STR("is_blocked"),
		.means = "true",
		.help = "Only checks that blocked a call"},
	{.name = DNC_STR("custom_filters"),
		.option = "where",
		.shape = DNC_FILTER_PATHS,
		.value = "PATH=VALUE",
		.help = "Any field: metadata.reason=complaint"},
};

const size_t dnc_filter_word_count = sizeof dnc_filter_words / sizeof dnc_filter_words[0];

static_assert(sizeof dnc_filter_words / sizeof dnc_filter_words[0] <= DNC_FILTER_WORDS_MAX,
	"DNC_FILTER_WORDS_MAX is too small");

const struct dnc_filter_word *dnc_filter_word(struct dnc_str name)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		if (dnc_str_eq(dnc_filter_words[i].name, name))
			return &dnc_filter_words[i];
	return NULL;
}

const struct dnc_filter_word *dnc_filter_word_of_query(struct dnc_str name)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->shape == DNC_FILTER_TIMES || w->shape == DNC_FILTER_PATHS)
			continue;
		if (dnc_str_eq(w->name, name) ||
			(w->short_name.p && dnc_str_eq(w->short_name, name)))
			return w;
	}
	return NULL;
}

const char *dnc_filter_word_values(const struct dnc_filter_word *w)
{
	if (w->source == DNC_FILTER_OF_SEVERITY)
		return dnc_event_known_values(DNC_TYPES, DNC_STR("severity"));
	if (w->source == DNC_FILTER_OF_EVENT_DATA)
		return dnc_event_known_values(w->type, w->field);
	return "";
}
