"""What the page *Clinic* is made of: its cases, and the sick run beside its cured twin."""

from __future__ import annotations

import streamlit as st

from gan_core.clinic.cases import CASES, Case
from gan_core.clinic.figures import CaseFigures, case_figures, recorded
from gan_core.config import POINT_MODEL
from gan_core.engine import differing
from ui import doctor, twins, warm
from ui.lesson import explained, predicted, source_of
from ui.settings import number
from ui.state import prose, t, visit
from ui.twins import Found
from ui.words import ASSETS

PLACE = "clinic"
FIGURES = ASSETS / "figures" / "clinic.json"
PICTURES = ASSETS / "figures" / "clinic_pictures.json"
# What is to be predicted of each case: the choices, and the right one.
QUESTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "collapse": (("small", "single", "rare"), "single"),
    "rotating": (("spread", "move", "stay"), "move"),
    "sure": (("grows", "same", "dies"), "dies"),
    "blind": (("zero", "draw", "wild"), "draw"),
    "oscillation": (("falls", "swings", "leaves"), "swings"),
    "too_fast": (("back", "guess", "slowly"), "guess"),
    "coupled": (("slow", "batch", "scale"), "batch"),
    "collapse_digits": (("d_loss", "g_loss", "shares"), "shares"),
    "copies": (("losses", "nearest", "classes"), "nearest"),
}
_CHOSEN, _SEED = "clinic_case", "clinic_seed"


def choose(found: Found | None) -> Case:
    """Draw the choice of a case, and the seed in the sidebar; return the chosen case.

    Whoever comes back to a pair, or follows its link, sees the case that it belongs to.
    """
    if _CHOSEN not in st.session_state:
        st.session_state[_CHOSEN] = (_case_of(found) if found else None) or next(iter(CASES))
    st.session_state.setdefault(_SEED, 0)
    st.pills(
        t("clinic.choose"),
        list(CASES),
        format_func=lambda key: t(f"clinic.case.{key}.title"),
        key=_CHOSEN,
        required=True,
        help=t("clinic.choose_help"),
        on_change=twins.end,
    )
    with st.sidebar:
        number(_SEED, "seed", 1)
    return CASES[st.session_state[_CHOSEN]]


def present(case: Case, found: Found | None) -> None:
    """Show what goes wrong, the question to answer first, and the button that shows it."""
    told, asked = st.columns(2) if found else st.columns([3, 2])
    with told:
        if found is None:
            _picture(case)
        st.markdown(t(f"clinic.case.{case.key}.wrong"))
        st.markdown(t("clinic.knob", change=_change(case), symptom=doctor.name(case.symptom)))
        figures = case_figures(FIGURES).get(case.key)
        if figures is not None:
            st.caption(_shown(case, figures))
    with asked, st.container(border=True):
        st.markdown(t(f"clinic.case.{case.key}.question"))
        answer = predicted(_words(case), QUESTIONS[case.key][0])
        st.button(
            t("clinic.run"),
            key="clinic_run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=answer is None,
            help=t("clinic.run_help"),
            on_click=_begin,
            args=(case,),
        )


def side_by_side(found: Found) -> None:
    """Show the doctor's diagnosis, and below it the sick run beside its cured twin."""
    if not found.may_steer:
        st.info(t("run.watching"))
    doctor.beside_both(found)
    twins.view(found, titles=(t("clinic.sick"), t("clinic.cured")))
    if found.may_steer:
        st.button(
            t("compare.close"),
            key="clinic_close",
            help=t("clinic.close_help"),
            icon=":material/close:",
            on_click=twins.end,
        )


def explanation(case: Case) -> None:
    """Explain a case that was predicted and run."""
    words = _words(case)
    if words in visit().tried and st.session_state.get(words) is not None:
        with st.container(border=True):
            explained(words, QUESTIONS[case.key][1])
            st.markdown(t(f"clinic.case.{case.key}.cure"))
            st.markdown(t(f"clinic.case.{case.key}.not_cured"))


def formulas() -> None:
    """Show what the doctor goes by, in words and formulas."""
    st.markdown(prose("clinic_formula"))


def source() -> None:
    """Show the code that reads the symptoms, as it runs."""
    warm.wait()
    from gan_core.clinic.doctor import SYMPTOMS, diagnose

    st.code(source_of(diagnose, *SYMPTOMS.values()))


def _words(case: Case) -> str:
    return f"clinic.case.{case.key}"


def _begin(case: Case) -> None:
    """Begin both twins from the same first weights, and let them play for as long as it takes."""
    visit().tried.add(_words(case))
    seed = st.session_state[_SEED]
    sick, cured = (config.replace(seed=seed) for config in (case.sick, case.cured))
    pair = twins.begin(sick, cured, place=PLACE)
    if pair is not None:
        pair.step(case.iterations)


def _case_of(found: Found) -> str | None:
    """Return the case that a pair shows; None where its recipes have changed since."""
    sick = found.pair.a.asked
    return next(
        (key for key, one in CASES.items() if one.sick.replace(seed=sick.seed) == sick), None
    )


def _picture(case: Case) -> None:
    """Show the recorded end of both twins, if it was made with these very recipes."""
    about = recorded(PICTURES, case)
    if about is None:
        return
    sick, cured = about["iterations"]
    words = "clinic.recorded" if case.sick.model == POINT_MODEL else "clinic.recorded_digits"
    st.image(
        str(ASSETS / "pictures" / f"clinic_{case.key}.png"),
        width="stretch",
        caption=t(words, sick=f"{sick:,}", cured=f"{cured:,}", seed=about["seed"]),
    )
    if about.get("outside"):
        st.caption(t("clinic.outside", count=about["outside"], all=about["points"]))


def _change(case: Case) -> str:
    """Write what the cure changes: ``Learning rate of D 1e-5 → 0.001``."""
    told = (
        t(
            "clinic.change",
            field=t(f"field.{name}"),
            a=twins.worded(case.sick, name),
            b=twins.worded(case.cured, name),
        )
        for name in differing(case.sick, case.cured)
    )
    return ", ".join(told)


def _shown(case: Case, figures: CaseFigures) -> str:
    """Say how often the case was shown, and what its measure read."""
    seconds = {"sick": figures.seconds[0], "cured_seconds": figures.seconds[1]}
    shown = t("clinic.shown", ill=figures.ill, cured=figures.cured, seeds=figures.seeds, **seconds)
    if figures.before is None or figures.after is None:
        return shown
    measure = t(f"clinic.measure.{case.measure}")
    read = t("clinic.measured", measure=measure, before=figures.before, after=figures.after)
    return f"{shown} {read}"
