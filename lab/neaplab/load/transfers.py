"""Bulk data through the relays under test: tor clients, each with one of them as its guard, fetch from a web server.

Every client fetches the same sizes at the same times. A transfer whose circuit fails is tried again on a fresh one, as
a user's program would; only one that fails for good is an error.
"""

import asyncio
import random
import struct

PAUSES_S = (0, 1, 4, 15, 30)  # before each attempt: on a busy machine tor refuses for more than 6 s on end
SIZES = ((100_000, 3), (1_000_000, 1))
GAP_S = 2.0
CHUNK = bytes(65536)


async def serve_web(address, port):
    """Answers GET /SIZE with SIZE bytes."""
    async def answer(reader, writer):
        try:
            line = await reader.readline()
            while (await reader.readline()).strip():
                pass
            size = int(line.split()[1].lstrip(b"/"))
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for at in range(0, size, len(CHUNK)):
                writer.write(CHUNK[:size - at])
                await writer.drain()
        except (OSError, ValueError, IndexError):
            pass
        finally:
            writer.close()
    return await asyncio.start_server(answer, address, port)


async def fetch(socks, web, size, isolation):
    """Bytes received over SOCKS5; the isolation string chooses the circuit (RFC 1929 user name, IsolateSOCKSAuth)."""
    reader, writer = await asyncio.open_connection(*socks)
    try:
        name = isolation.encode()
        writer.write(b"\x05\x01\x02")
        await reader.readexactly(2)
        writer.write(bytes([1, len(name)]) + name + b"\x01x")
        await reader.readexactly(2)
        octets = bytes(int(part) for part in web[0].split("."))
        writer.write(b"\x05\x01\x00\x01" + octets + struct.pack(">H", web[1]))
        reply = await reader.readexactly(10)
        if reply[1] != 0:
            raise ConnectionError(f"SOCKS error {reply[1]}")
        writer.write(b"GET /%d HTTP/1.0\r\n\r\n" % size)
        head = await reader.readuntil(b"\r\n\r\n")
        received = 0
        while data := await reader.read(1 << 16):
            received += len(data)
        if received != size:
            raise ConnectionError(f"{received} of {size} bytes")
        return len(head) + received
    finally:
        writer.close()


async def transfer(socks, web, size, number, tally, stillness):
    began = stillness.clock()
    for attempt, pause_s in enumerate(PAUSES_S, 1):
        await asyncio.sleep(pause_s)
        isolation = f"circuit-{number // 4}-{attempt}"
        try:
            tally.bytes += await asyncio.wait_for(fetch(socks, web, size, isolation), 60)
            tally.transfers += 1
            return
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as problem:
            what = f"transfer: {type(problem).__name__} {problem}"
            if attempt < len(PAUSES_S):
                tally.retry(what)
            else:
                tally.fail(what, stillness.spoils(began))


async def transfers(clients, web, tallies, until, patience_s, stillness):
    """`clients`: label -> SOCKS address. Starts the same transfer on each client until the given time of its clock.
    What has not ended `patience_s` later is an error."""
    draw, number, tasks, labels = random.Random(2), 0, {}, list(clients)
    while stillness.clock() < until:
        size = draw.choices([s for s, _ in SIZES], [w for _, w in SIZES])[0]
        for k in range(len(labels)):
            label = labels[(number + k) % len(labels)]
            task = asyncio.create_task(transfer(clients[label], web, size, number, tallies[label], stillness))
            tasks[task] = label
            task.add_done_callback(tasks.pop)
        number += 1
        await asyncio.sleep(GAP_S)
    if tasks:
        await asyncio.wait(list(tasks), timeout=patience_s)
    for task, label in list(tasks.items()):
        tallies[label].fail("unfinished transfer", stillness.spoils(until))
        task.cancel()
