"""The anatomy that all lesson pages share: question, experiments, code, quiz."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from ui.lessons import LESSONS, page_of
from ui.state import t, visit


def heading(page: str) -> None:
    """Draw the title and the question that the page answers."""
    st.title(t(f"{page}.title"))
    st.markdown(f"##### {t(f'{page}.question')}")


@dataclass(frozen=True, slots=True)
class Experiment:
    """Predict, run, explain.

    Its words are ``<page>.try.<key>.question``, one per choice, and ``.explain``.
    """

    key: str
    choices: Sequence[str]
    right: str
    start: Callable[[], None]


def try_this(page: str, experiments: Sequence[Experiment]) -> None:
    """Draw the experiments side by side; the explanation comes after a prediction."""
    st.subheader(t("lesson.try"))
    for number, (column, experiment) in enumerate(
        zip(st.columns(len(experiments)), experiments, strict=True), start=1
    ):
        with column, st.container(border=True, height="stretch"):
            _experiment(f"{page}.try.{experiment.key}", number, experiment)


def _experiment(words: str, number: int, experiment: Experiment) -> None:
    st.markdown(f"**{number}. {t(words + '.title')}**\n\n{t(words + '.question')}")
    answer = predicted(words, experiment.choices)
    st.button(
        t("lesson.run_it"),
        key=words + ".run",
        icon=":material/play_arrow:",
        disabled=answer is None,
        help=t("lesson.run_help"),
        on_click=_begin,
        args=(words, experiment),
    )
    if words in visit().tried and answer is not None:
        explained(words, experiment.right)


def predicted(words: str, choices: Sequence[str]) -> str | None:
    """Ask for a prediction; return it, None while there is none."""
    return _ask("lesson.predict", words, choices)


def explained(words: str, right: str) -> None:
    """Explain what was predicted, and say whether it came so."""
    verdict = (
        "lesson.predicted_right" if st.session_state[words] == right else "lesson.predicted_else"
    )
    st.markdown(f"**{t(verdict)}** {t(words + '.explain')}")


def _begin(words: str, experiment: Experiment) -> None:
    visit().tried.add(words)
    experiment.start()


def _ask(label: str, words: str, choices: Sequence[str]) -> str | None:
    return st.radio(
        t(label),
        choices,
        index=None,
        format_func=lambda choice: t(f"{words}.{choice}"),
        key=words,
    )


def check_yourself(page: str, questions: Sequence[tuple[str, Sequence[str], str]]) -> None:
    """Draw quiz questions: (key, choices, right choice); the reason follows the answer."""
    st.subheader(t("lesson.check"))
    for column, (key, choices, right) in zip(st.columns(len(questions)), questions, strict=True):
        words = f"{page}.quiz.{key}"
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{t(words + '.question')}**")
            answer = _ask("lesson.answer", words, choices)
            if answer is not None:
                verdict = t("lesson.right" if answer == right else "lesson.not_quite")
                st.markdown(f"**{verdict}** {t(words + '.explain')}")


@st.fragment
def fold(label: str, key: str, *parts: Callable[[], object]) -> None:
    """Offer formulas and code under a heading that opens.

    They are drawn only when it is open: typesetting and colouring them keeps a
    browser busy for as long as all the rest of a page.
    """
    box = st.expander(f"**{label}**", key=key, on_change="rerun")
    if box.open:
        with box:
            for part in parts:
                part()


def source_of(*functions: Callable[..., object]) -> str:
    """Return the code that runs, from the source itself."""
    return "\n".join(textwrap.dedent(inspect.getsource(function)) for function in functions)


def next_lessons() -> None:
    """Link to the other lessons, each with what one does there."""
    others = [lesson for lesson in LESSONS if lesson.path != "welcome"]
    for start in range(0, len(others), 3):
        for column, lesson in zip(st.columns(3), others[start : start + 3], strict=False):
            with column, st.container(border=True, height="stretch"):
                name = f"**{t(f'nav.{lesson.path}')}**"
                st.page_link(page_of(lesson), label=name, icon=lesson.icon)
                st.markdown(t(f"welcome.go_{lesson.path}"))


def link_to(path: str, label: str, explanation: str, **query: str) -> None:
    """Link to a lesson as it shall open there."""
    lesson = next(lesson for lesson in LESSONS if lesson.path == path)
    st.page_link(
        page_of(lesson), label=label, icon=lesson.icon, help=explanation, query_params=query
    )
