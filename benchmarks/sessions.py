"""Thirty sessions in the latent studio, as protocol clients; called by ``benchmarks.latent``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

SESSIONS = 30
# A drag of some seconds, a look at the outcome, the next drag.
REST_EVERY = 3.0


@contextmanager
def sessions(address: str, model: str) -> Iterator[None]:
    """Keep thirty sessions open and dragging until the block ends."""
    stop, ready = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_all_sessions(address, model, stop, ready))
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


async def _all_sessions(
    address: str, model: str, stop: threading.Event, ready: threading.Event
) -> None:
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        opened = asyncio.Semaphore(0)
        tasks = [
            asyncio.create_task(_session(client, model, number, stop, opened))
            for number in range(SESSIONS)
        ]
        for _ in tasks:
            await opened.acquire()
        ready.set()
        await asyncio.gather(*tasks)


async def _session(
    client: httpx.AsyncClient,
    model: str,
    number: int,
    stop: threading.Event,
    opened: asyncio.Semaphore,
) -> None:
    """Open the page as a session of Streamlit's, load the generator, then drag and rest."""
    stream = str(client.base_url).replace("http", "ws", 1).rstrip("/") + "/_stcore/stream"
    async with websockets.connect(stream, subprotocols=["streamlit"], max_size=None) as socket:
        begin = BackMsg()
        begin.rerun_script.query_string = f"model={model}"
        begin.rerun_script.page_name = "latent"
        await socket.send(begin.SerializeToString())
        await _page_sent(socket)
        card = (await client.get(f"/api/latent/model/{model}")).raise_for_status().json()
        for network in ("generator", "discriminator", "classifier"):
            (await client.get("/" + card[network])).raise_for_status()
        picture = (await client.get(f"/api/latent/target/real/{number}")).content
        opened.release()
        await asyncio.sleep(REST_EVERY * number / SESSIONS)
        while not stop.is_set():
            answer = await client.post(f"/api/latent/nearest/{card['dataset']}", content=picture)
            answer.raise_for_status()
            await asyncio.sleep(REST_EVERY)


async def _page_sent(socket: websockets.ClientConnection) -> None:
    """Return when the server has run the page's script: opening it is not what is measured."""
    message = ForwardMsg()
    while message.WhichOneof("type") != "script_finished":
        message.ParseFromString(await socket.recv())  # type: ignore[arg-type]
