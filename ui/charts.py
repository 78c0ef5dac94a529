"""Charts that do not move, by Plotly, in the course's colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

# Neither real, fake, D nor G: for things that are none of them.
TEAL, RUST, GREY = "#1B9AAA", "#D55E00", "#7D7D7D"
_NO_TOOLS = {"displayModeBar": False, "scrollZoom": False}


def lines(
    key: str,
    title: str,
    x: Sequence[float],
    curves: Sequence[tuple[str, Sequence[float], str, str]],
    *,
    axes: tuple[str, str],
    level: tuple[float, str] | None = None,
    height: int = 280,
) -> None:
    """Draw a few curves, each named at its middle, and a dotted level of theory.

    Args:
        key: identity of the chart on its page.
        title: shown above it.
        x: shared abscissae.
        curves: (name, ordinates, colour, dash) each.
        axes: titles of the two axes.
        level: a theoretical value and its label.
        height: in pixels.
    """
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for name, y, colour, dash in curves:
        figure.add_scatter(
            x=list(x), y=list(y), name=name, mode="lines", line=_pen(colour, dash), showlegend=False
        )
        middle = len(x) // 2
        figure.add_annotation(
            x=x[middle], y=y[middle], text=name, showarrow=False, yshift=-14, font={"color": colour}
        )
    if level:
        figure.add_hline(y=level[0], line=_pen(GREY, "dot"))
        figure.add_annotation(
            x=0, xref="paper", y=level[0], text=level[1], showarrow=False, xanchor="left", yshift=10
        )
    figure.update_layout(
        title={"text": title, "font": {"size": 17}},
        height=height,
        margin={"l": 50, "r": 70, "t": 50, "b": 45},
        font={"size": 15},
        xaxis={"title": axes[0], "fixedrange": True},
        yaxis={"title": axes[1], "fixedrange": True, "rangemode": "tozero"},
    )
    st.plotly_chart(figure, key=key, config=_NO_TOOLS, width="stretch")


def bars(
    key: str, title: str, values: Sequence[float], *, axes: tuple[str, str], height: int = 280
) -> None:
    """Draw a bar for each value, numbered from 1.

    Args:
        key: identity of the chart on its page.
        title: shown above it.
        values: how high each bar is.
        axes: titles of the two axes.
        height: in pixels.
    """
    from plotly import graph_objects

    figure = graph_objects.Figure()
    figure.add_bar(x=list(range(1, len(values) + 1)), y=list(values), marker={"color": TEAL})
    figure.update_layout(
        title={"text": title, "font": {"size": 17}},
        height=height,
        margin={"l": 50, "r": 20, "t": 50, "b": 45},
        font={"size": 15},
        xaxis={"title": axes[0], "fixedrange": True},
        yaxis={"title": axes[1], "fixedrange": True, "rangemode": "tozero"},
    )
    st.plotly_chart(figure, key=key, config=_NO_TOOLS, width="stretch")


def _pen(colour: str, dash: str) -> dict[str, Any]:
    return {"color": colour, "dash": dash, "width": 3}
