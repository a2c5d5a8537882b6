# Converts opt-outs that messaging providers send as CloudEvents: the number is suppressed.
#   {"specversion": "1.0", "type": "com.interact.messages.sms.opt.out", "source": ..., "id": ..., "time": ...,
#    "data": {"phone_number": "+12025550143", "channel": "sms", "message": "STOP", "inbound_number": ..., ...}}
# A type that ends in opt-out (opt.out, optout, opted-out) or in a word after it such as created is taken; another one,
# as of an opt-out that was revoked, is rejected. A consent that was given again is for a map of its own. Source and id make
# the event's identity: a CloudEvent that is delivered twice is one event.
# Messages themselves (data with from, to and text) are read without a map: --format=optout.
if (.type | test("(^|[._-])opt(ed)?[._-]?out([._-](created|received|requested|v[0-9]+))?$"; "i")) then
  {
    type: "dnc.number.suppressed",
    id: "\(.source) \(.id)",
    timestamp: (.data.opt_out_time // .data.timestamp // .time),
    phone_number: (.data.phone_number // .data.from_number // .data.from),
    reason: "consumer_request",
    source: "consumer",
    to: (.data.inbound_number // .data.to_number // .data.to),
    body: .data.message,
    scope: (.data.scope
      // (if .data.account_level_opt_out == true then "account"
          elif .data.account_level_opt_out == false then "number"
          else null end)),
    channel: .data.channel,
    cloudevent_type: .type
  }
else
  error("the CloudEvent has the type \(.type), which is no opt-out")
end
