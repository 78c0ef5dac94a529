"""Comparing two runs on the pages that train, and what any other page needs for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import PRESETS, TrainConfig
from gan_core.engine import CHANGEABLE, Pair, RunState
from gan_core.points.presets import POINT_PRESETS
from ui import twins, words

DIGITS = {"dataset": "digits", "model": "dcgan", "latent_dim": "3", "batch_size": "4"}
POINTS = {"dataset": "eight_soft", "width": "4", "layers": "1", "batch_size": "8"}
# The page, its recipe, and where the session keeps its run.
PLACES = [("train", DIGITS, "run"), ("playground", POINTS, "points")]


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def told(app: AppTest, name: str = "gan_twins") -> dict[str, Any]:
    """Return what a page's component gets."""
    (component,) = [
        element.proto
        for element in app.get("bidi_component")
        if element.proto.component_name == name
    ]
    content: dict[str, Any] = json.loads(component.json)
    return content


def components(app: AppTest) -> set[str]:
    return {element.proto.component_name for element in app.get("bidi_component")}


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def pair_of(app: AppTest, engine) -> Pair:
    found = engine.find_pair(app.session_state["visit"].twin)
    assert found is not None
    return found[0]


@pytest.fixture
def opened(open_page, engine, wait_until):
    """Return how to open a page that trains, with the section for comparing open."""

    def open_it(page: str, query: dict[str, str], place: str, language: str = "en") -> AppTest:
        app = open_page(page, language, **query)
        run = engine.find(getattr(app.session_state["visit"], place))[0]
        wait_until(lambda: run.frame.state == RunState.PAUSED)
        app.session_state[f"compare_{place}"] = True
        return app.run()

    return open_it


