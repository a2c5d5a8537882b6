# What dnc-ingest does to a suppression that is an event already: check it, derive what is derived,
# write the keys in their order.
def masked: .[0:2] + "******" + .[-4:];
def severity:
  if .event_data.reason == "regulatory" or .event_data.reason == "consumer_request" then "high"
  elif .event_data.reason == "testing" then "low" else "medium" end;
select(.type == "dnc.number.suppressed")
| select(.phone_number | test("^\\+1[2-9][0-9]{9}$"))
| select(.event_data.reason | type == "string")
| . as $e
| {
    id, type, phone_number, provider,
    severity: (.severity // severity),
    timestamp: (.timestamp | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 | todateiso8601),
    summary: (.summary // "\(.phone_number | masked) suppressed: \(.event_data.reason)"),
    event_data,
    metadata: ((.metadata // {}) + {
      reason: $e.event_data.reason, source: $e.event_data.source,
      is_temporary: ($e.event_data | has("expires_at")), tcpa_relevant: true,
      gdpr_relevant: ($e.event_data.reason == "consumer_request"),
      ingested_at: $e.metadata.ingested_at, source_format: $e.metadata.source_format
    })
  }
