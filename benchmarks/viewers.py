"""Thirty viewers of one run, and what they cost its training; called by ``benchmarks.live``."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx

from benchmarks.app_server import LiveView
from benchmarks.figures import percentile
from benchmarks.rounds import pace_of, play

VIEWERS, HERTZ, SECONDS = 30, 5, 10.0


def viewers(live: LiveView, address: str) -> None:
    """Print what thirty viewers get, and what they cost the training."""
    token = parse_qs(urlsplit(live.view_link).query)["run"][0]
    play(live)
    without = pace_of(live, SECONDS)
    times: list[float] = []
    cost: list[float] = []

    def ask() -> None:
        times.extend(asyncio.run(_crowd(f"{address}/api/run/{token}")))
        cost.append(time.thread_time())

    crowd = threading.Thread(target=ask)
    crowd.start()
    with_them = pace_of(live, SECONDS - 1)
    crowd.join()
    live.press("play")
    live.wait_for_state("paused")
    print(
        f"{VIEWERS} viewers at {HERTZ} Hz for {SECONDS:g} s: {len(times)} answers, "
        f"p50 {statistics.median(times):.0f} ms, p95 {percentile(times, 95):.0f} ms; live "
        f"{with_them.iterations:.1f} it/s with them, {without.iterations:.1f} without "
        f"(asking took this machine {cost[0]:.1f} s of a core, beside the answering)"
    )


async def _crowd(url: str) -> list[float]:
    limits = httpx.Limits(max_connections=VIEWERS)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
        each = [_viewer(client, url, f"viewer-{number}", number) for number in range(VIEWERS)]
        return [spent for times in await asyncio.gather(*each) for spent in times]


async def _viewer(client: httpx.AsyncClient, url: str, name: str, number: int) -> list[float]:
    """Ask as the page does, saying what is held; return the answers' times in ms."""
    times = []
    held = {"width": 0, "from": 0, "picture": 0}
    await asyncio.sleep(number / VIEWERS / HERTZ)  # they did not all arrive at once
    end = time.perf_counter() + SECONDS
    while (begin := time.perf_counter()) < end:
        answer = (await client.get(url, params={**held, "viewer": name})).content
        times.append(1000 * (time.perf_counter() - begin))
        head = json.loads(answer[4 : 4 + int.from_bytes(answer[:4], "little")])
        curves, picture = head["history"], head["picture"]
        held["width"] = curves["width"]
        held["from"] = max(0, curves["start"] + len(curves["mean"]) - 1)
        held["picture"] = picture["id"] if picture else held["picture"]
        await asyncio.sleep(max(0.0, 1 / HERTZ - (time.perf_counter() - begin)))
    return times
