"""What the page *Data augmentation* is made of: the measured table, and one cell of it live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from ui import charts, jobs, warm
from ui.charts import Series
from ui.lesson import source_of
from ui.pictures import inline
from ui.state import prose, t, visit
from ui.tables import table
from ui.words import ASSETS

if TYPE_CHECKING:
    from gan_core.augmentation import CellSettings
    from gan_core.augmentation.experiment import CellResult
    from gan_core.augmentation.figures import ArmFigures, Figures, Gain

PLACE = "augmentation"
FIGURES = ASSETS / "figures" / "augmentation.json"
NS = (5, 10, 20, 50, 100)
DIGITS = tuple(range(10))
# What a visitor starts with: the question of the page, in half a minute.
FIRST_ARMS = ("real", "affine", "gan")
SIGNS = {"helps": "▲", "no_difference": "○", "hurts": "▼"}
# Colour, dash and symbol of each arm. Real and generated pictures have their colours.
LOOKS = {
    "real": ("#0072B2", "solid", "circle"),
    "affine": (charts.TEAL, "dash", "square"),
    "gan": ("#E69F00", "dot", "circle-open"),
    "gan_diff": (charts.RUST, "dashdot", "diamond-open"),
    "gan_affine": ("#7A6FD0", "longdashdot", "triangle-up-open"),
    "gan_diff_affine": ("#B58BD8", "dot", "triangle-down-open"),
    "generated": ("#C0507A", "longdash", "x-thin-open"),
    "generated_diff": ("#8A8A3A", "dash", "cross-thin-open"),
}
_N, _ARMS, _DIGIT = "augmentation_n", "augmentation_arms", "augmentation_digit"
_WHOLE = ("seed", "gan_iterations", "classifier_steps", "generated")


# What was measured ------------------------------------------------------------------------


def measured() -> None:
    """Show the whole table: accuracies over n, what each arm gains, and what that means."""
    warm.wait()
    from gan_core.augmentation.figures import figures

    found = figures(FIGURES)
    seeds = min(found.seeds.values())
    reached, gained = st.columns(2)
    with reached:
        charts.estimates(
            "augmentation_accuracy",
            t("augmentation.accuracy_title"),
            [_series(arm, found) for arm in LOOKS],
            axes=(t("augmentation.axis_n"), t("augmentation.axis_accuracy")),
            ticks=tuple(found.rows),
        )
    with gained:
        charts.estimates(
            "augmentation_gain",
            t("augmentation.gain_title"),
            [_gains(arm, found) for arm in LOOKS if arm != "real"],
            axes=(t("augmentation.axis_n"), t("augmentation.axis_gain")),
            ticks=tuple(found.rows),
            level=0,
        )
    st.markdown(t("augmentation.lead", seeds=seeds))
    for arm in LOOKS:
        if arm != "real":
            st.markdown(f"- {_verdicts(arm, found)}")
    st.markdown(t("augmentation.meaning"))
    _pictures()
    st.markdown(t("augmentation.on_top"))
    st.markdown(t("augmentation.diff"))


def _pictures() -> None:
    """Show what both GANs make of ten pictures of each digit, beside these."""
    for column, name in zip(st.columns(3), ("real", "gan", "gan_diff"), strict=True):
        column.image(
            str(ASSETS / "pictures" / f"augmentation_{name}.png"),
            caption=t(f"augmentation.picture_{name}"),
            width="stretch",
        )
    st.caption(t("augmentation.pictures"))


def numbers() -> None:
    """Show the table behind the charts, with the command that made it."""
    warm.wait()
    from gan_core.augmentation.figures import figures

    found = figures(FIGURES)
    head = [t("augmentation.arm"), *(f"n = {n}" for n in found.rows)]
    st.markdown(f"**{t('augmentation.accuracy_title')}**")
    table(head, [_line(arm, [_percent(row[arm]) for row in found.rows.values()]) for arm in LOOKS])
    st.markdown(f"**{t('augmentation.gain_title')}**")
    others = [arm for arm in LOOKS if arm != "real"]
    table(
        head,
        [
            _line(arm, [_points(row[arm].over_real) for row in found.rows.values()])
            for arm in others
        ],
    )
    st.markdown(f"**{t('augmentation.over_affine_title')}**")
    on_top = [arm for arm in LOOKS if any(row[arm].over_affine for row in found.rows.values())]
    table(
        head,
        [
            _line(arm, [_points(row[arm].over_affine) for row in found.rows.values()])
            for arm in on_top
        ],
    )
    st.caption(
        t(
            "augmentation.made",
            command=found.command,
            machine=found.machine,
            iterations=f"{found.settings['gan_iterations']:,}",
            generated=found.settings["generated_per_class"],
            steps=f"{found.settings['classifier_steps']:,}",
        )
    )


def arm_name(arm: str) -> str:
    """Return what an arm is called."""
    return t(f"augmentation.arm_{arm}")


def _series(arm: str, found: Figures) -> Series:
    rows = [row[arm] for row in found.rows.values()]
    numbers = [(100 * one.mean, 100 * one.low, 100 * one.high) for one in rows]
    return Series(arm_name(arm), tuple(found.rows), tuple(numbers), *LOOKS[arm])


def _gains(arm: str, found: Figures) -> Series:
    gains = [row[arm].over_real for row in found.rows.values()]
    numbers = [(100 * one.mean, 100 * one.low, 100 * one.high) for one in gains if one]
    return Series(arm_name(arm), tuple(found.rows), tuple(numbers), *LOOKS[arm])


def _verdicts(arm: str, found: Figures) -> str:
    """Say for which n an arm helps, for which it hurts, and where these seeds cannot tell."""
    by_verdict: dict[str, list[str]] = {}
    for n, row in found.rows.items():
        gain = row[arm].over_real
        if gain is not None:
            by_verdict.setdefault(gain.verdict, []).append(str(n))
    told = [
        t(f"augmentation.says_{verdict}", sign=SIGNS[verdict], ns=", ".join(by_verdict[verdict]))
        for verdict in SIGNS
        if verdict in by_verdict
    ]
    return f"**{arm_name(arm)}**: {t('augmentation.between').join(told)}"


def _line(arm: str, cells: list[str]) -> list[str]:
    return [arm_name(arm), *cells]


def _percent(found: ArmFigures) -> str:
    return f"{100 * found.mean:.1f} ± {50 * (found.high - found.low):.1f} %"


def _points(gain: Gain | None) -> str:
    if gain is None:
        return "–"
    half = 50 * (gain.high - gain.low)
    return f"{100 * gain.mean:+.1f} ± {half:.1f} {SIGNS[gain.verdict]}".replace("-", "−")


# One cell, live ---------------------------------------------------------------------------


def choose() -> CellSettings | None:
    """Draw the settings of a cell; return them, None where no arm is chosen."""
    warm.wait()
    from gan_core.augmentation import ARMS, CellSettings
    from gan_core.ranges import range_of

    few, kinds = st.columns([1, 2])
    with few:
        st.session_state.setdefault(_N, 10)
        n = st.pills(
            t("augmentation.n"),
            NS,
            key=_N,
            required=True,
            help=t("augmentation.n_help"),
            persist_state="session",
        )
    with kinds:
        st.session_state.setdefault(_ARMS, list(FIRST_ARMS))
        arms = st.pills(
            t("augmentation.arms"),
            list(ARMS),
            selection_mode="multi",
            format_func=arm_name,
            key=_ARMS,
            help=t("augmentation.arms_help"),
            wrap=True,
            persist_state="session",
        )
    usual = CellSettings()
    with st.sidebar:
        whole = {
            name: st.number_input(
                t(f"augmentation.{name}"),
                *range_of(CellSettings, name),
                value=getattr(usual, name),
                key=f"augmentation_{name}",
                help=t(f"augmentation.{name}_help"),
                persist_state="session",
            )
            for name in _WHOLE
        }
    if n is None or not arms:
        st.info(t("augmentation.no_arms"))
        return None
    return CellSettings(n=n, arms=tuple(arm for arm in ARMS if arm in arms), **whole)


def live(settings: CellSettings | None) -> None:
    """Offer to run a cell, show it while it runs, and what came of it."""
    found = jobs.find(PLACE)
    if found is None or found.may_steer:
        st.button(
            t("augmentation.run"),
            key="augmentation_run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=settings is None,
            help=t("augmentation.run_help"),
            on_click=begin,
            args=(settings,),
        )
    else:
        st.info(t("augmentation.watching"))
    if found is None:
        return
    result: CellResult | None = found.job.result
    _watch(found)
    if result is not None:
        _keep(result)
        _result(result)
    if found.may_steer:
        with st.sidebar:
            st.divider()
            jobs.share_link(found)


def begin(settings: CellSettings) -> None:
    """Begin a cell in place of the last one."""
    from gan_core.augmentation.experiment import CellExperiment

    jobs.begin(CellExperiment(settings), PLACE)


def run(n: int, *arms: str) -> None:
    """Begin a cell of an experiment, and set the controls to it."""
    from gan_core.augmentation import CellSettings

    st.session_state[_N], st.session_state[_ARMS] = n, list(arms)
    seed = st.session_state.get("augmentation_seed", 0)
    begin(CellSettings(n=n, seed=seed, arms=arms))


def _watch(found: jobs.Found) -> None:
    from gan_core.augmentation import GANS

    settings: CellSettings = found.job.experiment.settings  # type: ignore[attr-defined]
    arms = {arm: t("augmentation.stage_arm", arm=arm_name(arm)) for arm in settings.arms}
    gans = {f"gan_{gan}": t(f"augmentation.stage_{gan}") for gan in settings.gans}
    players = [
        _chart(
            [
                {"name": f"{gan}_{key}_loss", "label": mark, "colour": key, "dash": dash}
                for key, mark, dash in (("d", "D", "solid"), ("g", "G", "dashed"))
            ],
            t(f"augmentation.gan_{gan}"),
        )
        for gan in GANS
        if gan in settings.gans
    ]
    classifiers = [
        {"name": f"{arm}_loss", "label": arm_name(arm), "colour": place, "dash": dash}
        for place, (arm, dash) in enumerate(zip(LOOKS, _DASHES, strict=True))
        if arm in settings.arms
    ]
    pictures = [
        {
            "name": name,
            "caption": t(f"augmentation.picture_{name}"),
            "alt": t(f"augmentation.picture_{name}_alt"),
        }
        for name in ("real", *settings.gans)
    ]
    jobs.view(
        found,
        stages=gans | arms,
        charts=[
            *players,
            _chart(classifiers, t("augmentation.classifier")),
        ],
        pictures=pictures,
    )


_DASHES = ("solid", "dashed", "dotted", "dashdot", "long", "short", "dashdotdot", "sparse")


def _chart(lines: list[dict[str, Any]], of: str) -> dict[str, Any]:
    return {
        "title": t("augmentation.losses_of", what=of),
        "alt": t("augmentation.losses_of_alt", what=of),
        "x": t("augmentation.axis_step"),
        "y": t("augmentation.axis_loss"),
        "lines": lines,
    }


# What came of it --------------------------------------------------------------------------


def _result(result: CellResult) -> None:
    """Show what a cell came to, beside what ten seeds came to, and its pictures of one digit."""
    st.markdown(f"#### {t('augmentation.result', n=result.settings.n, seed=result.settings.seed)}")
    if result.fallback:
        st.warning(t(f"augmentation.fallback_{result.fallback}"))
    told, drawn = st.columns([2, 3])
    with told:
        table(*_beside(result))
        st.caption(t("augmentation.one_seed", count=f"{result.test_size:,}"))
    with drawn:
        _one_digit(result)
    _own_cells()


def _beside(result: CellResult) -> tuple[list[str], list[list[str]]]:
    """Return the cell's accuracies with those of the measured table, where it has this n."""
    from gan_core.augmentation.figures import figures

    row = figures(FIGURES).rows.get(result.settings.n, {}) if result.dataset == "mnist" else {}
    head = [t("augmentation.arm"), t("augmentation.this_cell"), t("augmentation.all_seeds")]
    lines = [
        [arm_name(arm), f"{100 * value:.1f} %", _percent(row[arm]) if arm in row else "–"]
        for arm, value in result.accuracies.items()
    ]
    return head, lines


