"""Tables of figures: numbers align, no cell breaks in two, and a narrow page can scroll them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

_STYLE = """<style>
.figures { overflow-x: auto; }
.figures table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.figures :is(th, td) { padding: 4px 14px 4px 0; white-space: nowrap; text-align: right; }
.figures tr > :first-child { text-align: left; }
.figures tbody th { font-weight: 400; }
.figures tr { border-bottom: 1px solid rgba(125, 125, 125, 0.4); }
</style>"""


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Draw a table; the first cell of a line names it."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(line[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in line[1:])
        + "</tr>"
        for line in lines
    )
    st.html(
        f'{_STYLE}<div class="figures" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
