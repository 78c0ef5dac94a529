"""Lesson: training that is broken on purpose, seen in its numbers, and cured by one change."""

import streamlit as st

from ui import clinic, twins
from ui.lesson import check_yourself, fold, heading
from ui.published import published
from ui.state import t

heading("clinic")
found = twins.find(clinic.PLACE)
case = clinic.choose(found)
clinic.present(case, found)
if found is not None:
    clinic.side_by_side(found)
clinic.explanation(case)

published()

fold(t("clinic.formula_title"), "clinic_fold", clinic.formulas, clinic.source)

check_yourself(
    "clinic",
    [
        ("strong", ("starve", "hold", "wait"), "hold"),
        ("flawless", ("learned", "collapse", "copies"), "collapse"),
    ],
)

if found is not None:
    with st.sidebar:
        st.divider()
        twins.share_link(found)