def _one_digit(result: CellResult) -> None:
    """Show real and generated pictures of the digit that is picked."""
    from gan_core.pictures import contact_sheet, png

    st.session_state.setdefault(_DIGIT, 0)
    digit = st.pills(
        t("augmentation.digit"),
        DIGITS,
        key=_DIGIT,
        required=True,
        help=t("augmentation.digit_help"),
        wrap=True,
        persist_state="session",
    )
    for name, shown in result.shown.items():
        row = shown[digit]
        st.image(
            inline(png(contact_sheet(row, len(row)), 3)),
            caption=t(f"augmentation.row_{name}", digit=digit),
            width="stretch",
        )


def _keep(result: CellResult) -> None:
    visit().cells[result.settings] = result.accuracies


def _own_cells() -> None:
    """Show all cells of this session; several seeds of one n with their mean and interval."""
    from gan_core.augmentation import ARMS, mean_of

    cells = visit().cells
    if len(cells) < 2:
        return
    st.markdown(f"**{t('augmentation.own_title')}**")
    arms = [arm for arm in ARMS if any(arm in found for found in cells.values())]
    head = [t("augmentation.own_cell"), *(arm_name(arm) for arm in arms)]
    lines = []
    for n in sorted({settings.n for settings in cells}):
        of_n = {settings: found for settings, found in cells.items() if settings.n == n}
        for settings, found in of_n.items():
            name = t("augmentation.own_name", n=n, seed=settings.seed)
            lines.append([name, *(_share(found.get(arm)) for arm in arms)])
        columns = [[found[arm] for found in of_n.values() if arm in found] for arm in arms]
        if any(len(values) > 1 for values in columns):
            means = [mean_of(values) if len(values) > 1 else None for values in columns]
            shown = [f"{100 * m.mean:.1f} ± {100 * m.half:.1f} %" if m else "–" for m in means]
            lines.append([t("augmentation.own_mean", n=n), *shown])
    table(head, lines)
    st.caption(t("augmentation.own_caption"))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


# Formula and code ---------------------------------------------------------------------------


def formulas() -> None:
    """Show what is compared, and how certain it is."""
    st.markdown(prose("augmentation_formula"))


def source() -> None:
    """Show the code that compares, as it runs."""
    warm.wait()
    from gan_core.augmentation.arms import Arm
    from gan_core.augmentation.intervals import difference, mean_of, verdict

    st.code(source_of(Arm.deal, difference, mean_of, verdict))
