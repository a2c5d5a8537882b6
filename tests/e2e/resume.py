"""resume.py URL[,URL...] LAST - what resume.js does, by python3-websockets."""
import asyncio
import itertools
import json
import os
import sys

import websockets


async def main():
    # A place is a number and the epoch it is of.
    since, epoch, last = 0, None, int(sys.argv[2])
    token = os.environ.get("HUB_TOKEN")
    headers = {"Authorization": "Bearer " + token} if token else {}
    urls = itertools.cycle(sys.argv[1].split(","))
    while True:
        try:
            async with websockets.connect(next(urls), subprotocols=["dnc.v1"], extra_headers=headers) as ws:
                request = {"type": "subscribe", "since": since}
                if epoch:
                    request["epoch"] = epoch
                await ws.send(json.dumps(request))
                now, placed = None, False  # of this connection
                async for data in ws:
                    m = json.loads(data)
                    if m["type"] == "dnc.subscription.confirmed":
                        now = m["metadata"]["epoch"]
                        if m["metadata"]["recovered"]:  # else only when the gap has come
                            since, epoch, placed = m["metadata"]["from_seq"] - 1, now, True
                    if m["type"] == "dnc.connection.gap":
                        print("gap", m["metadata"], flush=True)
                        since, epoch, placed = m["metadata"]["to_seq"], now, True
                    if m["type"] == "dnc.connection.epoch":  # what was received is part of it
                        now = m["metadata"]["epoch"]
                        epoch = now if placed else epoch
                    if "seq" in m:
                        since, epoch, placed = m["seq"], now, True
                        print(since, m["event_data"]["n"])
                        if m["event_data"]["n"] == last:
                            return
        except (OSError, websockets.exceptions.WebSocketException, asyncio.TimeoutError):
            pass
        await asyncio.sleep(0.05)


asyncio.run(main())
