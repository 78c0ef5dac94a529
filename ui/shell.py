"""The shell around every lesson: language, navigation, and what a session keeps."""

from __future__ import annotations

import streamlit as st

from ui import warm, words
from ui.lessons import LESSONS, page_of
from ui.point_settings import keep_point_settings
from ui.settings import keep_settings
from ui.state import t, visit, write_url

# A lesson needs the width and the first screenful more than it needs margins.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 2.5rem clamp(1rem, 3vw, 3rem) 4rem; }
</style>"""
# Loading torch at once would slow down the very page it should not delay.
WARM_DELAY_SECONDS = 1.5


def choose_language() -> None:
    """Offer the languages in the sidebar; the choice is kept in the URL."""
    remembered = visit()
    options = list(words.LANGUAGES)
    chosen = st.sidebar.segmented_control(
        t("shell.language"),
        options,
        format_func=words.LANGUAGES.__getitem__,
        default=remembered.language,
        key="language",
        label_visibility="collapsed",
    )
    if chosen and chosen != remembered.language:
        remembered.language = chosen
        write_url()
        st.rerun()


def main() -> None:
    """Draw the shell and the chosen page."""
    icon = words.ASSETS / "pictures" / "icon.png"
    st.set_page_config(page_title="GAN", page_icon=str(icon), layout="wide")
    st.html(_STYLE)
    choose_language()
    page = st.navigation([page_of(lesson) for lesson in LESSONS])
    keep_settings()
    keep_point_settings()
    page.run()
    write_url()
    warm.start(WARM_DELAY_SECONDS)


main()
