"""The page *Playground*: what its component gets, its settings, its experiments, its code."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from gan_core.config import OWN_POINTS, POINT_KEYS, TrainConfig
from gan_core.engine import Run
from gan_core.moments import MOMENT_KINDS
from gan_core.points.presets import POINT_PRESETS
from gan_core.points.sets import PointData
from ui import playground, points_route, words
from ui.live import BROWSER
from ui.point_settings import FIRST
from ui.runs import Seat

SMALL = {"dataset": "eight_soft", "width": "4", "layers": "1", "batch_size": "8"}
KEY = "point_setting_"
BARE = {"r1": 0.0, "r2": 0.0, "ema_decay": 0.0}
SLOT = re.compile(r"@(\w+)")
SLOW = BROWSER / "playground" / "slow.js"


def told(app: AppTest) -> dict[str, Any]:
    """Return what the page's component gets."""
    (component,) = [
        element.proto
        for element in app.get("bidi_component")
        if element.proto.component_name == "gan_playground"
    ]
    content: dict[str, Any] = json.loads(component.json)
    return content


def run_of(app: AppTest, engine) -> Run:
    found = engine.find(app.session_state["visit"].points)
    assert found is not None
    return found[0]


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_the_component_gets_its_own_words_and_those_of_the_live_view(open_page, language):
    given = told(open_page("playground", language, **SMALL))["words"]
    assert given == words.section(language, "live") | words.section(language, "plane")


def test_no_word_of_the_component_hides_one_of_the_live_view():
    assert not words.section("en", "live").keys() & words.section("en", "plane").keys()


def test_the_url_sets_the_recipe(open_page, engine):
    app = open_page("playground", **SMALL)
    asked = run_of(app, engine).asked
    assert (asked.model, asked.dataset, asked.width, asked.layers) == ("points", "eight_soft", 4, 1)
    assert app.selectbox(key=KEY + "dataset").value == "eight_soft"
    assert app.number_input(key=KEY + "width").value == 4


@pytest.mark.parametrize("query", [{"dataset": "mnist"}, {"model": "mlp"}, {"dataset": "own"}])
def test_what_other_pages_have_is_ignored_with_a_sentence(open_page, engine, query):
    app = open_page("playground", **{**SMALL, **query})
    (name,) = query
    assert words.translate("en", f"field.{name}") in app.warning[0].value
    assert run_of(app, engine).asked.model == "points"


def test_a_digits_page_ignores_point_sets(open_page):
    app = open_page("train", dataset="spiral", model="dcgan", latent_dim="3", batch_size="4")
    assert words.translate("en", "field.dataset") in app.warning[0].value
    assert not app.exception


@pytest.mark.parametrize("key", POINT_KEYS)
def test_other_data_come_with_the_settings_that_work_for_them(open_page, key):
    app = open_page("playground", **SMALL)
    if key == SMALL["dataset"]:
        app.selectbox(key=KEY + "dataset").select("line").run()
    app.selectbox(key=KEY + "dataset").select(key).run()
    shown = {name: app.session_state[KEY + name] for name in TrainConfig().to_dict()}
    assert TrainConfig.from_dict(shown) == POINT_PRESETS[key]
    assert words.translate("en", "run.changed") in texts(app)


def test_a_preset_states_its_goal_and_other_settings_none(open_page, language):
    app = open_page("playground", language, dataset="grid", loss="hinge")
    assert told(app)["goal"] == ""
    app = open_page("playground", language, dataset="grid", seed="3")
    figures = playground.measured()["grid"]
    assert told(app)["goal"].startswith(words.translate(language, "goal.modes", modes=25))
    assert f"{figures['passed']}" in told(app)["goal"]
    assert f"{figures['iterations']:,}" in told(app)["goal"]


@pytest.mark.parametrize("key", POINT_KEYS)
def test_the_figures_are_those_of_the_recipe(key):
    figures = playground.measured()[key]
    assert figures["iterations"] == POINT_PRESETS[key].lr_decay_moves
    assert len(figures["seconds"]) == len(figures["js_bits"]) == 10


def test_nobody_moves_gets_a_sentence_and_no_run(open_page, engine):
    app = open_page("playground", **SMALL)
    before = run_of(app, engine).asked
    app.number_input(key=KEY + "discriminator_steps").set_value(0)
    app.number_input(key=KEY + "generator_steps").set_value(0).run()
    assert len(app.error) == 1
    assert not app.exception
    assert run_of(app, engine).asked == before
    assert words.translate("en", "run.changed") not in texts(app)


def test_a_batch_that_leaves_a_rest_of_a_pack_gets_a_sentence_and_no_run(open_page, engine):
    app = open_page("playground", **SMALL)
    before = run_of(app, engine).asked
    app.number_input(key=KEY + "packing").set_value(3).run()
    assert len(app.error) == 1
    assert not app.exception
    assert run_of(app, engine).asked == before
    app.number_input(key=KEY + "packing").set_value(4).run()
    assert not app.error


def test_the_url_sets_every_remedy(open_page, engine):
    remedies = {
        "instance_noise": 0.5,
        "instance_noise_moves": 100,
        "packing": 2,
        "minibatch_stddev": "on",
        "unrolled_steps": 3,
        "batch_norm": "on",
        "examples": 50,
    }
    app = open_page("playground", **SMALL, **{name: str(v) for name, v in remedies.items()})
    asked = run_of(app, engine).asked
    assert {name: getattr(asked, name) for name in remedies} == remedies
    assert not app.warning


def test_points_are_not_offered_what_is_about_pictures(open_page):
    app = open_page("playground", **SMALL)
    keys = {box.key for box in app.selectbox}
    assert KEY + "batch_norm" in keys
    assert not keys & {KEY + "diff_augment", KEY + "conditional"}


