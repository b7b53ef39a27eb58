"""Attacks a hub of its own on loopback and prints what people notice of it: slow clients, log-in guesses, huge bodies.

Only Python's standard library. `scripts/bench hub` builds the hub and runs this; exit status 1: a bound was broken.
"""

import argparse
import asyncio
import collections
import json
import logging
import math
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time

PASSWORD = "Correct-Horse-Battery-1"
ROUTES = ["/api/v1/sites", "/api/v1/gates", "/api/v1/permits", "/api/v1/visits", "/api/v1/passages"]
MIB = 1024 * 1024


class Hub:
    """A hub with a folder of its own."""

    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "hub.toml").write_text(
            f'data = "{folder}/data"\n[web]\nlisten = "127.0.0.1:0"\nredirect = "off"\n'
            '[link]\nlisten = "127.0.0.1:0"\n[log]\nlevel = "warn"\n'
        )
        self.process = subprocess.Popen(
            [program, "--config", "hub.toml", "run"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=open(self.folder / "hub.log", "wb"),
            text=True,
        )
        self.port = int(self.line("console:").rstrip("/").rsplit(":", 1)[1])
        self.token = self.line("set-up link").split("token=")[1]
        self.tls = ssl.create_default_context(cafile=self.folder / "data/authority/certificate.pem")

    def line(self, start):
        for line in self.process.stdout:
            if line.startswith(start):
                return line.strip()
        raise SystemExit("the hub ended: " + (self.folder / "hub.log").read_text())

    def resident(self, what="VmRSS"):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
        return 0

    async def connect(self, source="127.0.0.1", tls=True):
        return await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            local_addr=(source, 0),
            ssl=self.tls if tls else None,
            server_hostname="localhost" if tls else None,
        )


class Client:
    """One keep-alive connection."""

    def __init__(self, hub, source="127.0.0.1"):
        self.hub, self.source, self.stream = hub, source, None
        self.headers = {}

    async def call(self, method, path, body=None):
        for attempt in (1, 2):
            try:
                return await asyncio.wait_for(self.once(method, path, body), 60)
            except (OSError, EOFError, asyncio.IncompleteReadError):
                self.stream = None
                if attempt == 2:
                    raise

    async def once(self, method, path, body):
        if self.stream is None:
            self.stream = await self.hub.connect(self.source)
        reader, writer = self.stream
        text = b"" if body is None else json.dumps(body).encode()
        head = {"host": f"localhost:{self.hub.port}", **self.headers}
        if body is not None:
            head["content-type"] = "application/json"
        if method != "GET":
            head["content-length"] = str(len(text))
        lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in head.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        return await answer(reader)


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    status = int(head[0].split()[1])
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return status, headers, body


def quantile(times, q):
    times = sorted(times)
    return times[min(len(times) - 1, math.ceil(q * len(times)) - 1)] * 1000 if times else math.inf


async def measure(hub, owner, seconds):
    """The API as its owner sees it: 40 calls a second, every tenth on a new connection."""
    times, failures = [], 0
    end = time.monotonic() + seconds

    async def one(number):
        nonlocal failures
        client = Client(hub)
        client.headers = owner.headers
        turn = 0
        while time.monotonic() < end:
            begun = time.monotonic()
            if turn % 10 == 0:
                client.stream = None
            try:
                status, _, _ = await client.call("GET", ROUTES[(turn + number) % len(ROUTES)])
                times.append(time.monotonic() - begun)
                failures += status != 200
            except Exception:
                failures += 1
                times.append(math.inf)
            turn += 1
            await asyncio.sleep(max(0, 0.1 - (time.monotonic() - begun)))

    await asyncio.gather(*(one(number) for number in range(4)))
    return times, failures


async def slow_client(hub, number, sources, stop, held):
    """Opens a connection and does as little as it can, over and over."""
    source = sources[number % len(sources)]
    kind = ("silent", "header", "body")[number % 3]
    while not stop.is_set():
        try:
            reader, writer = await asyncio.wait_for(hub.connect(source, tls=kind != "silent"), 30)
        except (OSError, asyncio.TimeoutError):
            held["refused"] += 1
            await asyncio.sleep(0.5)
            continue
        held["open"] += 1
        held["most"] = max(held["most"], held["open"])
        try:
            if kind == "header":
                writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
            elif kind == "body":
                writer.write(
                    b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                    b"content-length: 10000\r\n\r\n"
                )
            while not stop.is_set() and not reader.at_eof():
                if kind != "silent":
                    writer.write(b"a")
                    await writer.drain()
                try:
                    await asyncio.wait_for(reader.read(4096), 2)
                except asyncio.TimeoutError:
                    pass
        except OSError:
            pass
        held["open"] -= 1
        held["ended"] += 1
        writer.transport.abort()


async def slow(hub, owner, connections, seconds, sources, name):
    stop, held = asyncio.Event(), collections.Counter()
    tasks = [asyncio.create_task(slow_client(hub, n, sources, stop, held)) for n in range(connections)]
    for _ in range(300):
        if held["open"] >= connections * 0.95:
            break
        await asyncio.sleep(0.1)
    times, failures = await measure(hub, owner, seconds)
    stop.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    print(
        f"| {name} | {held['most']} held at once, {held['refused']} refused, {held['ended']} ended by the hub | "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {failures} of {len(times)} failed |"
    )
    return p99 < 1000 and failures == 0


