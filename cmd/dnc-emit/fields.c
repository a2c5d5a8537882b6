#include "fields.h"
#include <stdio.h>
#include <string.h>
#include "base/words.h"
#include "cli/cli.h"
#include "event/event.h"
#include "json/json.h"

static enum dnc_type read_type(const char *name)
{
	static const char hint[] = "See dnc-events(7).";
	char full[64], words[DNC_TYPES * sizeof full] = "";
	enum dnc_type type;

	for (int t = 0; t < DNC_TYPES; t++) {
		strncat(words, dnc_type_names[t].p, sizeof words - strlen(words) - 1);
		strncat(words, t + 1 < DNC_TYPES ? " " : "", sizeof words - strlen(words) - 1);
	}
	snprintf(full, sizeof full, "%s%s", strncmp(name, "dnc.", 4) == 0 ? "" : "dnc.", name);
	dnc_cli_word("type", dnc_str(full), words, hint);
	dnc_type_from_name(dnc_str(full), &type);
	return type;
}

/* The prefix of custom fields, which may have any name; all others are fields of the event. */
static const char own_prefix[] = "event_data.";

static void check_key(enum dnc_type type, struct dnc_str key)
{
	struct dnc_buf names = {0};
	struct dnc_str near;

	if (dnc_event_has_field(type, key) || dnc_str_eq(key, DNC_STR("event_data")) ||
		dnc_str_eq(key, DNC_STR("metadata")))
		return;
	dnc_event_field_names(type, &names);
	dnc_buf_chr(&names, '\0');
	if (!dnc_buf_ok(&names))
		dnc_cli_die_nomem();
	near = dnc_words_nearest(names.p, key);
	if (near.p)
		dnc_cli_usage("%.*s: not a field of %s; did you mean \"%.*s\"? A custom field is "
			      "event_data.%.*s",
			DNC_STR_ARG(key), dnc_type_names[type].p, DNC_STR_ARG(near),
			DNC_STR_ARG(key));
	dnc_cli_usage("%.*s: not a field of %s (see dnc-events(7)); a custom field is "
		      "event_data.%.*s",
		DNC_STR_ARG(key), dnc_type_names[type].p, DNC_STR_ARG(key));
}

/* An empty value counts as absent, for scripts. */
static void check_value(enum dnc_type type, struct dnc_str key, struct dnc_str value)
{
	char name[64], elsewhere[200];
	const char *words = dnc_event_known_values(type, key);

	if (!*words || !value.n)
		return;
	if (dnc_str_eq(key, DNC_STR("severity")) && dnc_severity_from_name(value))
		return;
	snprintf(name, sizeof name, "%.*s", DNC_STR_ARG(key));
	snprintf(elsewhere, sizeof elsewhere, "Use event_data.%s=%.*s to send it anyway.", name,
		value.n > 64 ? 64 : (int)value.n, value.p);
	dnc_cli_word(name, value, words, dnc_str_eq(key, DNC_STR("severity")) ? NULL : elsewhere);
}

/* The event's parser could not name the key. */
static void check_json(struct dnc_str key, struct dnc_str value)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf text = {0};
	struct dnc_json doc;
	struct dnc_error err;

	dnc_buf_str(&text, value);
	if (!parser || !dnc_buf_reserve(&text, DNC_JSON_PADDING))
		dnc_cli_die_nomem();
	if (dnc_json_parse(parser, text.p, text.n, &doc, &err) < 0)
		dnc_cli_usage("%.*s: \"%.*s\" is neither a number nor another JSON value",
			DNC_STR_ARG(key), value.n > 64 ? 64 : (int)value.n, value.p);
	dnc_json_parser_free(parser);
	dnc_buf_free(&text);
}

static void write_field(
	struct dnc_buf *raw, enum dnc_type type, struct dnc_str key, struct dnc_str value)
{
	dnc_json_write_key(raw, key);
	if (dnc_event_field_is_text(type, key))
		dnc_json_write_str(raw, value);
	else if (value.n) {
		check_json(key, value);
		dnc_buf_str(raw, value);
	} else {
		dnc_buf_lit(raw, "null");
	}
}

void fields_write(const struct options *o, struct dnc_buf *raw)
{
	enum dnc_type type = read_type(o->type);
	struct dnc_buf own = {0};

	dnc_buf_lit(raw, "{");
	dnc_buf_lit(&own, "{");
	dnc_json_write_key(raw, DNC_STR("type"));
	dnc_json_write_str(raw, dnc_type_names[type]);
	for (size_t i = 0; i < o->field_count; i++) {
		char *equals = strchr(o->fields[i], '=');
		struct dnc_str key, value;

		if (!equals || equals == o->fields[i])
			dnc_cli_usage("%s: not KEY=VALUE", o->fields[i]);
		key = (struct dnc_str){o->fields[i], (size_t)(equals - o->fields[i])};
		value = dnc_str(equals + 1);
		if (dnc_str_starts(key, dnc_str(own_prefix)) && key.n > sizeof own_prefix - 1) {
			key.p += sizeof own_prefix - 1;
			key.n -= sizeof own_prefix - 1;
			write_field(&own, type, key, value);
			continue;
		}
		check_key(type, key);
		check_value(type, key, value);
		write_field(raw, type, key, value);
	}
	if (own.n > 1) {
		dnc_json_write_key(raw, DNC_STR("event_data"));
		dnc_buf_str(raw, dnc_buf_view(&own));
		dnc_buf_chr(raw, '}');
	}
	dnc_buf_chr(raw, '}');
	if (!dnc_buf_reserve(raw, DNC_JSON_PADDING) || !dnc_buf_ok(raw) || !dnc_buf_ok(&own))
		dnc_cli_die_nomem();
	dnc_buf_free(&own);
}