def test_the_two_trainings_have_runs_of_their_own(open_page):
    app = open_page("playground", **SMALL)
    assert app.session_state["visit"].run is None
    points = app.session_state["visit"].points
    assert app.query_params["points"] == points
    app.switch_page("../pages/losses.py").run()
    app.switch_page("../pages/playground.py").run()
    assert app.session_state["visit"].points == points
    assert app.number_input(key=KEY + "width").value == 4


def test_the_link_of_a_digits_run_is_no_link_here(open_page, engine, tiny_config):
    run = engine.start(tiny_config)
    app = open_page("playground", points=run.control_token, **SMALL)
    assert app.info[0].value == words.translate("en", "run.gone")
    assert run_of(app, engine) is not run


def test_whoever_watches_gets_no_controls(open_page, engine):
    run = engine.start(POINT_PRESETS[FIRST].replace(width=4, layers=1, batch_size=8))
    app = open_page("playground", points=run.view_token)
    assert told(app)["token"] == run.view_token
    assert not told(app)["may_steer"]
    assert not app.selectbox


@pytest.mark.parametrize(
    ("key", "right", "asked", "layer"),
    [
        ("best_d", "best", {"loss": "non_saturating", **BARE}, "best"),
        ("silent", "gone", {"loss": "minimax", **BARE}, "arrows"),
        ("thread", "bridges", {"latent_dim": 1}, "sheet"),
    ],
)
def test_an_experiment_sets_its_scene_and_then_explains(
    open_page, monkeypatch, key, right, asked, layer
):
    started: list[TrainConfig] = []
    moves: list[int] = []
    monkeypatch.setattr(Run, "restart", lambda _run, config: started.append(config))
    for verb in ("step", "step_discriminator"):
        monkeypatch.setattr(Run, verb, lambda _run, count: moves.append(count))
    app = open_page("playground", **SMALL)
    app.radio(key=f"playground.try.{key}").set_value(right).run()
    app.button(key=f"playground.try.{key}.run").click().run()
    assert started == [POINT_PRESETS["eight_soft"].replace(**asked)]
    assert max(moves) >= 300
    assert layer in told(app)["scene"]["layers"]
    assert words.translate("en", f"playground.try.{key}.explain") in texts(app)


# Slow motion ----------------------------------------------------------------------------


def test_every_micro_step_has_its_formula_and_its_code(open_page):
    steps = told(open_page("playground", **SMALL))["slow"]
    assert steps.keys() == {f"{player}_{kind}" for player in "dg" for kind in MOMENT_KINDS}
    assert all(step["mathml"].startswith("<math") for step in steps.values())


def test_the_code_of_a_micro_step_is_what_the_trainer_runs():
    code = playground.micro_code()
    assert code["d_sample"].splitlines()[-1] == "self._noise = self._draw_noise()"
    assert "self.generator(self._noise)" in code["d_generate"]
    assert "self._judge(self.discriminator, real=real, fake=fake)" in code["d_judge"]
    assert "self.loss.discriminator_terms(real=judged.on_real" in code["d_loss"]
    assert "penalty(judged) for penalty in self.penalties" in code["d_loss"]
    assert code["d_loss"].endswith("loss = sum(terms[1:], terms[0])")
    assert code["d_gradient"].endswith("loss.backward(inputs=weights)")
    assert "self.discriminator_optimizer.step()" in code["d_move"]
    assert "judge(self._shown(fake), *self._classes_of_fake())" in code["g_judge"]
    assert code["g_gradient"].endswith("loss.backward(inputs=weights)")
    assert "self.generator_optimizer.step()" in code["g_move"]
    assert not any("glass" in lines for lines in code.values())


def test_the_browser_fills_every_slot_of_the_formulas():
    slots = {slot for latex in playground._FORMULAS.values() for slot in SLOT.findall(latex)}
    filled = set(re.findall(r"\b(\w+):", SLOW.read_text("utf-8")))
    pairs = {f"{stem}_{axis}" for stem in ("x", "z", "fake", "after") for axis in (1, 2)}
    assert slots - pairs <= filled


# Own points -----------------------------------------------------------------------------


def test_own_points_start_the_run_again(engine, monkeypatch):
    run = engine.start(POINT_PRESETS[FIRST].replace(width=4, layers=1, batch_size=8))
    data = PointData(OWN_POINTS, torch.rand(20, 2), None)
    name = points_route.drawer().put(data)
    hear(monkeypatch, name)
    playground._train_on_own(Seat(run, may_steer=True, place="points"))
    assert run.asked.dataset == OWN_POINTS
    assert run.asked.width == 4


def test_own_points_that_are_gone_get_a_sentence(engine, monkeypatch, speak):
    speak("en")
    run = engine.start(POINT_PRESETS[FIRST])
    said: list[str] = []
    monkeypatch.setattr(st, "warning", said.append)
    hear(monkeypatch, "nothing")
    playground._train_on_own(Seat(run, may_steer=True, place="points"))
    assert said == [words.translate("en", "playground.own_gone")]
    assert run.asked == POINT_PRESETS[FIRST]


def hear(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the component have told of own points."""
    monkeypatch.setitem(st.session_state, playground.KEY, SimpleNamespace(own=name))


def test_the_page_shows_the_code_that_runs_once_it_is_asked_for(open_page):
    app = open_page("playground", **SMALL)
    assert not app.code or all("def " not in code.value for code in app.code)
    app.session_state["playground_fold"] = True
    shown = "\n".join(code.value for code in app.run().code)
    assert "def measure(" in shown
    assert "def _move_generator(" in shown
