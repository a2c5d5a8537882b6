# dnc-ingest --format=csv
# Converts a dialer's export of dispositions: only calls that ended with a request not to be called again make an event.
#   Lead ID,Phone,Disposition,Call Date,Agent
# The dialer writes dates as month/day/year and times of day in the zone of the export, here UTC-5.
# Dispositions are compared without case and punctuation. Those that ask for nothing make no event on purpose, and are
# counted; one that neither list has is rejected, because it may be a request: put it in its list.
def two: if length < 2 then "0" + . else . end;
def time:
  capture("^(?<m>[0-9]{1,2})/(?<d>[0-9]{1,2})/(?<y>[0-9]{4}) (?<h>[0-9]{1,2}):(?<min>[0-9]{2})$")
  // error("not a date like 3/1/2026 9:05: \(.)")
  | "\(.y)-\(.m | two)-\(.d | two)T\(.h | two):\(.min):00-05:00";
def requests: {
    "DNC": {reason: "consumer_request", source: "consumer"},
    "DO NOT CALL": {reason: "consumer_request", source: "consumer"},
    "DNC COMPLAINT": {reason: "complaint", source: "consumer"},
    "LITIGATOR": {reason: "fraud_prevention", source: "internal"}
  };
def others: [
    "NO ANSWER", "BUSY", "ANSWERING MACHINE", "VOICEMAIL", "DISCONNECTED", "CALLBACK", "CALL BACK", "NOT INTERESTED", "SALE",
    "TRANSFERRED", "DROPPED"
  ];
(.Disposition // "" | ascii_upcase | gsub("[^A-Z0-9]+"; " ") | ltrimstr(" ") | rtrimstr(" ")) as $disposition
| requests[$disposition] as $meaning
| if $meaning then
    {
      type: "dnc.number.suppressed",
      phone_number: .Phone,
      provider: "dialer",
      timestamp: (."Call Date" | time),
      event_data: ($meaning + {lead_id: ."Lead ID", disposition: .Disposition})
    }
  elif others | index($disposition) then
    empty
  else
    error("unknown disposition: \(.Disposition)")
  end
