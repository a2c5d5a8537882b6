"""python_client.py URL COUNT - a client of python3-websockets; prints seq of COUNT events."""
import asyncio
import json
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["dnc.v1"]) as ws:
        await ws.send('{"type":"subscribe","since":0}')
        left = int(sys.argv[2])
        while left:
            message = json.loads(await ws.recv())
            if "seq" in message:
                print(message["seq"])
                left -= 1


asyncio.run(asyncio.wait_for(main(), 30))