async def guess(hub, guesses, sources):
    """Guesses the owner's password, while the owner logs in again and again from elsewhere."""
    counts, left = collections.Counter(), iter(range(guesses))
    begun = time.monotonic()

    async def thief(number):
        client = Client(hub, sources[number % len(sources)])
        for attempt in left:
            body = {"name": "owner", "password": f"Guess-{attempt}-Aa1"}
            try:
                status, headers, _ = await client.call("POST", "/api/v1/session", body)
                counts[status] += 1
                counts["with Retry-After"] += "retry-after" in headers
            except Exception:
                counts["closed"] += 1

    owner_times, owner_failures = [], 0
    thieves = asyncio.gather(*(thief(number) for number in range(16)))
    while not thieves.done():
        start = time.monotonic()
        status, _, _ = await Client(hub).call("POST", "/api/v1/session", {"name": "owner", "password": PASSWORD})
        owner_times.append(time.monotonic() - start)
        owner_failures += status != 200
        await asyncio.sleep(2)
    await thieves
    status, _, _ = await Client(hub).call("POST", "/api/v1/session", {"name": "owner", "password": PASSWORD})
    took = time.monotonic() - begun
    print(
        f"| {guesses} guesses from {len(sources)} addresses | {dict(counts)} in {took:.0f} s | owner: "
        f"{len(owner_times) - owner_failures} of {len(owner_times)} log-ins meanwhile, slowest "
        f"{max(owner_times) * 1000:.0f} ms, afterwards {status} |"
    )
    return status == 200 and owner_failures == 0 and counts[401] <= 5 * len(sources)


async def send_body(hub, owner, kind, path):
    """Sends a body that is too much, and gives the answer's status."""
    reader, writer = await hub.connect()
    nested = b'{"plate":' + b"[" * (MIB - 100)
    size = {"nested": len(nested)}.get(kind, 100 * MIB)
    lines = [f"POST {path} HTTP/1.1", f"host: localhost:{hub.port}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in owner.headers.items()]
    lines.append("transfer-encoding: chunked" if kind == "chunked" else f"content-length: {size}")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def send():
        if kind == "nested":
            writer.write(nested)
            return
        piece = b" " * 65536
        for _ in range(size // len(piece)):
            writer.write(b"10000\r\n" + piece + b"\r\n" if kind == "chunked" else piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    try:
        status, _, _ = await asyncio.wait_for(answer(reader), 60)
    except (OSError, EOFError, asyncio.TimeoutError):
        status = "cut off"
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.transport.abort()
    return status


async def bodies(hub, owner, kind, path):
    before, peak, done = hub.resident(), 0, asyncio.Event()

    async def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, hub.resident())
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    counts = collections.Counter(await asyncio.gather(*(send_body(hub, owner, kind, path) for _ in range(8))))
    done.set()
    await watching
    grown = max(0, peak - before) / MIB
    what = "1 MiB nested a million deep" if kind == "nested" else f"100 MiB, {kind}"
    print(f"| 8 bodies at once of {what} to {path} | {dict(counts)} | memory +{grown:.1f} MiB |")
    return grown < 64 and all(str(status).startswith("4") or status == "cut off" for status in counts)


async def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hub", required=True, help="the hub-server program")
    arguments.add_argument("--connections", type=int, default=1000)
    arguments.add_argument("--guesses", type=int, default=10_000)
    arguments.add_argument("--seconds", type=int, default=30)
    arguments = arguments.parse_args()
    # A client that is cut off while it writes is what this is about.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="gatewarden-bench-") as folder:
        hub = Hub(arguments.hub, folder)
        try:
            sound = await attack(hub, arguments)
        finally:
            hub.process.terminate()
            hub.process.wait(30)
    sys.exit(0 if sound else 1)


async def attack(hub, arguments):
    owner = Client(hub)
    body = {
        "token": hub.token, "organisation": "Bench", "site": "Depot", "time_zone": "UTC",
        "name": "owner", "password": PASSWORD,
    }
    status, _, answered = await owner.call("POST", "/api/v1/setup", body)
    assert status == 201, answered
    owner.headers = await log_in(hub)
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, hub resident {hub.resident() / MIB:.0f} MiB")
    print("| Attack | What came of it | Noticed |\n|---|---|---|")
    sound = True
    times, failures = await measure(hub, owner, arguments.seconds)
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    print(f"| none | {len(times)} calls at 40 a second | p50 {p50:.0f} ms, p99 {p99:.0f} ms, {failures} failed |")
    one = ["127.0.0.2"]
    many = [f"127.0.1.{last}" for last in range(1, 101)]
    count = arguments.connections
    sound &= await slow(hub, owner, count, arguments.seconds, one, f"{count} slow clients, one address")
    sound &= await slow(hub, owner, count, arguments.seconds, many, f"{count} slow clients, 100 addresses")
    for kind in ("announced", "chunked", "nested"):
        for path in ("/api/v1/session", "/api/v1/permits"):
            sound &= await bodies(hub, owner, kind, path)
    sound &= await guess(hub, arguments.guesses, ["127.0.0.3"])
    sound &= await guess(hub, arguments.guesses, [f"127.0.2.{last}" for last in range(1, 21)])
    print("all bounds held" if sound else "A BOUND WAS BROKEN")
    return sound


async def log_in(hub):
    """Logs the owner in; gives the headers of a session."""
    reader, writer = await hub.connect()
    text = json.dumps({"name": "owner", "password": PASSWORD}).encode()
    writer.write(
        f"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(text)}\r\nconnection: close\r\n\r\n".encode() + text
    )
    head, body = (await reader.read(-1)).split(b"\r\n\r\n", 1)
    cookie = next(line for line in head.decode().split("\r\n") if line.lower().startswith("set-cookie: "))
    headers = {"cookie": cookie.split(": ", 1)[1].split(";")[0], "x-csrf-token": json.loads(body)["csrf"]}
    return headers


if __name__ == "__main__":
    asyncio.run(main())
