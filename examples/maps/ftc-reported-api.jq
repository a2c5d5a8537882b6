# Converts a page of reported calls from the registry's JSON interface: one violation for each record.
#   {"data": [{"id": "...", "number": "2025550143", "area-code": "202"}, ...]}
# The area code is that of the consumer, not of the number that called.
.data[]
| {
    type: "dnc.compliance.violation",
    id,
    phone_number: .number,
    provider: "ftc_reported_calls",
    violation_type: "ftc_reported_call",
    consumer_area_code: ."area-code"
  }
