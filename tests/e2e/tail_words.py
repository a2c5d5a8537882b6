"""A hub of few words for dnc-tail: sends what it is given as lines of JSON on standard input, after the
subscription, and closes; an empty line or {"close":[CODE,REASON]} closes, too, and the rest is for the next connection.
Prints its address first, then each subscribe message and when it came (seconds). Arguments are permissions beside dnc:stream."""
import asyncio, json, sys, time
import websockets


async def main():
    done = asyncio.Event()

    async def serve(ws):
        await ws.send(json.dumps({'type': 'dnc.connection.established', 'metadata': {'permissions': ['dnc:stream'] + sys.argv[1:]}}))
        async for message in ws:
            if json.loads(message)['type'] == 'subscribe':
                print(json.dumps({**json.loads(message), 'at': time.monotonic()}), flush=True)
                break
        for line in sys.stdin:
            if not line.strip():
                await ws.close()
                return
            if line.startswith('{"close"'):
                await ws.close(*json.loads(line)['close'])
                return
            await ws.send(line.strip())
        await ws.close()
        done.set()

    async with websockets.serve(serve, '127.0.0.1', 0, subprotocols=['dnc.v1'], compression=None) as server:
        print('127.0.0.1:%d' % server.sockets[0].getsockname()[1], flush=True)
        await asyncio.wait_for(done.wait(), 30)


asyncio.run(main())
