"""oracle.py ADDRESS LIVE - asks a hub at every door about events, and prints all answers, one a line, with what differs from
run to run (times, epochs, ids of events, ports) replaced. LIVE is a file of events that are published meanwhile.

The questions are chosen to tell two values of a hidden field from each other: the test runs them on two hubs whose events
differ in hidden values only. Nothing here waits for a time: a client has all once its position is the log's last number."""
import itertools
import json
import re
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
from connection import Connection, Stream, WebSocket

ADDRESS, LIVE = sys.argv[1], open(sys.argv[2], "rb").read()
NUMBERS = ["+13035550187", "+12125550187", "+14155550187"]  # of the one hub, of the other, of none
PATTERNS = [r"^\+13035550187$", r"^\+12125550187$", "3035550187", "^.1303", r"^\+1[0-2]", r"^(?!\+1303)", "(?=.*303)", "0187$",
            r"^\+1\*{6}0187$", "^.{12}$", r"\d{5}", r"[^*]{6}", r"^\+(?:1|3|0|5)*87$", "(3+0?)+5"]
FIELDS = {
    "phone_number": NUMBERS + ["+1******0187"],
    "event_data.notes": ["called by Alice Archer", "called by Bruno Bakers"],
    "event_data.caller": [3035550187, 2125550187, "*****0187"],
    "event_data.contact.name": ["Alice Archer", "Bruno Bakers"],
    "metadata.customer": ["Alice Archer", "Bruno Bakers"],
    "event_data.suppressed_by": ["alice.archer", "bruno.bakers"],
    "metadata.3035550187": ["mobile"],
    "metadata.2125550187": ["mobile"],
    "id": ["0198f0a0-0000-8000-8000-3035550187aa", "0198f0a0-0000-8000-8000-2125550187aa"],
    "summary": ["Number +1******0187 suppressed (complaint)"],
    "event_data.reason": ["complaint"],
}
FILTERS = [
    {},
    *({"phone_patterns": [p]} for p in PATTERNS),
    *({"custom_filters": {path: value}} for path, values in FIELDS.items() for value in values),
    {"providers": ["Alice Archer"]}, {"providers": ["Bruno Bakers"]},
    {"provider_ids": ["3035550187"]}, {"provider_ids": ["2125550187"]},
    {"time_range": {"start": "2026-08-29T08:00:00.250Z", "end": "2026-08-29T09:00:00Z"}},
    {"phone_patterns": ["a("]},
    [{"phone_patterns": ["303555"]}, {"event_types": ["dnc.list.*"]}],
]
QUERIES = [f"phone={urllib.parse.quote(n)}" for n in [*NUMBERS, "+1******0187", "3035550187", "2125550187", "+*", "12"]]
QUERIES += [f"phone_patterns={urllib.parse.quote(p)}" for p in PATTERNS]
QUERIES += ["provider=Alice+Archer", "provider=Bruno+Bakers", "provider_id=3035550187", "severity=high", ""]

ids = {}
VOLATILE = {"connected_at", "last_activity", "client_id", "epoch", "uptime_s", "address", "messages_received", "message_count",
            "channel"}  # numbered in the order in which the workers make them


def settled(value, inside=False):
    """VALUE without what differs from run to run. Times of events stay: both hubs were given the same."""
    if isinstance(value, dict):
        mine = str(value.get("type", "")).startswith(("dnc.connection", "dnc.subscription", "client."))
        return {settled(k): "-" if k in VOLATILE or (mine and k == "timestamp") else settled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [settled(v) for v in value]
    if isinstance(value, str):
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: ids.setdefault(m[0], f"id {len(ids)}"), value)
    return value


def tell(door, asked, answer):
    try:
        answer = json.dumps(settled(json.loads(answer)))
    except ValueError:
        answer = settled(answer)
    print(door, json.dumps(asked), answer)


def served(ask):
    """What ASK() returns, once it is not refused for the time that compiling filters has taken: that depends on the machine."""
    for _ in range(300):
        said, status = ask()
        if status != 429:
            break
        time.sleep(0.1)
    return said


def http(method, path, body=b"", headers=()):
    def ask():
        c = Connection(ADDRESS)
        c.request(method, path, ["Connection: close", *headers], body)
        r = c.response()
        return r, r.status
    return served(ask)


def open_stream(path):
    def ask():
        s = Stream(ADDRESS, path)
        return s, s.answer.status
    return served(ask)


def tell_http(door, method, path, **options):
    r = http(method, path, **options)
    kept = [(k, v) for k, v in r.headers if k in ("link", "x-dnc-gap", "content-length", "content-type", "retry-after")]
    tell(door, path, json.dumps([r.status, kept]))
    for line in r.body.splitlines():
        tell(door, path, line)
    return r


def last_seq():
    return json.loads(http("GET", "/api/v1/info").body)["last_seq"]


