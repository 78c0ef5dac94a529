"""The charts of the page *Anomaly detection*: scores of both kinds, and what thresholds cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.charts import GREY, RUST, TEAL
from ui.state import t

if TYPE_CHECKING:
    from gan_core.anomaly.ranking import Curve, Histogram

# Real pictures are blue on every page; all of these are real, so anomalies need another sign.
NORMAL, ODD = "#0072B2", RUST
# Each scorer's colour and dash, readable on a light ground and on a dark one.
PENS = {
    "fast_anogan": ("#AA4499", "solid"),
    "anogan": ("#CC6677", "dash"),
    "pixel_neighbour": ("#8F8F2A", "dot"),
    "unit_neighbour": (TEAL, "dashdot"),
    "pca_residual": ("#6F76D9", "longdash"),
}
_TOOLS = {"displayModeBar": False, "scrollZoom": False}
_HEIGHT = 340
# Where a chart is empty: above the tail of the scores, below the diagonal of chance.
_IN_THE_CORNER = {
    "upper": {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top"},
    "lower": {"x": 1, "xanchor": "right", "y": 0.02, "yanchor": "bottom"},
}


def scores(title: str, counts: Histogram, names: tuple[str, str]) -> None:
    """Draw how the scores of both kinds are spread, each as shares of its own kind.

    Args:
        title: shown above.
        counts: pictures in each bin.
        names: what the normal ones are called, and the anomalies.
    """
    from plotly import graph_objects

    figure = graph_objects.Figure()
    width = counts.edges[1] - counts.edges[0]
    middles = [edge + width / 2 for edge in counts.edges[:-1]]
    kinds = ((counts.normal, NORMAL, ""), (counts.anomalous, ODD, "/"))
    for name, (kind, colour, hatch) in zip(names, kinds, strict=True):
        figure.add_bar(
            x=middles,
            y=[count / sum(kind) for count in kind],
            width=width,
            name=name,
            marker={
                "color": colour,
                "line": {"color": colour, "width": 1},
                "pattern": {"shape": hatch, "fillmode": "replace", "fgcolor": colour},
            },
            opacity=0.75,
        )
    figure.update_layout(barmode="overlay", yaxis_tickformat=".0%", legend=_IN_THE_CORNER["upper"])
    axes = (t("anomaly.scores_x"), t("anomaly.scores_y"))
    _draw("anomaly_scores", figure, title, axes, t("anomaly.scores_alt"))


def ranking(
    key: str,
    title: str,
    axes: tuple[str, str],
    curves: Sequence[tuple[str, str, Curve]],
    chosen: str,
    chance: tuple[Sequence[float], str],
    alt: str,
    *,
    legend: bool,
) -> None:
    """Draw a curve for each scorer, the chosen one thick, and what guessing would give.

    Args:
        key: identity of the chart.
        title: shown above.
        axes: titles of the two axes, both shares from 0 to 1.
        curves: (key, name, curve) of each scorer.
        chosen: key of the one to be looked at.
        chance: heights of the chance line at 0 and 1, and its label.
        alt: what there is to see, for those who cannot.
        legend: whether the lines are named; the next chart has the same ones.
    """
    from plotly import graph_objects

    figure = graph_objects.Figure()
    heights, label = chance
    figure.add_scatter(
        x=[0, 1],
        y=list(heights),
        mode="lines",
        line={"color": GREY, "dash": "dot", "width": 2},
        showlegend=False,
    )
    height = 0.3 * heights[0] + 0.7 * heights[1]
    is_above = heights[0] < 0.5  # there, no curve runs just above the line
    figure.add_annotation(
        x=0.7,
        y=height,
        text=label,
        showarrow=False,
        font={"color": GREY},
        xanchor="right",
        yshift=12 if is_above else -12,
    )
    for scorer, name, curve in sorted(curves, key=lambda one: one[0] == chosen):
        colour, dash = PENS[scorer]
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash, "width": 4 if scorer == chosen else 1.8},
        )
    share = {"range": [-0.01, 1.02], "tickformat": ".0%"}
    figure.update_layout(
        xaxis=share, yaxis=share, showlegend=legend, legend=_IN_THE_CORNER["lower"]
    )
    _draw(key, figure, title, axes, alt)


def _draw(key: str, figure: Any, title: str, axes: tuple[str, str], alt: str) -> None:
    figure.update_layout(
        title={"text": title, "font": {"size": 17}},
        height=_HEIGHT,
        margin={"l": 55, "r": 12, "t": 45, "b": 50},
        font={"size": 14},
        xaxis={"title": axes[0], "fixedrange": True},
        yaxis={"title": axes[1], "fixedrange": True},
    )
    st.plotly_chart(figure, key=key, config=_TOOLS, width="stretch", alt=alt)
