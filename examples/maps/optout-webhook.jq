# Converts the webhooks of a preference centre: one event for each number of a contact who opted out of calls or all
# channels, or who opted in again. Other webhooks make no event.
#   {"event": "contact.unsubscribed", "occurred_at": 1772355600, "channels": ["voice"],
#    "contact": {"id": "c-1", "phones": ["+1 202 555 0143"]}}
def time: if type == "number" then todateiso8601 else . end;
select(.event == "contact.unsubscribed" or .event == "contact.resubscribed")
| select((.channels // ["all"]) | any(. == "voice" or . == "sms" or . == "all"))
| . as $webhook
| .contact.phones[]
| {
    type: (if $webhook.event == "contact.unsubscribed" then "dnc.number.suppressed" else "dnc.number.released" end),
    phone_number: .,
    provider: "preference_centre",
    timestamp: ($webhook.occurred_at | time),
    event_data: {
      reason: "consumer_request",
      source: (if $webhook.event == "contact.unsubscribed" then "consumer" else null end),
      channels: ($webhook.channels // ["all"]),
      contact_id: $webhook.contact.id
    }
  }
