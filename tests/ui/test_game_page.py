"""The page *The game*: what its components get, its experiments, its code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.dynamics import METHODS, UPDATES
from gan_core.theory.levels import LEVELS
from ui import game, words
from ui.guess_route import STAGE_KEYS

COMPONENTS = ("guess", "forge", "reply", "turn", "sums")


def told(app: AppTest, name: str) -> dict[str, Any]:
    """Return what one of the page's components gets."""
    (component,) = [
        element.proto
        for element in app.get("bidi_component")
        if element.proto.component_name == f"gan_{name}"
    ]
    content: dict[str, Any] = json.loads(component.json)
    return content


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_every_component_gets_its_words(open_page, language):
    app = open_page("game", language)
    for name in COMPONENTS:
        assert told(app, name)["words"] == words.section(language, name)


def test_the_two_games_get_what_they_are_played_with(open_page):
    app = open_page("game")
    assert [stage["key"] for stage in told(app, "guess")["stages"]] == list(STAGE_KEYS)
    assert [level["key"] for level in told(app, "forge")["levels"]] == list(LEVELS)


def test_every_method_and_update_has_its_formulas(open_page):
    formulas = told(open_page("game"), "turn")["formulas"]
    assert formulas.keys() == {*METHODS, *UPDATES, "bilinear"}
    assert all(line.startswith("<math") for lines in formulas.values() for line in lines)


def test_the_min_max_losses_of_the_table_add_up_to_nothing():
    table = game._losses()
    for fake, loss in zip(table["on_fake"], table["minimax"], strict=True):
        assert fake + loss == pytest.approx(0)


@pytest.mark.parametrize(
    ("key", "right", "component", "scene"),
    [
        ("far", "w1", "reply", {"preset": "far"}),
        ("learn", "near", "reply", {"preset": "one_of_two", "learn": True}),
        ("small_steps", "out", "turn", {"settings": {"methods": ["gan"], "h": 0.1}}),
    ],
)
def test_an_experiment_sets_its_scene_and_then_explains(open_page, key, right, component, scene):
    app = open_page("game")
    asked = f"game.try.{key}"
    assert told(app, component)["scene"] is None
    app.radio(key=asked).set_value(right).run()
    for number in (1, 2):
        app.button(key=f"{asked}.run").click().run()
        assert told(app, component)["scene"] == {"id": number, **scene}
    assert words.translate("en", f"{asked}.explain") in texts(app)


def test_the_page_shows_the_code_that_runs_once_it_is_asked_for(open_page):
    app = open_page("game")
    assert not app.code
    app.session_state["game_fold"] = True
    reply, learn, turn = (code.value for code in app.run().code)
    assert "def optimal_discriminator(" in reply
    assert "class SmallDiscriminator" in learn
    assert "class Alternating" in turn
    assert "def eigenvalues(" in turn
