"""What an anomaly experiment came to: charts, pictures and areas; and the table of all digits."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gan_core.pictures import compared, heat, png
from ui import anomaly_charts as charts
from ui.state import t
from ui.tables import table
from ui.words import ASSETS

if TYPE_CHECKING:
    from gan_core.anomaly.outcome import Outcome, ShownCases

FIGURES = ASSETS / "figures" / "anomaly.json"
# In percent; 0 stands for the share that the test has.
SHARES = (0, 50, 10, 1)
_SHARE = "anomaly_share"
# The scorers from the plainest on, as the table has them.
_ORDER = ("pixel_neighbour", "unit_neighbour", "pca_residual", "fast_anogan", "anogan")
_SCALE = 4


def set_share(percent: int) -> None:
    """Look at the precision as if the test had this share of anomalies."""
    st.session_state[_SHARE] = percent


@st.fragment
def results(outcome: Outcome, *, recorded: bool) -> None:
    """Show an outcome: scores of both kinds, curves with chance, cases, and the areas."""
    if outcome.fallback:
        st.info(t(f"anomaly.fallback_{outcome.fallback}"))
    st.markdown(_told(outcome, recorded=recorded))
    left, right = st.columns([3, 2])
    scorer = left.pills(
        t("anomaly.scorer"),
        list(outcome.scores),
        required=True,
        default=next(iter(outcome.scores)),
        format_func=lambda key: t(f"anomaly.scorer_{key}"),
        key="anomaly_scorer",
        help=t("anomaly.scorer_help"),
        wrap=True,
    )
    st.session_state.setdefault(_SHARE, SHARES[0])
    percent = right.pills(
        t("anomaly.share"),
        SHARES,
        required=True,
        format_func=lambda one: _share_name(one, outcome.prevalence),
        key=_SHARE,
        help=t("anomaly.share_help"),
        wrap=True,
    )
    share = percent / 100 if percent else outcome.prevalence
    _charts(outcome, scorer, share)
    _cases(scorer, outcome.cases[scorer])
    _areas(outcome, share)


def _told(outcome: Outcome, *, recorded: bool) -> str:
    settings = outcome.settings
    odd = int(outcome.labels.sum())
    told = t(
        "anomaly.told",
        normal=digits(settings.normal),
        iterations=f"{settings.gan_iterations:,}",
        steps=f"{settings.encoder_steps:,}",
        learned=f"{outcome.learned_from:,}",
        count=f"{len(outcome.labels):,}",
        usual=f"{len(outcome.labels) - odd:,}",
        odd=f"{odd:,}",
        searched=f"{len(outcome.searched):,}",
        seed=settings.seed,
    )
    return f"{t('anomaly.told_recorded')} {told}" if recorded else told


def digits(chosen: tuple[int, ...]) -> str:
    """Write digits side by side: 0, 7."""
    return t("anomaly.comma").join(map(str, chosen))


def _share_name(percent: int, own: float) -> str:
    return f"{percent} %" if percent else t("anomaly.share_own", share=f"{own:.1%}")


def _charts(outcome: Outcome, scorer: str, share: float) -> None:
    from gan_core.anomaly import histogram, precision_recall, roc

    labels, scores = outcome.of(scorer)
    odd = int(labels.sum())
    names = {key: t(f"anomaly.scorer_{key}") for key in outcome.scores}
    spread, falsely, rightly = st.columns(3)
    with spread:
        charts.scores(
            t("anomaly.scores_title", scorer=names[scorer]),
            histogram(labels, scores),
            (
                t("anomaly.legend_normal", count=f"{len(labels) - odd:,}"),
                t("anomaly.legend_odd", count=f"{odd:,}"),
            ),
        )
        st.caption(t(f"anomaly.about_{scorer}"))
    with falsely:
        charts.ranking(
            "anomaly_roc",
            t("anomaly.roc_title"),
            (t("anomaly.roc_x"), t("anomaly.roc_y")),
            [(key, name, roc(*outcome.of(key))) for key, name in names.items()],
            scorer,
            ((0.0, 1.0), t("anomaly.chance")),
            t("anomaly.roc_alt"),
            legend=True,
        )
        st.caption(t("anomaly.roc_about"))
    with rightly:
        charts.ranking(
            "anomaly_pr",
            t("anomaly.pr_title"),
            (t("anomaly.pr_x"), t("anomaly.pr_y")),
            [(key, name, precision_recall(*outcome.of(key), share)) for key, name in names.items()],
            scorer,
            ((share, share), t("anomaly.pr_chance", share=f"{share:.1%}")),
            t("anomaly.pr_alt"),
            legend=False,
        )
        st.caption(t("anomaly.pr_about", share=f"{share:.1%}"))


def _cases(scorer: str, cases: Mapping[str, ShownCases]) -> None:
    """Show the worst and the best of both kinds with what was expected instead."""
    st.markdown(f"**{t('anomaly.cases_title', scorer=t(f'anomaly.scorer_{scorer}'))}**")
    for column, (kind, shown) in zip(st.columns(len(cases)), cases.items(), strict=True):
        with column:
            st.markdown(t(f"anomaly.case_{kind}"))
            st.image(
                png(compared(shown.pictures, shown.expected), _SCALE),
                width="stretch",
                caption=t(
                    "anomaly.case_shows",
                    digits=digits(shown.digits),
                    low=f"{min(shown.scores):.3g}",
                    high=f"{max(shown.scores):.3g}",
                ),
                alt=t("anomaly.case_alt", digits=digits(shown.digits)),
            )
    scale, words = st.columns([1, 3], vertical_alignment="center")
    scale.image(_heat_scale(), width="stretch", alt=t("anomaly.heat_alt"))
    words.caption(t("anomaly.heat_about"))


def _heat_scale() -> bytes:
    return png(heat(np.linspace(0, 1, 240)[None].repeat(14, 0)))


def _areas(outcome: Outcome, share: float) -> None:
    """Show the areas of all scorers, over all test pictures and over those of AnoGAN."""
    from gan_core.anomaly import precision_recall, roc
    from gan_core.anomaly.outcome import SEARCHED

    def pair(scorer: str, *, some: bool) -> list[str]:
        if scorer == SEARCHED and not some:
            return ["–", "–"]
        judged = outcome.of(scorer, some=some)
        return [_area(roc(*judged).area), _area(precision_recall(*judged, share).area)]

    lines = [
        [t(f"anomaly.scorer_{scorer}"), *pair(scorer, some=False), *pair(scorer, some=True)]
        for scorer in outcome.scores
    ]
    chance = [_area(0.5), _area(share)]
    table(_head(outcome), [*lines, [t("anomaly.by_chance"), *chance, *chance]])
    st.caption(t("anomaly.areas_about", searched=f"{len(outcome.searched):,}"))


def _head(outcome: Outcome) -> list[str]:
    all_of_them, some = f"{len(outcome.labels):,}", f"{len(outcome.searched):,}"
    return [
        t("anomaly.scorer"),
        *(t(f"anomaly.area_{area}", count=all_of_them) for area in ("auroc", "auprc")),
        *(t(f"anomaly.area_{area}", count=some) for area in ("auroc", "auprc")),
    ]


def _area(value: float) -> str:
    """Write an area; what is not quite 1 does not look so."""
    return "> 0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


# Digit by digit -----------------------------------------------------------------------------


def by_digit() -> None:
    """Show what was measured for each digit, with chance beside, and by which command."""
    content: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    measured, settings = content["digits"], content["settings"]
    st.subheader(t("anomaly.digits_title"))
    st.markdown(t("anomaly.digits_lead"))
    every, some = st.tabs(
        [t("anomaly.digits_all"), t("anomaly.digits_some", count=settings["anogan_images"])]
    )
    with every:
        _digits(measured, "all", "prevalence")
    with some:
        _digits(measured, "some", "prevalence_some")
    st.markdown(t("anomaly.digits_honest"))
    st.caption(
        t(
            "anomaly.digits_command",
            command=content["command"],
            machine=content["machine"],
            gan=settings["gan_seconds"],
            encoder=settings["encoder_seconds"],
            restarts=settings["anogan_restarts"],
            steps=settings["anogan_steps"],
        )
    )


def _digits(measured: dict[str, Any], part: str, prevalence: str) -> None:
    scorers = [name for name in _ORDER if part in next(iter(measured.values()))["areas"][name]]
    head = [t("anomaly.digits_normal"), *(t(f"anomaly.scorer_{name}") for name in scorers)]
    for area in ("auroc", "auprc"):
        rows = {
            digit: [one["areas"][name][part][area] for name in scorers]
            for digit, one in measured.items()
        }
        chances = {
            digit: 0.5 if area == "auroc" else one[prevalence] for digit, one in measured.items()
        }
        lines = [[digit, *map(_area, row), _area(chances[digit])] for digit, row in rows.items()]
        means = [statistics.mean(column) for column in zip(*rows.values(), strict=True)]
        means.append(statistics.mean(chances.values()))
        st.markdown(f"**{t(f'anomaly.digits_{area}')}**")
        table([*head, t("anomaly.by_chance")], [*lines, [t("anomaly.mean"), *map(_area, means)]])
