"""A relay before a local server that hands on every byte of its answers some time later."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial


@contextmanager
def slow_line(port: int, seconds: float) -> Iterator[int]:
    """Relay to this port of this machine; the port on which answers come `seconds` late."""
    ready: Future[tuple[int, Callable[[], object]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(port, seconds, ready)))
    thread.start()
    slow_port, stop = ready.result()
    try:
        yield slow_port
    finally:
        stop()
        thread.join()


async def _serve(
    port: int, seconds: float, ready: Future[tuple[int, Callable[[], object]]]
) -> None:
    """Relay until told to stop; connections that are open then are dropped."""
    end = asyncio.Event()
    server = await asyncio.start_server(partial(_relay, port, seconds), "127.0.0.1")
    stop = partial(asyncio.get_running_loop().call_soon_threadsafe, end.set)
    ready.set_result((int(server.sockets[0].getsockname()[1]), stop))
    await end.wait()


async def _relay(
    port: int, seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, both ways, until both ends have closed it or the line is taken down."""
    from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError, asyncio.CancelledError):
        await asyncio.gather(_carry(reader, to_server, 0), _carry(from_server, writer, seconds))


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    """Hand on what is read, each piece `seconds` after it came: late, not narrow."""
    clock = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while (piece := await under_way.get())[1]:
            await asyncio.sleep(piece[0] - clock.time())
            writer.write(piece[1])
            await writer.drain()
        writer.close()

    delivery = asyncio.create_task(deliver())
    while piece := await reader.read(1 << 16):
        under_way.put_nowait((clock.time() + seconds, piece))
    under_way.put_nowait((0, b""))
    await delivery
