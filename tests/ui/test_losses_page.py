"""The page *Losses*: what it gives the lab, what it links to, and that links are followed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import TrainConfig
from gan_core.losses import CLIPPED_WGAN, LOSSES
from gan_core.points.rotation import ROTATING, TRIED
from ui import losses, settings, words
from ui.lessons import PAGES
from ui.words import ASSETS

SMALL = {"dataset": "digits", "model": "dcgan", "latent_dim": "3", "batch_size": "4"}
EVERY_LOSS = pytest.mark.parametrize("key", LOSSES)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


@pytest.fixture
def described(speak) -> dict[str, dict]:
    speak(words.DEFAULT)
    return {loss["key"]: loss for loss in losses._losses()}


# What the lab gets -------------------------------------------------------------------------


def test_the_lab_lists_the_registry(described):
    assert list(described) == list(LOSSES)
    assert losses._measured()["curves"].keys() == LOSSES.keys()


def test_all_that_the_lab_gets_is_json_without_infinities(described):
    text = json.dumps([described, losses._measured()], allow_nan=False)
    assert len(text) < 200_000  # it travels with every change of the page


@EVERY_LOSS
def test_a_loss_comes_with_formulas_source_and_settings(described, key):
    loss = described[key]
    assert all(loss["formulas"][player].startswith("<math") for player in "dg")
    assert loss["source"]
    assert len(loss["recommended"]) == len(LOSSES[key].recommended)
    assert loss["probability"] == (LOSSES[key].verdict_range is not None)


@EVERY_LOSS
def test_a_loss_comes_with_its_values_at_equilibrium(described, key):
    told = described[key]["equilibrium"]
    assert told["d"]["value"] == LOSSES[key].discriminator_at_equilibrium
    g_value = LOSSES[key].generator_at_equilibrium
    assert (told["g"] or {"value": None})["value"] == g_value


def test_the_snaps_stand_at_the_ratios_1_9_99_999():
    measured = losses._measured()
    found = {stop["verdict"]: measured["ratio"][stop["index"]] for stop in measured["stops"]}
    assert [found[verdict] for verdict in (0.5, 0.1, 0.01, 0.001)] == pytest.approx([1, 9, 99, 999])
    for stop in measured["stops"]:
        assert measured["probability"][stop["index"]] == pytest.approx(stop["verdict"])


def test_no_formula_is_computed_in_the_browser():
    """The lab only looks numbers up; Math is for places on the screen."""
    for path in _scripts():
        used = path.read_text("utf-8")
        assert not [name for name in ("Math.exp", "Math.log", "Math.tanh") if name in used]


def _scripts() -> list[Path]:
    folder = PAGES.parent / "ui" / "browser"
    return [folder / "losses.js", *sorted(folder.glob("loss_*.js"))]


# The page ----------------------------------------------------------------------------------


@pytest.fixture
def unfolded(open_page) -> AppTest:
    """Return the page with all that opens open."""
    app = open_page("losses")
    app.session_state["losses_fold"] = app.session_state["remedies_fold"] = True
    app.run()
    assert not app.exception
    return app


def test_the_page_draws_formulas_and_code_when_they_are_asked_for(open_page):
    app = open_page("losses")
    assert not app.exception
    assert [folded.label for folded in app.expander] == [
        f"**{words.translate('en', f'losses.{key}_title')}**" for key in ("formula", "remedies")
    ]
    assert not app.get("page_link")
    assert not app.code


def test_the_page_has_links_for_every_loss_and_remedy(unfolded):
    links = unfolded.get("page_link")
    wanted = [loss.recommended for loss in LOSSES.values()]
    remedies = [*losses._remedies(), *losses._against_collapse()]
    assert len(links) == len(wanted) + len(remedies)


def test_the_page_shows_the_code_that_runs(unfolded):
    shown = "\n".join(code.value for code in unfolded.code)
    for loss in LOSSES.values():
        assert f"class {type(loss).__name__}" in shown
    for name in ("_move_discriminator", "_move_generator", "clip_weights", "class GradientPenalty"):
        assert name in shown


@pytest.mark.parametrize(
    ("key", "right", "scene"),
    [
        ("sure", "minimax", {"losses": losses.FIRST, "logit": (0.0, -6.91)}),
        (
            "too_good",
            "back",
            {"losses": ("least_squares", "non_saturating", "hinge"), "logit": (0.0, 3.0)},
        ),
        ("lines", "w1", {"theta": (2.0, 0.1)}),
    ],
)
def test_an_experiment_sets_its_scene_and_then_explains(open_page, key, right, scene):
    app = open_page("losses")
    words_of = f"losses.try.{key}"
    app.radio(key=words_of).set_value(right).run()
    assert words.translate("en", f"{words_of}.explain") not in texts(app)
    app.button(key=f"{words_of}.run").click().run()
    told = app.session_state["visit"].scenes["losses"]
    assert (told.number, told.settings) == (1, scene)
    assert words.translate("en", f"{words_of}.explain") in texts(app)
    app.button(key=f"{words_of}.run").click().run()
    assert app.session_state["visit"].scenes["losses"].number == 2


def test_the_explanations_tell_measured_numbers():
    measured = losses._measured()
    at = min(range(len(measured["logits"])), key=lambda i: abs(measured["logits"][i] - 3))
    slopes = {key: measured["curves"][key]["generator"]["slopes"][at] for key in LOSSES}
    assert slopes["least_squares"] == pytest.approx(2)
    assert slopes["non_saturating"] == pytest.approx(-0.047, abs=5e-4)
    assert slopes["hinge"] == -1


def test_the_words_of_the_lab_have_plain_placeholders():
    for text in words.section("en", "loss_lab").values():
        assert text.format_map(_Anything())


class _Anything(dict):
    def __missing__(self, key: str) -> str:
        return key


# Remedies ----------------------------------------------------------------------------------


def test_every_remedy_is_recommended_by_somebody():
    for remedy in losses._remedies():
        loss, recommended = losses._recommending(remedy.key)
        assert remedy.key in recommended
        assert TrainConfig.from_dict({"loss": loss, **recommended})
    assert losses._recommending("weight_clip") == ("wasserstein", CLIPPED_WGAN)


def test_every_remedy_against_collapse_opens_the_ring_with_it(open_page, engine, unfolded):
    """The playground makes of the link exactly the game that was measured."""
    links = [link.proto for link in unfolded.get("page_link")]
    for remedy in losses._against_collapse():
        label = words.translate("en", "losses.train_remedy", remedy=_name(remedy.key))
        (link,) = [one for one in links if one.label == label]
        query = dict(parse_qsl(link.query_string))
        app = open_page("playground", **query)
        assert not app.warning
        asked = engine.find(app.session_state["visit"].points)[0].asked
        assert asked == ROTATING.replace(**{remedy.key: TRIED[remedy.key]})


def _name(key: str) -> str:
    return words.translate("en", f"field.{key}")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("Lim & Ye 2017, arXiv:1705.02894; SNGAN", "https://arxiv.org/abs/1705.02894"),
        ("Goodfellow 2014, section 3", None),
    ],
)
def test_a_source_with_an_arxiv_number_is_a_link(source, address):
    assert losses._address(source) == address


# Train with this ---------------------------------------------------------------------------


@EVERY_LOSS
def test_a_link_names_exactly_the_recommended_settings(speak, key):
    speak(words.DEFAULT)
    asked, problems = settings.from_query(losses._query(key, LOSSES[key].recommended))
    assert problems == []
    assert asked == TrainConfig(loss=key, **LOSSES[key].recommended)


def test_a_link_sets_the_settings_of_a_visitor_who_has_been_there(open_page):
    app = open_page("train", **SMALL)
    app.number_input(key="setting_seed").set_value(5).run()
    for key in ("hinge", "relativistic"):
        _follow(app, losses._query(key, LOSSES[key].recommended) | SMALL)
        assert not app.exception
        shown = {name: app.session_state[f"setting_{name}"] for name in LOSSES[key].recommended}
        assert shown == LOSSES[key].recommended
        assert app.session_state["setting_loss"] == key
        assert app.session_state["setting_seed"] == 0
        assert words.translate("en", "run.apply") in [button.label for button in app.button]


def test_what_a_link_asked_for_can_be_changed_afterwards(open_page):
    app = open_page("train", **SMALL)
    _follow(app, losses._query("hinge", LOSSES["hinge"].recommended) | SMALL)
    app.number_input(key="setting_discriminator_steps").set_value(2).run()
    assert app.session_state["setting_discriminator_steps"] == 2
    app.switch_page("../pages/losses.py").run()
    app.switch_page("../pages/train.py").run()
    assert app.session_state["setting_discriminator_steps"] == 2
    assert "loss" not in app.query_params


def test_a_first_visit_by_a_link_trains_with_it(open_page, engine):
    query = losses._query("relativistic", LOSSES["relativistic"].recommended) | SMALL
    app = open_page("train", **query)
    found = engine.find(app.session_state["visit"].run)
    assert found is not None
    asked = found[0].asked
    assert (asked.loss, asked.r1, asked.r2) == ("relativistic", 1.0, 1.0)


def _follow(app: AppTest, query: dict[str, str]) -> None:
    """Come from the page *Losses* by one of its links."""
    app.switch_page("../pages/losses.py").run()
    app.switch_page("../pages/train.py")
    app.query_params = {"lang": "en", **query}
    app.run()
    assert urlencode(query) not in urlencode(app.query_params)


# The prose ---------------------------------------------------------------------------------


def test_the_prose_tells_the_ratios_that_the_core_measures():
    prose = (ASSETS / "lessons" / "en" / "losses_formula.md").read_text("utf-8")
    for verdict, ratio in ((0.5, 1), (0.1, 9), (0.01, 99), (0.001, 999)):
        assert f"{verdict:g}".lstrip("0") in prose
        assert f"{ratio} : 1" in prose
        assert math.isclose((1 - verdict) / verdict, ratio, rel_tol=1e-9)
