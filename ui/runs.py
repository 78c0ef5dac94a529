"""The one engine of this process, and the way from a visitor to a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from gan_core.config import POINT_MODEL, TrainConfig
from gan_core.engine import Engine, EngineFull, Run
from ui.state import t, visit, write_url

# What the session remembers beside the token of each kind of run.
_SHOWN = {"run": "shown", "points": "points_shown"}


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the engine; its registry of runs is the only thing visitors share."""
    return Engine()


@dataclass(frozen=True, slots=True)
class Seat:
    """A visitor's place at a run: in front of the controls, or watching.

    ``place`` is where the session and the URL keep its token: "run" for the digits,
    "points" for the playground.
    """

    run: Run
    may_steer: bool
    place: str = "run"


def find_seat(place: str = "run") -> Seat | None:
    """Return the visitor's place at the run that the URL or the session names."""
    token = getattr(visit(), place)
    found = engine().find(token) if token else None
    if found and (found[0].asked.model == POINT_MODEL) != (place == "points"):
        found = None  # a link of the other page
    if token and found is None:
        st.info(t("run.gone"))
    return Seat(*found, place) if found else None


def begin(config: TrainConfig, place: str = "run") -> Seat:
    """Begin a run; stops the page with a sentence where there is no room for another."""
    try:
        run = engine().start(config)
    except EngineFull:
        st.warning(t("run.full"))
        st.stop()
    setattr(visit(), place, run.control_token)
    setattr(visit(), _SHOWN[place], config)
    write_url()
    return Seat(run, may_steer=True, place=place)


def end_comparison(keep: Run | None = None) -> None:
    """End the pair of runs that this visitor compares; see ``ui.twins.end``."""
    token = visit().twin
    found = engine().find_pair(token) if token else None
    visit().twin = None
    write_url()
    if found is not None and found[1]:
        engine().part(found[0], keep)


def offer_restart(seat: Seat, config: TrainConfig) -> None:
    """Say that changed settings need a new start, before anything is lost."""
    if config == seat.run.asked:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(t("run.changed"))
        st.button(
            t("run.apply"),
            type="primary",
            icon=":material/restart_alt:",
            on_click=seat.run.restart,
            args=(config,),
        )


def share_link(seat: Seat) -> None:
    """Show the address under which others may watch this run."""
    base = (st.context.url or "").split("?")[0]
    st.markdown(t("run.share"))
    st.code(f"{base}?lang={visit().language}&{seat.place}={seat.run.view_token}", language=None)


def open_checkpoint(seat: Seat) -> None:
    """Offer to go on from a saved run; a bad file changes nothing and gets a sentence."""
    file = st.file_uploader(
        t("run.upload"), type=["safetensors"], help=t("run.upload_help"), key="checkpoint"
    )
    if file is None:
        return
    from gan_core.checkpoint import MAX_BYTES, CheckpointError, from_bytes

    try:
        if file.size > MAX_BYTES:
            raise CheckpointError("too_large", f"{file.size >> 20} MB")
        saved = from_bytes(file.getvalue())
    except CheckpointError as error:
        st.error(t(f"problem.checkpoint_{error.code}", detail=error.detail))
        return
    st.markdown(
        t(
            "run.upload_found",
            model=t(f"option.{saved.config.model}"),
            iteration=int(saved.state["clock"][0]),
        )
    )
    st.button(
        t("run.upload_go"),
        type="primary",
        on_click=seat.run.restart,
        args=(saved.config, saved.state),
    )
