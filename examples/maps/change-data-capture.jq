# Converts rows of a table of opt-outs, as change data capture writes them with the key `payload` (Debezium with schemas) or
# without it. The table marks a row as ended instead of deleting it, so that `status` says what a row means:
#   {"op": "u", "ts_ms": 1772355600000, "before": {...}, "after": {"id": 7, "msisdn": "12025550143", "status": "ended"}}
# Without such a column no map is needed: dnc-ingest reads these records as they are.
# A number is released by a row that was active and is not any more; a row that is read or created as ended releases nothing.
# Without the row before (in PostgreSQL: REPLICA IDENTITY FULL) it is not known whether an ended row was active: it is rejected.
# Changes of other columns make no event on purpose (empty). Other words in `op` and `status` are rejected.
def time: . / 1000 | floor | todateiso8601;
def active:
  .status | tostring | ascii_downcase
  | if . == "active" then true elif . == "ended" then false else error("unknown status: \(.)") end;
def event($type; $change; $row; $attributes):
  {
    type: $type,
    phone_number: "+\($row.msisdn | tostring | ltrimstr("+"))",
    provider: "crm",
    timestamp: ($change.ts_ms | time)
  }
  + $attributes
  + {event_data: {row_id: $row.id, op: $change.op, status: $row.status}};
(if has("payload") then .payload else . end)
| if .op == null then empty else . end # tombstones and heartbeats
| if .op | IN("c", "r", "u", "d") then . else error("unknown op: \(.op)") end
| . as $change
| (.before // null | if . == null then null else active end) as $was
| (.after // null | if . == null then null else active end) as $is
| if .op == "d" and $was == null then error("the row before is missing")
  elif .op != "d" and $is == null then error("the row after is missing")
  elif $is and ($was != true or .after.msisdn != .before.msisdn) then
    event("dnc.number.suppressed"; $change; .after; {reason: "consumer_request", source: "internal"})
  elif .op == "d" and $was then
    event("dnc.number.released"; $change; .before; {reason: "system_cleanup"})
  elif .op == "u" and $is == false and $was == null then
    error("the row before is missing, so that the row may have ended before")
  elif .op == "u" and $is == false and $was then
    event("dnc.number.released"; $change; .after + {msisdn: .before.msisdn}; {reason: "expired"})
  else
    empty
  end