def start(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


# Offering ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_nothing_of_it_is_drawn_before_the_section_is_opened(open_page, page, query, place):
    app = open_page(page, **query)
    assert say("compare.lead") not in texts(app)
    assert "twin_setting" not in [box.key for box in app.selectbox]
    assert app.session_state["visit"].twin is None
    assert place in app.query_params


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_the_section_says_what_will_happen(opened, language, page, query, place):
    app = opened(page, query, place, language)
    assert not app.exception
    assert say("compare.lead", language) in texts(app)
    assert app.selectbox(key="twin_setting").value == "discriminator_lr"
    assert say("field.discriminator_lr", language) in texts(app)
    assert not app.button(key="twin_fork").disabled


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_every_setting_offered_can_be_chosen(opened, page, query, place):
    app = opened(page, query, place)
    for name in twins.settings_here(place):
        app.selectbox(key="twin_setting").select(name).run()
        assert not app.exception
        assert not app.error
        assert app.button(key="twin_fork").disabled == (name not in CHANGEABLE)
        assert not app.button(key="twin_begin").disabled


@pytest.mark.parametrize(
    ("place", "config"),
    [("run", PRESETS["lesson"]), ("run", PRESETS["fast"])]
    + [("points", config) for config in POINT_PRESETS.values()],
)
def test_what_is_suggested_is_another_value_in_range(place, config):
    for name in twins.settings_here(place):
        value = twins.suggested(config, name)
        assert value != getattr(config, name)
        assert type(value) is type(getattr(config, name))
        config.replace(**{name: value})


def test_with_classes_and_without_can_be_compared(opened, engine, language):
    app = opened(*PLACES[0], language)
    app.selectbox(key="twin_setting").select("conditional").run()
    assert app.button(key="twin_fork").disabled
    pair = pair_of(start(app, "twin_begin"), engine)
    assert [run.config.conditional for run in pair.runs] == ["off", "on"]
    (change,) = told(app)["changes"]
    assert change["label"] == say("field.conditional", language)


def test_points_are_told_no_classes():
    assert "conditional" not in twins.settings_here("points")


def test_the_same_value_is_no_comparison(opened):
    app = opened(*PLACES[1])
    app.selectbox(key="twin_setting").select("loss").run()
    (box,) = [box for box in app.selectbox if str(box.key).startswith("twin_value_loss")]
    box.select("relativistic").run()
    assert say("compare.same") in texts(app)
    assert "twin_fork" not in [button.key for button in app.button]


# Comparing --------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_a_fork_takes_the_place_of_the_stage(opened, engine, language, page, query, place):
    app = start(opened(page, query, place, language), "twin_fork")
    pair = pair_of(app, engine)
    assert pair.place == place
    assert pair.is_fork
    assert pair.a is engine.find(getattr(app.session_state["visit"], place))[0]
    rate = pair.a.config.discriminator_lr
    assert pair.b.config == pair.a.config.replace(discriminator_lr=10 * rate)
    given = told(app)
    assert (given["token"], given["may_steer"]) == (pair.control_token, True)
    label = say("field.discriminator_lr", language)
    assert given["changes"] == [{"label": label, "a": f"{rate:g}", "b": f"{10 * rate:g}"}]
    assert given["a"]["title"] == f"{label} {rate:g}"
    assert given["words"] == {
        **words.section(language, "live"),
        **words.section(language, "plane"),
        **words.section(language, "twins"),
    }
    assert given["kind"] == ("points" if place == "points" else "pictures")
    assert not {"gan_live", "gan_playground"} & components(app)
    assert app.query_params["twin"] == pair.control_token


def test_the_components_words_do_not_hide_each_other():
    sections = [words.section("en", name) for name in ("live", "plane", "twins")]
    assert len(set().union(*sections)) == sum(len(section) for section in sections)


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_both_from_the_beginning_leave_the_page_its_run(opened, engine, page, query, place):
    app = opened(page, query, place)
    app.selectbox(key="twin_setting").select("latent_dim").run()
    own = engine.find(getattr(app.session_state["visit"], place))[0]
    start(app, "twin_begin")
    pair = pair_of(app, engine)
    assert not pair.is_fork
    assert engine.runs() == [own, *pair.runs]
    assert pair.a.config.latent_dim != pair.b.config.latent_dim
    start(app, "twin_close")
    assert engine.runs() == [own]
    assert "twin" not in app.query_params
    assert {"gan_live", "gan_playground"} & components(app)


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("how", ["twin_fork", "twin_begin"])
def test_one_of_them_is_kept_as_the_run_of_the_page(opened, engine, name, how):
    app = start(opened(*PLACES[1]), how)
    kept = getattr(pair_of(app, engine), name)
    start(app, f"twin_keep_{name}")
    assert engine.runs() == [kept]
    assert app.session_state["visit"].points == app.query_params["points"] == kept.control_token
    assert "twin" not in app.query_params
    assert app.number_input(key="point_setting_discriminator_lr").value == pytest.approx(
        kept.config.discriminator_lr
    )


def test_the_settings_wait_while_two_are_compared(opened):
    app = start(opened(*PLACES[0]), "twin_fork")
    app.number_input(key="setting_seed").set_value(5).run()
    assert say("run.changed") not in texts(app)
    start(app, "twin_close")
    assert say("run.changed") in texts(app)


def test_an_experiment_ends_the_comparison(opened, engine):
    app = start(opened(*PLACES[0]), "twin_fork")
    app.radio(key="train.try.judge_alone").set_value("falls").run()
    start(app, "train.try.judge_alone.run")
    assert app.session_state["visit"].twin is None
    assert "gan_live" in components(app)
    assert len(engine.runs()) == 1


def test_a_new_comparison_ends_the_last(opened, engine):
    app = start(opened(*PLACES[0]), "twin_fork")
    first = pair_of(app, engine)
    app.switch_page("../pages/playground.py").run()
    assert "gan_playground" in components(app)  # it belongs to the other page
    app.session_state["compare_points"] = True
    start(app.run(), "twin_fork")
    assert engine.find_pair(first.control_token) is None
    assert first.a in engine.runs()
    assert first.b not in engine.runs()


def test_a_server_without_room_says_so_and_keeps_the_stage(opened, engine):
    app = opened(*PLACES[1])
    engine._max_runs = 1
    start(app, "twin_fork")
    assert say("run.full") in [warning.value for warning in app.warning]
    assert app.session_state["visit"].twin is None
    assert len(engine.runs()) == 1


# Links ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_a_reload_shows_the_same_pair(opened, open_page, engine, page, query, place):
    before = start(opened(page, query, place), "twin_fork")
    pair = pair_of(before, engine)
    token = getattr(before.session_state["visit"], place)
    app = open_page(page, **{place: token, "twin": pair.control_token})
    assert told(app)["token"] == pair.control_token
    assert len(engine.runs()) == 2


@pytest.mark.parametrize(("page", "query", "place"), PLACES)
def test_the_link_to_share_shows_both_and_does_not_steer(
    opened, open_page, engine, page, query, place
):
    before = start(opened(page, query, place), "twin_fork")
    pair = pair_of(before, engine)
    link = before.sidebar.code[0].value
    assert link == f"http://gan.example/{page}?lang=en&twin={pair.view_token}"
    app = open_page(page, twin=pair.view_token)
    assert not app.exception
    assert say("run.watching") in [info.value for info in app.info]
    assert (told(app)["token"], told(app)["may_steer"]) == (pair.view_token, False)
    assert pair.control_token not in str(told(app)) + str(app.query_params)
    assert "twin_close" not in [button.key for button in app.button]
    assert len(engine.runs()) == 2  # whoever watches needs no run


def test_whoever_watches_cannot_end_it(opened, open_page, engine):
    pair = pair_of(start(opened(*PLACES[1]), "twin_fork"), engine)
    app = open_page("playground", twin=pair.view_token)
    app.session_state["visit"].language = "en"
    app.run()
    assert engine.find_pair(pair.view_token) == (pair, False)


def test_a_link_alone_that_may_steer_has_its_buttons(opened, open_page, engine):
    pair = pair_of(start(opened(*PLACES[1]), "twin_fork"), engine)
    app = open_page("playground", twin=pair.control_token)
    start(app, "twin_keep_b")
    assert engine.runs() == [pair.b]


def test_a_pair_that_is_gone_gets_a_sentence_and_the_page_its_stage(open_page, language):
    app = open_page("playground", language, twin="no-such-pair", **POINTS)
    assert say("compare.gone", language) in [info.value for info in app.info]
    assert "gan_playground" in components(app)
    assert "twin" not in app.query_params


# What any page may do ---------------------------------------------------------------------

SICK = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=8, width=4, layers=1
)