def open_socket(path="/ws/dnc", protocols=("dnc.v1",)):
    return WebSocket(ADDRESS, path, protocols=protocols)


def say(ws, **message):
    ws.frame(0x81, json.dumps(message).encode())


def drain(door, asked, ws, until):
    """Tells all that comes by WS until its position is UNTIL; returns how many events that were."""
    events = 0
    say(ws, type="ping")
    while (text := ws.message()) is not None:
        message = json.loads(text)
        if message.get("type") != "dnc.connection.pong":
            tell(door, asked, text)
            events += "seq" in message or "sequence" in message
            if message.get("code"):
                break  # refused: there is no position to come to
        elif message["metadata"]["position"] >= until:
            break
        else:
            time.sleep(0.02)  # between two questions
            say(ws, type="ping")
    say(ws, type="get_stats")
    while json.loads(text := ws.message())["type"] != "client.stats":
        pass
    tell(door, asked, text)
    return events


def by_number(client):
    return int(client["client_id"][1:])


def tell_clients(sent):
    """Tells the list of clients, in the order of their numbers, once it has those that were SENT so many events: workers
    list theirs once a second."""
    for _ in range(1500):
        r = http("GET", "/api/v1/clients")
        clients = sorted(json.loads(r.body)["clients"], key=by_number)
        if [c["events_sent"] for c in clients] == sent:
            break
        time.sleep(0.02)  # between two questions
    else:
        sys.exit(f"{sent} events were sent, and the clients listed are {json.dumps(clients)}")
    # How often it had to ask, and which worker was the first: they differ.
    counts = sum(len(str(c["message_count"])) + len(str(c.get("channel", ""))) for c in clients)
    tell("clients", len(r.body) - counts, json.dumps([r.status, dict(r.headers).get("content-type")]))
    for c in clients:
        tell("clients", "", json.dumps(c))


def past():
    for start, f in itertools.product(({"since": 0}, {"last": 1}), FILTERS):
        ws = open_socket()
        say(ws, type="subscribe", filters=f, **start)
        drain("websocket", [start, f], ws, last_seq())
        ws.sock.close()
    for query in QUERIES[8:]:
        for protocol in ("dnc.v1", "cloudevents.json"):
            ws = open_socket(f"/ws/dnc?since=0&{query}", [protocol])
            drain(protocol, query, ws, last_seq())
            ws.sock.close()


def live():
    sockets = []
    for f in FILTERS:
        ws = open_socket()
        say(ws, type="subscribe", filters={"event_types": ["dnc.provider.*"]})
        say(ws, type="update_filters", filters=f)
        sockets.append((f, ws))
    for _, ws in sockets:  # each has subscribed before anything comes
        say(ws, type="get_stats")
        while (text := ws.message()) and json.loads(text)["type"] != "client.stats":
            tell("live", [], text)
    # Not last_seq(): the log has them before each worker has seen them.
    until = json.loads(tell_http("publish", "POST", "/api/v1/events", body=LIVE).body)["last_seq"]
    tell_clients([drain("live", f, ws, until) for f, ws in sockets])
    for _, ws in sockets:
        ws.sock.close()


def streamed(client_id):
    """How many events the hub has sent to the client, once it has all; None while it has not, or is not listed: workers
    list their clients once a second."""
    for c in json.loads(http("GET", "/api/v1/clients").body)["clients"]:
        if c["client_id"] == client_id:
            return c["events_sent"] if c["subscribed"] and not c["lag"] else None
    return None


def streams():
    for query in QUERIES[8:]:
        s = open_stream(f"/api/v1/stream?since=0&{query}")
        if not s.turned:
            tell("stream", query, s.answer.body)
            continue
        first = json.loads(s.message())["data"]
        tell("stream", query, json.dumps(first))
        while (count := streamed(first["metadata"]["client_id"])) is None:
            time.sleep(0.02)  # between two questions
        events = 0
        while events < count:
            message = json.loads(s.message())
            events += message["event"] is None
            tell("stream", query, json.dumps(message["data"]))
        s.sock.close()


def pages():
    for query in QUERIES:
        for more in ("", "&limit=1", "&since=2&until=5", "&limit=2&since=2026-01-01"):
            path = f"/api/v1/events?{query}{more}"
            for _ in range(20):
                following = dict(tell_http("history", "GET", path).headers).get("link")
                if not following:
                    break
                path = following[1:].partition(">")[0]
    tell_http("history", "GET", "/api/v1/events", headers=["Accept: application/json"])


def posts():
    """Not told: whether an event with an id of the publisher's is in the log. It knows its own (dnc-wsd(8), dnc:publish)."""
    for body in (b'{"type":"dnc.number.released","phone_number":"+13035550187"}', b'{"type":"dnc.nonsense"}', b"{", b""):
        tell_http("publish", "POST", "/api/v1/events", body=body)


past()
live()
streams()
pages()
posts()
tell_http("info", "GET", "/api/v1/info")
