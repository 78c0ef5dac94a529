"""What the pages say of GANs whose players are told a class: formulas and code."""

from __future__ import annotations

import streamlit as st

from ui.lesson import source_of
from ui.state import prose


def explained() -> None:
    """Show how G and D are told the class, in words, formulas and the code that runs."""
    from gan_core import conditional

    st.markdown(prose("conditional_formula"))
    st.code(
        source_of(
            conditional.with_classes,
            conditional.ConditionalGenerator.forward,
            conditional.ProjectionDiscriminator.forward,
            conditional.generator_of,
        )
    )
