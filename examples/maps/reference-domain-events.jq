# Converts the domain events of the reference system, bare or in an envelope {"event_type", "data"}, and keeps of each
# only what the stream needs: no names of staff, no notes.
#   {"event_id": "...", "phone_number": "+1...", "reason": "complaint", "suppressed_at": "...", ...}
def types: {
    NumberSuppressed: "dnc.number.suppressed",
    NumberReleased: "dnc.number.released",
    DNCCheckPerformed: "dnc.check.performed",
    DNCListSynced: "dnc.list.synced"
  };
def named: if .event_type then types[.event_type] // error("unknown event_type: \(.event_type)") else null end;
def guessed:
  if has("released_at") then types.NumberReleased
  elif has("suppressed_at") then types.NumberSuppressed
  elif has("checked_at") then types.DNCCheckPerformed
  elif has("sync_status") then types.DNCListSynced
  else error("neither event_type nor a field that only one event has") end;
(named // null) as $named
| (.data // .)
| ($named // guessed) as $type
| {
    type: $type,
    id: .event_id,
    timestamp: (.released_at // .suppressed_at // .checked_at // .completed_at // .started_at)
  }
  + del(.event_id, .event_type, .event_version, .notes, .admin_notes, .suppressed_by, .released_by, .initiated_by,
      .user_agent, .ip_address, .session_id)
