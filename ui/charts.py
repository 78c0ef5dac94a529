"""Charts that do not move, by Plotly, in the course's colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Series:
    """Estimates over x: (mean, low, high) each, with how they look."""

    name: str
    x: Sequence[float]
    estimates: Sequence[tuple[float, float, float]]
    colour: str
    dash: str
    symbol: str


def estimates(
    key: str,
    title: str,
    series: Sequence[Series],
    *,
    axes: tuple[str, str],
    ticks: Sequence[float],
    level: float | None = None,
    height: int = 580,
) -> None:
    """Draw means with their intervals over x on a logarithmic axis, named below the plot.

    Args:
        key: identity of the chart on its page.
        title: shown above it.
        series: each with a colour, a dash and a symbol of its own.
        axes: titles of the two axes.
        ticks: the values of x that are named.
        level: an ordinate that means something; the axis says what.
        height: in pixels.
    """
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for one in series:
        means = [mean for mean, _, _ in one.estimates]
        figure.add_scatter(
            x=list(one.x),
            y=means,
            name=one.name,
            mode="lines+markers",
            line={"color": one.colour, "dash": one.dash, "width": 2.5},
            marker={"symbol": one.symbol, "size": 11, "color": one.colour, "line": {"width": 2.5}},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - mean for mean, _, high in one.estimates],
                "arrayminus": [mean - low for mean, low, _ in one.estimates],
                "width": 4,
                "thickness": 1.5,
            },
        )
    if level is not None:
        figure.add_hline(y=level, line=_pen(GREY, "dot"))
    figure.update_layout(
        title={"text": title, "font": {"size": 17}},
        height=height,
        margin={"l": 55, "r": 15, "t": 50, "b": 45},
        font={"size": 15},
        legend={"orientation": "h", "yanchor": "top", "y": -0.28, "x": 0, "entrywidth": 230},
        xaxis={
            "title": {"text": axes[0], "standoff": 8},
            "type": "log",
            "tickvals": list(ticks),
            "ticktext": [f"{tick:g}" for tick in ticks],
            "fixedrange": True,
        },
        yaxis={"title": axes[1], "fixedrange": True},
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
