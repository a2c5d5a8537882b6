# Converts rows of a table of opt-outs, as change data capture writes them with the key `payload` (Debezium with schemas) or
# without it. The table marks a row as ended instead of deleting it, so that `status` says what a row means:
#   {"op": "u", "ts_ms": 1772355600000, "before": {...}, "after": {"id": 7, "msisdn": "12025550143", "status": "ended"}}
# Without such a column no map is needed: dnc-ingest reads these records as they are.
def time: . / 1000 | floor | todateiso8601;
(.payload // .)
| select(.op != null) # tombstones and heartbeats
| . as $change
| (if .op == "d" then .before else .after end)
| select($change.op != "u" or .status != $change.before.status or .msisdn != $change.before.msisdn)
| {
    type: (if $change.op == "d" or .status == "ended" then "dnc.number.released" else "dnc.number.suppressed" end),
    phone_number: "+\(.msisdn)",
    provider: "crm",
    timestamp: ($change.ts_ms | time)
  }
  + (if $change.op == "d" then {reason: "system_cleanup"}
     elif .status == "ended" then {reason: "expired"}
     else {reason: "consumer_request", source: "internal"} end)
  + {event_data: {row_id: .id, op: $change.op, status: .status}}
