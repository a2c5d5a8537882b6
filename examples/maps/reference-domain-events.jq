# Converts the domain events of the reference system, bare or in an envelope {"event_type", "data"}, and keeps of each
# only what the stream needs: no names of staff, no notes.
#   {"event_id": "...", "phone_number": "+1...", "reason": "complaint", "suppressed_at": "...", ...}
# A field whose value is null counts as missing: a suppression may have "released_at": null. Without event_type, an event with
# both times may be a suppression or a release, and is rejected.
def kinds: {
    NumberReleased: {type: "dnc.number.released", has: "released_at"},
    NumberSuppressed: {type: "dnc.number.suppressed", has: "suppressed_at"},
    DNCCheckPerformed: {type: "dnc.check.performed", has: "checked_at"},
    DNCListSynced: {type: "dnc.list.synced", has: "sync_status"}
  };
def named: if .event_type then kinds[.event_type] // error("unknown event_type: \(.event_type)") else null end;
def guessed:
  . as $event
  | [kinds[] | select($event[.has] != null)]
  | if length == 1 then .[0]
    elif . == [] then error("neither event_type nor a field that only one event has")
    else error("no event_type, and fields of more than one event: \(map(.has) | join(", "))") end;
(named // null) as $named
| (.data // .)
| ($named // guessed) as $kind
| {
    type: $kind.type,
    id: .event_id,
    timestamp: (if $kind.has == "sync_status" then .completed_at // .started_at else .[$kind.has] end)
  }
  + del(.event_id, .event_type, .event_version, .notes, .admin_notes, .suppressed_by, .released_by, .initiated_by,
      .user_agent, .ip_address, .session_id)
