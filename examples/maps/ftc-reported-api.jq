# Converts a page of reported calls from the registry's JSON interface: one violation for each record. The interface has
# written them in two forms:
#   {"data": [{"id": "...", "number": "2025550143", "area-code": "202"}, ...]}
#   {"data": [{"type": "dnc_complaint", "id": "...", "attributes": {"company-phone-number": "2025550143",
#     "created-date": "2026-03-01 09:00:00", "consumer-area-code": "202", "subject": "...", ...}}, ...]}
# The area code is that of the consumer, not of the number that called. Dates have no offset and are taken as UTC, as in
# the registry's CSV file (--format=ftc-reported), whose names the events have; the first form has none.
def text: if . == null or . == "" then null else . end;
def time: text | if . then sub(" "; "T") + "Z" else null end;
.data[]
| .id as $id
| (.attributes // .)
| {
    type: "dnc.compliance.violation",
    id: $id,
    phone_number: (."company-phone-number" // .number),
    provider: "ftc_reported_calls",
    violation_type: "ftc_reported_call",
    timestamp: (."created-date" | time),
    violation_at: (."violation-date" | time),
    consumer_area_code: (."consumer-area-code" // ."area-code" | text),
    consumer_city: (."consumer-city" | text),
    consumer_state: (."consumer-state" | text),
    details: (.subject | text),
    robocall: ({"Y": "yes", "N": "no"}[."recorded-message-or-robocall" // "" | ascii_upcase])
  }
