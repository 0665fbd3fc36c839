"""Stands between clients and a broker, and holds back the ends of transactions or their answers."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.transport.mock_kafka import END_TXN

HOST = b"127.0.0.1"
PATIENCE_S = 30.0


class KafkaProxy:
    """Passes requests on in their order; a connection whose request is held waits as a whole."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._holds: deque[tuple[float, bool]] = deque()
        self.port = 0
        self.let_go = 0

    def hold(self, seconds: float, *, answer: bool) -> None:
        """The next request to end a transaction arrives so much later, or else its answer."""
        self._holds.append((seconds, answer))

    def run(self, started: threading.Event) -> None:
        """Serve until `end`; leaves no connection open."""
        asyncio.run(self._serve(started))

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass, HOST.decode())
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._ended.wait()
        server.close()

    async def _pass(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        broker, requests = await asyncio.open_connection(HOST.decode(), self._broker_port)
        late: dict[bytes, float] = {}  # answers, by their number
        try:
            await asyncio.gather(
                self._requests(client, requests, late), self._answers(broker, answers, late)
            )
        finally:
            requests.close()
            answers.close()

    async def _requests(
        self, client: asyncio.StreamReader, broker: asyncio.StreamWriter, late: dict[bytes, float]
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await _frame(client)
                if int.from_bytes(frame[4:6]) == END_TXN and self._holds:
                    seconds, answer = self._holds.popleft()
                    if answer:
                        late[frame[8:12]] = seconds
                    else:
                        # Also when the client has hung up meanwhile: it comes late, but it comes.
                        await self._wait(seconds)
                broker.write(frame)
                await broker.drain()
        broker.close()

    async def _answers(
        self, broker: asyncio.StreamReader, client: asyncio.StreamWriter, late: dict[bytes, float]
    ) -> None:
        # Clients are told where the broker is, and would go there past us.
        theirs = HOST + self._broker_port.to_bytes(4)
        ours = HOST + self.port.to_bytes(4)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await _frame(broker)
                if seconds := late.pop(frame[4:8], None):
                    await self._wait(seconds)
                client.write(frame.replace(theirs, ours))
                await client.drain()
        client.close()

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.let_go += 1


async def _frame(stream: asyncio.StreamReader) -> bytes:
    size = await stream.readexactly(4)
    return size + await stream.readexactly(int.from_bytes(size))


@contextmanager
def kafka_proxy(bootstrap_servers: str) -> Iterator[KafkaProxy]:
    proxy = KafkaProxy(int(bootstrap_servers.rpartition(":")[2]))
    started = threading.Event()
    thread = threading.Thread(target=proxy.run, args=(started,))
    thread.start()
    assert started.wait(PATIENCE_S)
    try:
        yield proxy
    finally:
        proxy.end()
        thread.join()
