# A page of reported calls, as the registry's JSON interface answers: one violation for each record.
#   {"data": [{"id": "...", "number": "2025550143", "area-code": "202"}, ...]}
# The area code is where the consumer lives, not part of the number that called.
.data[]
| {
    type: "dnc.compliance.violation",
    id,
    phone_number: .number,
    provider: "ftc_reported_calls",
    violation_type: "ftc_reported_call",
    consumer_area_code: ."area-code"
  }
