# Converts reports of reassigned numbers that messaging providers send as CloudEvents: the number belongs to another
# subscriber now, so that the consent to call it is void, and it is suppressed.
#   {"specversion": "1.0", "type": "com.twilio.messaging.reassigned-number.detected", "source": ..., "id": ...,
#    "data": {"to_number": "+12025550143", "from_number": ..., "is_reassigned": true, "timestamp": ...,
#             "last_verified_date": "2026-08-01", "consent_operation": "opt-out-created", ...}}
# A report that the number was not reassigned is no event. Another type is rejected.
if (.type | test("reassigned"; "i") | not) then
  error("the CloudEvent has the type \(.type), which reports no reassigned number")
elif .data.is_reassigned == false then
  empty
else
  {
    type: "dnc.number.suppressed",
    id: "\(.source) \(.id)",
    timestamp: (.data.timestamp // .time),
    phone_number: (.data.to_number // .data.phone_number),
    reason: "data_quality_issue",
    source: "partner",
    notes: "the number was reassigned to another subscriber",
    last_verified_date: .data.last_verified_date,
    consent_operation: .data.consent_operation,
    our_number: .data.from_number,
    scope: .data.scope,
    channel: .data.channel,
    cloudevent_type: .type
  }
end
