"""Long experiments on pages: begun, shown and ended here; their results stay for the session.

A page that offers one needs three calls. On a button::

    jobs.begin(Duel(settings), place="versus")

and whenever the page is drawn::

    found = jobs.find("versus")
    if found is not None:
        jobs.view(found, charts=..., pictures=...)
        if found.job.result is not None:
            ...  # draw it

A visitor has one job on each page; a new one ends the last. The tokens are kept in the session
and in the URL as ``job``, so that a reload shows them again. When a job ends, the page's script
runs once more, to draw the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gan_core.engine import EngineFull, Experiment, Job
from gan_core.engine.job import ENDED
from ui import runs, words
from ui.live import browser_component
from ui.state import t, visit, write_url


@dataclass(frozen=True, slots=True)
class Found:
    """A job that this visitor looks at, and whether the visitor may steer it."""

    job: Job
    may_steer: bool

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.job.frame.state in ENDED


def find(place: str) -> Found | None:
    """Return this visitor's job on a page, if there is one."""
    _forget_lost()
    for token in visit().jobs:
        found = runs.engine().find_job(token)
        if found is not None and found[0].place == place:
            found[0].seen()
            return Found(*found)
    return None


def begin(experiment: Experiment[Any], place: str) -> Job | None:
    """Begin an experiment in place of the visitor's last one on this page.

    Where the server has no room, a sentence says so, and None is returned.
    """
    end(place)
    try:
        job = runs.engine().job(experiment, place)
    except EngineFull:
        st.warning(t("job.full"))
        return None
    visit().jobs = (*visit().jobs, job.control_token)
    write_url()
    return job


def end(place: str) -> None:
    """Put the visitor's job on a page away, with its result."""
    found = find(place)
    if found is None:
        return
    job = found.job
    own = {job.control_token, job.view_token}
    visit().jobs = tuple(token for token in visit().jobs if token not in own)
    write_url()
    if found.may_steer:
        runs.engine().drop(job)


def view(
    found: Found,
    *,
    stages: Mapping[str, str],
    charts: Sequence[dict[str, Any]] = (),
    pictures: Sequence[dict[str, Any]] = (),
) -> None:
    """Show how far a job is, with its curves and pictures as they come.

    Args:
        found: the job.
        stages: what each of its stages is called, in a word or a sentence.
        charts: ``{title, alt, x, y, lines}`` each, ``x`` and ``y`` naming the axes, ``lines``
            being ``{name, label, colour, dash}`` with the name of a value of the job, a colour
            of the palette ("real", "fake", "d", "g", or 0 to 7) and a pattern ("solid",
            "dashed", "dotted", …).
        pictures: ``{name, caption, alt}`` each, with the name of a picture of the job.
    """
    job = found.job
    browser_component("job", "widgets")(
        key=f"job_{job.place}",
        data={
            "token": job.control_token if found.may_steer else job.view_token,
            "may_steer": found.may_steer,
            "is_over": found.is_over,
            "charts": list(charts),
            "pictures": list(pictures),
            "words": words.section(visit().language, "job"),
            "stages": dict(stages),
        },
        on_ended_change=lambda: None,  # its script run is all that is wanted
    )


def share_link(found: Found) -> None:
    """Show the address under which others may watch."""
    base = (st.context.url or "").split("?")[0]
    st.markdown(t("job.share"))
    st.code(f"{base}?lang={visit().language}&job={found.job.view_token}", language=None)


def _forget_lost() -> None:
    """Let go of jobs that are no more; say so once."""
    here = tuple(token for token in visit().jobs if runs.engine().find_job(token))
    if here != visit().jobs:
        visit().jobs = here
        write_url()
        st.info(t("job.gone"))
