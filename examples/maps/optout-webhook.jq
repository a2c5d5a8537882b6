# Converts the webhooks of a preference centre: one event for each number of a contact who opted out of calls, text messages
# or all channels, or who opted in again to calls or all channels.
#   {"event": "contact.unsubscribed", "occurred_at": 1772355600, "channels": ["voice"],
#    "contact": {"id": "c-1", "phones": ["+1 202 555 0143"]}}
# A webhook that asks for nothing makes no event (empty); it is counted. One with a word that is not known here is rejected,
# because it may be an opt-out. Who opts in to text messages again has not asked for calls: the number stays suppressed. An
# opt-in must name its channels, and only known ones; an opt-out without channels is one of all.
def time: if type == "number" then todateiso8601 else . end;
def events: {
    "contact.unsubscribed": "dnc.number.suppressed",
    "contact.resubscribed": "dnc.number.released",
    "contact.created": null,
    "contact.updated": null,
    "contact.deleted": null
  };
def channels: {"voice": true, "sms": true, "all": true, "email": false, "push": false, "postal": false};
def known(words): tostring | ascii_downcase | if in(words) then . else error("unknown word: \(.)") end;
. as $webhook
| events[.event | known(events)] as $type
| if $type == null then empty else . end
| if .channels == null and $type == "dnc.number.released" then error("an opt-in without channels") else . end
| [.channels // "all" | if type == "array" then .[] else . end | tostring | ascii_downcase] as $channels
| if $channels == [] then error("the list of channels is empty")
  elif $type == "dnc.number.suppressed" and any($channels[]; channels[.]) then .
  elif [$channels[] | known(channels)] | any(.[]; channels[.] and . != "sms") then .
  else empty end
| if (.contact.phones // []) == [] then error("the contact has no number") else .contact.phones[] end
| {
    type: $type,
    phone_number: .,
    provider: "preference_centre",
    timestamp: ($webhook.occurred_at | time),
    event_data: {
      reason: "consumer_request",
      source: (if $type == "dnc.number.suppressed" then "consumer" else null end),
      channels: $channels,
      contact_id: $webhook.contact.id
    }
  }