@pytest.fixture
def at_home(monkeypatch, engine):
    """A visitor outside any page."""
    from ui.state import Visit

    assert engine is not None
    visitor = Visit()
    for module in (twins, twins.runs):
        monkeypatch.setattr(module, "visit", lambda: visitor)
        monkeypatch.setattr(module, "write_url", lambda: None)
    return visitor


def test_a_page_begins_two_recipes_and_finds_them_again(at_home, engine):
    pair = twins.begin(SICK, SICK.replace(loss="hinge"), "clinic")
    assert at_home.twin == pair.control_token
    assert twins.find("clinic") == twins.Found(pair, may_steer=True)
    assert twins.find("points") is None
    twins.end()
    assert twins.find("clinic") is None
    assert engine.runs() == []


def test_a_page_forks_a_run_of_its_own(at_home, engine, wait_until):
    run = engine.start(SICK)
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    pair = twins.fork(run, {"r1": 0.5}, "clinic")
    assert (pair.a, pair.b.config.r1) == (run, 0.5)
    twins.end(keep=pair.b)
    assert engine.runs() == [pair.b]
    assert at_home.twin is None


def test_values_are_told_in_the_readers_words(speak, language):
    speak(language)
    config = SICK.replace(discriminator_lr=2e-5)
    assert twins.worded(config, "loss") == say("option.non_saturating", language)
    assert twins.worded(config, "discriminator_lr") == "2e-5"
    assert twins.worded(config, "width") == "4"
