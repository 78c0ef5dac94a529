"""The server: small answers leave at once, and a crash gets a sentence."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.testing.v1 import AppTest

from ui import server, words

ANSWERS = 50
MEDIAN_MILLISECONDS = 20.0  # a delayed acknowledgement alone takes 40
PATIENCE = 30.0


async def small(_request: Request) -> Response:
    return Response(b"a few bytes")


@asynccontextmanager
async def with_the_hook(_app: Any) -> AsyncIterator[None]:
    server.send_small_answers_at_once(asyncio.get_running_loop())
    yield


@asynccontextmanager
async def without_the_hook(_app: Any) -> AsyncIterator[None]:
    yield


@contextmanager
def serving(lifespan: Any, loop: str) -> Iterator[uvicorn.Server]:
    """Serve as ``streamlit run`` does: uvicorn, on a socket bound beforehand.

    Streamlit makes it by ``socket.socket(family=...)``, without a protocol number.
    """
    bound = socket.socket(family=socket.AF_INET)
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    bound.setblocking(False)
    app = Starlette(routes=[Route("/", small)], lifespan=lifespan)
    config = uvicorn.Config(app, loop=loop, log_level="critical", access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([bound],))
    thread.start()
    try:
        wait_for(lambda: running.started)
        yield running
    finally:
        running.should_exit = True
        thread.join(PATIENCE)
        bound.close()


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@contextmanager
def connected(running: uvicorn.Server) -> Iterator[http.client.HTTPConnection]:
    address = running.servers[0].sockets[0].getsockname()
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection) -> float:
    """Return the milliseconds of one question and its answer."""
    begin = time.perf_counter()
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.read() == b"a few bytes"
    return (time.perf_counter() - begin) * 1000


def has_no_delay(running: uvicorn.Server) -> bool:
    (protocol,) = running.server_state.connections
    accepted = protocol.transport.get_extra_info("socket")
    return bool(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_small_answers_leave_at_once(loop, capsys):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with serving(with_the_hook, loop) as running, connected(running) as connection:
        times = [ask(connection) for _ in range(ANSWERS)]
        assert len(running.server_state.connections) == 1  # kept alive
        assert has_no_delay(running)
    median = statistics.median(times)
    with capsys.disabled():
        print(f"\n{loop}: {ANSWERS} small answers, median {median:.2f} ms")
    assert median < MEDIAN_MILLISECONDS


def test_without_the_hook_asyncio_lets_them_wait():
    """The reason for the hook. Should this fail one day, the hook is no longer needed."""
    with serving(without_the_hook, "asyncio") as running, connected(running) as connection:
        ask(connection)
        assert not has_no_delay(running)


def test_the_server_ends_all_runs_when_it_stops(engine, tiny_config):
    run = engine.start(tiny_config)

    async def live() -> None:
        async with server.lifespan(None):
            assert engine.runs() == [run]

    asyncio.run(live())
    assert engine.runs() == []
    assert not engine.find(run.control_token)


def test_browser_modules_are_checked_again_each_time():
    modules = next(route for route in server.routes() if route.path == "/browser")
    response = modules.app.file_response(
        server.BROWSER / "live.js",
        (server.BROWSER / "live.js").stat(),
        {"type": "http", "method": "GET", "headers": []},
    )
    assert response.headers["cache-control"] == "no-cache"


CRASH = """
from streamlit.runtime.scriptrunner import get_script_run_ctx
from ui.server import explain_crash

get_script_run_ctx().on_script_error = explain_crash
raise ValueError("the secret of the server")
"""


def test_a_crash_gets_a_sentence_in_place_of_a_traceback(language, caplog):
    app = AppTest.from_string(CRASH, default_timeout=PATIENCE)
    app.query_params = {"lang": language}
    with caplog.at_level(logging.ERROR, logger=server.__name__):
        app.run()
    assert [error.value for error in app.error] == [words.translate(language, "problem.crash")]
    assert not app.exception
    assert "secret" not in str(app.main)
    told = [record.exc_info for record in caplog.records if record.name == server.__name__]
    assert [str(info[1]) for info in told if info] == ["the secret of the server"]


def test_a_crash_is_done_with(monkeypatch):
    monkeypatch.setattr(server.st, "error", lambda _sentence: None)
    assert server.explain_crash(ValueError("oh")) is True
