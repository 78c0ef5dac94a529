"""The page *GAN vs VAE*: its stage, its table, and the duel that it trains."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.data.images import EMBEDDED
from gan_core.engine import Job, JobState
from gan_core.metrics.evaluate import real_pictures
from gan_core.pictures import contact_sheet, to_grey
from gan_core.versus import live, shipped
from gan_core.versus.live import Duel, DuelResult, DuelSettings
from gan_core.versus.recipe import RECIPE, SIDES
from ui import duel, versus, words

FIGURES = json.loads(versus.FIGURES.read_text("utf-8"))
TINY = {"latent_dim": 3, "batch_size": 4, "seed": 5}


class Small(Duel):
    """A duel that is over soon: few pictures, a short search, the embedded digits."""

    def __init__(self, settings: DuelSettings) -> None:
        super().__init__(settings, count=40, rebuilt=5, search_steps=2)


class Cells(HTMLParser):
    """Collects the texts of all cells, line by line, and all pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines: list[list[str]] = []
        self.pictures: list[dict[str, str | None]] = []
        self._within = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.lines.append([])
        elif tag in ("td", "th"):
            self.lines[-1].append("")
            self._within = True
        elif tag == "img":
            self.pictures.append(dict(attributes))

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag not in ("td", "th")

    def handle_data(self, text: str) -> None:
        if self._within:
            self.lines[-1][-1] += text


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "Duel", Small)


@pytest.fixture
def ended(wait_until) -> Callable[[Job], DuelResult]:
    """Return how to wait for a duel's result."""

    def wait(job: Job) -> DuelResult:
        wait_until(lambda: job.frame.state == JobState.DONE)
        result: DuelResult = job.result
        return result

    return wait


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def tables(app: AppTest, name: str) -> list[Cells]:
    bodies = [element.proto.body for element in app.get("html")]
    return [Cells(body) for body in bodies if f'<div class="{name}"' in body]


def told(app: AppTest) -> dict[str, Any] | None:
    """What the job's component gets; None while there is none."""
    for element in app.get("bidi_component"):
        if element.proto.component_name == "gan_job":
            content: dict[str, Any] = json.loads(element.proto.json)
            return content
    return None


def pixels(address: str) -> np.ndarray:
    """The picture behind a ``data:`` address."""
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)))


def shown(app: AppTest, place: int) -> np.ndarray:
    """A picture of the stage as it was before it was enlarged."""
    return pixels(app.image[place].proto.imgs[0].url)[::3, ::3]


def sheet(images) -> np.ndarray:
    return contact_sheet(to_grey(images))


def job_of(app: AppTest, engine) -> Job:
    (token,) = app.session_state["visit"].jobs
    found = engine.find_job(token)
    assert found is not None
    job: Job = found[0]
    return job


def settings_of(app: AppTest, engine) -> DuelSettings:
    experiment = job_of(app, engine).experiment
    assert isinstance(experiment, Duel)
    return experiment.settings


def set_small(app: AppTest, iterations: int = 2) -> AppTest:
    """Set the controls to a duel of no time."""
    for name, value in {**TINY, "iterations": iterations}.items():
        app.number_input(key=f"duel_{name}").set_value(value)
    return app.selectbox(key="duel_dataset").select(EMBEDDED).run()


def begin(app: AppTest) -> AppTest:
    app = app.button(key="duel_begin").click().run()
    assert not app.exception
    return app


# The stage ----------------------------------------------------------------------------------


def test_before_any_click_the_shipped_pair_is_shown_beside_real_digits(open_page, language):
    app = open_page("versus", language)
    assert not app.exception
    for place, images in enumerate(shipped.samples(0).values()):
        assert np.array_equal(shown(app, place), sheet(images))
    for image, side in zip(app.image, (*SIDES, "real"), strict=False):
        assert image.captions == [say(f"versus.{side}", language)]
        assert image.proto.imgs[0].alt == say(f"versus.{side}_alt", language, count=64, seed=0)


def test_other_z_are_the_same_for_both(open_page):
    app = open_page("versus").button(key="versus_other").click().run()
    for place, images in enumerate(shipped.samples(1).values()):
        assert np.array_equal(shown(app, place), sheet(images))
    assert any(say("versus.drawn", seed=1) == one.value for one in app.caption)


def test_the_likelihoods_noise_is_the_vaes_alone(open_page, language):
    app = open_page("versus", language)
    before = [shown(app, place) for place in range(3)]
    app = app.toggle(key="versus_noisy").set_value(True).run()
    assert np.array_equal(shown(app, 0), before[0])
    assert np.array_equal(shown(app, 2), before[2])
    assert np.array_equal(shown(app, 1), sheet(shipped.samples(0, noisy=True)["vae"]))
    assert app.image[1].captions == [say("versus.noise", language, sigma=1.0)]


def test_test_digits_are_rebuilt_with_the_error_of_each(open_page, language):
    table, _ = tables(open_page("versus", language), "pictures")
    found, targets = shipped.rebuilt(0), shipped.one_of_each(0)
    assert len(table.pictures) == 30
    rows = [targets, *(found[side].pictures for side in SIDES)]
    names = [say(f"versus.row_{name}", language) for name in ("real", *SIDES)]
    for row, (images, name) in enumerate(zip(rows, names, strict=True)):
        for digit, picture in enumerate(to_grey(images)):
            cell = table.pictures[10 * row + digit]
            assert np.array_equal(pixels(cell["src"] or ""), picture)
            assert cell["alt"] == f"{name}: {digit}"
    for line, side in zip(table.lines[1:], SIDES, strict=True):
        assert line[1:] == [f"{error:.4f}" for error in found[side].errors]
        assert f"{sum(found[side].errors) / 10:.4f}" in line[0]


def test_another_set_and_another_way_are_shown(open_page, language):
    app = open_page("versus", language)
    app.number_input(key="versus_row").set_value(2).run()
    table, _ = tables(app, "pictures")
    first = pixels(table.pictures[0]["src"] or "")
    assert np.array_equal(first, to_grey(shipped.one_of_each(1))[0])
    app.selectbox(key="versus_a").select(7)
    app.selectbox(key="versus_b").select(2).run()
    _, strips = tables(app, "pictures")
    for place, (side, images) in enumerate(shipped.between(1, 7, 2).items()):
        assert strips.lines[place][0] == say(f"versus.between_{side}", language, a=7, b=2)
        for cell, picture in zip(strips.pictures[9 * place :], to_grey(images), strict=False):
            assert np.array_equal(pixels(cell["src"] or ""), picture)


# What was measured --------------------------------------------------------------------------


def numbers(cell: str) -> list[float]:
    return [
        float(found) for found in re.findall(r"-?[\d.]+", cell.replace(",", "").replace("−", "-"))
    ]


def test_the_table_shows_what_the_file_holds(open_page, language):
    (table,) = tables(open_page("versus", language), "figures")
    names = [*versus.SCORES, *versus.BEYOND]
    assert [line[0] for line in table.lines[1:]] == [
        say(f"versus.measure_{name}", language) for name in names
    ]
    for name, line in zip(names, table.lines[1:], strict=True):
        for side, cell in zip(SIDES, line[1:3], strict=True):
            spread = FIGURES["sides"][side].get(name)
            expected = [] if spread is None else [spread[end] for end in ("median", "low", "high")]
            assert numbers(cell) == pytest.approx(expected, rel=6e-3)
        for row, cell in zip(("real", "blurred"), line[3:5], strict=True):
            value = FIGURES[row].get(name)
            assert numbers(cell) == pytest.approx([] if value is None else [value], rel=6e-3)


def test_the_table_says_how_it_was_made(open_page, language):
    app = open_page("versus", language)
    assert any(
        FIGURES["command"] in one.value and FIGURES["machine"] in one.value for one in app.caption
    )
    told_of = say(
        "versus.table_lead",
        language,
        seeds=5,
        seconds=FIGURES["training_seconds"],
        count=FIGURES["count"],
        rebuilt=FIGURES["rebuilt"]["pictures"],
        blur=FIGURES["blur"],
    )
    assert told_of in texts(app)


def every(side: str, name: str) -> list[float]:
    found: list[float] = FIGURES["sides"][side][name]["seeds"]
    return found


def test_what_the_page_says_of_the_table_holds_in_every_seed():
    """The sentences of ``versus.reading_…``, one by one."""
    for name in ("precision", "density"):
        assert min(every("vae", name)) > max(every("gan", name))
    for name in ("recall", "coverage"):
        assert min(every("gan", name)) > max(every("vae", name))
    assert max(every("gan", "frechet")) < min(every("vae", "frechet"))
    real = FIGURES["real"]["sharpness"]
    assert all(abs(found - real) < 0.1 * real for found in every("gan", "sharpness"))
    assert max(every("vae", "sharpness")) < real / 2
    assert max(every("vae", "error")) < min(every("gan", "error"))
    assert max(every("vae", "searched")) < min(every("vae", "error"))
    assert max(every("gan", "iterations")) < min(every("vae", "iterations"))


def test_blurred_real_pictures_are_as_blurry_as_the_vaes_and_more_precise_than_sharp_ones():
    real, blurred = FIGURES["real"], FIGURES["blurred"]
    assert blurred["sharpness"] == pytest.approx(
        FIGURES["sides"]["vae"]["sharpness"]["median"], rel=0.05
    )
    assert blurred["precision"] > real["precision"]
    assert blurred["recall"] < real["recall"] / 4


def test_the_reading_has_the_numbers_of_the_file(open_page, language):
    said = texts(open_page("versus", language))
    for side in SIDES:
        for name in ("precision", "recall", "density", "coverage", "frechet", "sharpness"):
            assert versus.short(FIGURES["sides"][side][name]["median"]) in said
    for name in ("precision", "recall"):
        assert versus.short(FIGURES["blurred"][name]) in said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.2, "0.200"),
        (1.855, "1.86"),
        (0.01422, "0.0142"),
        (470.0, "470"),
        (105.9, "106"),
        (-765.1, "−765"),
        (4175, "4,175"),
        (-1284.7, "−1,285"),
    ],
)
def test_numbers_have_three_digits_that_count(value, text):
    assert versus.short(value) == text


# The duel -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_every_control_sets_what_it_says(open_page, engine):
    app = open_page("versus")
    chosen = {"latent_dim": 4, "batch_size": 8, "seed": 3, "iterations": 7}
    rates = {"generator_lr": 0.004, "discriminator_lr": 0.003}
    for name, value in {**chosen, **rates}.items():
        app.number_input(key=f"duel_{name}").set_value(value)
    app.slider(key="duel_sigma").set_value(0.45)
    app = begin(app.selectbox(key="duel_dataset").select(EMBEDDED).run())
    iterations = chosen.pop("iterations")
    config = RECIPE.replace(dataset=EMBEDDED, **chosen, **rates)
    assert settings_of(app, engine) == DuelSettings(config, sigma=0.45, iterations=iterations)


def test_by_default_the_duel_is_that_of_the_table(open_page, engine, monkeypatch):
    begun: list[DuelSettings] = []
    monkeypatch.setattr(duel, "begin", begun.append)
    begin(open_page("versus"))
    assert begun == [DuelSettings()]
    assert not engine.jobs()


@pytest.mark.usefixtures("small")
def test_the_component_shows_what_a_duel_tells(open_page, engine, ended, language):
    app = begin(set_small(open_page("versus", language)))
    job, content = job_of(app, engine), told(app)
    assert content is not None
    ended(job)
    assert content["token"] == job.control_token
    lines = [line["name"] for chart in content["charts"] for line in chart["lines"]]
    assert set(lines) == job.frame.curves.keys()
    assert {one["name"] for one in content["pictures"]} == job.frame.pictures.keys()
    assert len(content["charts"]) == 4
    for one in (*content["charts"], *content["pictures"]):
        assert one["alt"]
    assert content["stages"].keys() >= {"train", "search", "score"}


@pytest.mark.usefixtures("small")
def test_changed_settings_wait_for_a_new_start(open_page, engine, language):
    app = begin(set_small(open_page("versus", language), iterations=20_000))
    first = job_of(app, engine)
    assert say("versus.changed", language) not in [info.value for info in app.info]
    app.slider(key="duel_sigma").set_value(0.5).run()
    assert say("versus.changed", language) in [info.value for info in app.info]
    assert settings_of(app, engine).sigma == 1
    assert app.button(key="duel_begin").label == say("versus.again", language)
    app = begin(app)
    assert settings_of(app, engine).sigma == 0.5
    assert engine.find_job(first.control_token) is None
    assert say("versus.changed", language) not in [info.value for info in app.info]


@pytest.mark.usefixtures("small")
def test_the_end_is_told_and_kept_beside_the_next(open_page, engine, ended, language):
    app = begin(set_small(open_page("versus", language)))
    assert not tables(app, "figures")[1:]  # only what was measured before
    result = ended(job_of(app, engine))
    app = app.run()
    table = tables(app, "figures")[0]
    for name, line in zip(versus.SCORES, table.lines[1:], strict=True):
        scores = [getattr(side, name) for side in (result.gan, result.vae, result.real)]
        assert line[1:] == [versus.short(score) for score in scores]
    captions = [one.value for one in app.caption]
    assert say("versus.result_note", language, count=40, rebuilt=5) in captions
    note = {"used": result.used, "all": 3, "kl": result.bound.kl}
    assert say("versus.nats_note", language, **note) in captions
    assert say("versus.before_title", language) not in texts(app)
    (chart,) = app.get("plotly_chart")
    bars = json.loads(chart.proto.spec)["data"][0]["y"]
    assert bars == pytest.approx(sorted(result.bound.kl_per_dimension, reverse=True))

    app.slider(key="duel_sigma").set_value(0.5).run()
    app = begin(app)
    other = ended(job_of(app, engine))
    app = app.run()
    assert say("versus.before_title", language) in texts(app)
    before = tables(app, "figures")[1]
    assert [line[1] for line in before.lines[1:]] == [
        versus.short(one.bound.kl) for one in (other, result)
    ]
    assert other.gan == result.gan  # the GAN has no σ


@pytest.mark.usefixtures("small")
def test_other_data_than_asked_for_are_said(
    open_page, engine, ended, digits, monkeypatch, language
):
    monkeypatch.setattr(live, "load_images", lambda _key: replace(digits, fallback="no_network"))
    monkeypatch.setattr(live, "real_pictures", lambda _key, count: real_pictures(EMBEDDED, count))
    app = set_small(open_page("versus", language))
    app = begin(app.selectbox(key="duel_dataset").select("mnist").run())
    ended(job_of(app, engine))
    app = app.run()
    assert [one.value for one in app.warning] == [say("live.fallback_no_network", language)]
    content = told(app)
    assert content is not None
    assert content["stages"]["train_no_network"] == say("versus.stage_train_no_network", language)


@pytest.mark.usefixtures("small")
def test_whoever_watches_does_not_steer(open_page, engine, language):
    settings = DuelSettings(RECIPE.replace(dataset=EMBEDDED, **TINY), iterations=2)
    job = engine.job(Small(settings), duel.PLACE)
    app = open_page("versus", language, job=job.view_token)
    assert not app.exception
    assert say("run.watching", language) in [info.value for info in app.info]
    assert "duel_begin" not in {button.key for button in app.button}
    assert not app.slider
    content = told(app)
    assert content is not None
    assert (content["token"], content["may_steer"]) == (job.view_token, False)
    assert job.control_token not in json.dumps(content)


@pytest.mark.usefixtures("small")
def test_a_link_sets_the_controls_to_its_duel(open_page, engine):
    settings = DuelSettings(RECIPE.replace(dataset=EMBEDDED, **TINY), sigma=0.6, iterations=3)
    job = engine.job(Small(settings), duel.PLACE)
    app = open_page("versus", job=job.control_token)
    assert app.slider(key="duel_sigma").value == 0.6
    assert app.number_input(key="duel_seed").value == 5
    link = next(code.value for code in app.sidebar.code)
    assert link == f"http://gan.example/versus?lang=en&job={job.view_token}"


@pytest.mark.usefixtures("small")
def test_a_full_server_gets_a_sentence(open_page, engine, language):
    engine._max_jobs = 0
    app = begin(set_small(open_page("versus", language)))
    assert [one.value for one in app.warning] == [say("job.full", language)]
    assert told(app) is None


@pytest.mark.usefixtures("small")
def test_settings_and_the_duel_outlive_another_page(open_page, engine):
    app = begin(set_small(open_page("versus"), iterations=20_000))
    job = job_of(app, engine)
    app.slider(key="duel_sigma").set_value(0.35).run()
    app.switch_page("../pages/latent.py").run()
    app.switch_page("../pages/versus.py").run()
    for _ in range(2):
        assert app.slider(key="duel_sigma").value == 0.35
        assert job_of(app, engine) is job
        assert say("versus.changed") in [info.value for info in app.info]
        app.run()


@pytest.mark.parametrize(
    ("key", "right", "wrong", "settings"),
    [
        ("strict", "worse", "better", DuelSettings(sigma=0.3)),
        ("sheet", "both", "gan", DuelSettings(RECIPE.replace(latent_dim=2))),
        ("room", "same", "four", DuelSettings(RECIPE.replace(latent_dim=64))),
    ],
)
def test_an_experiment_begins_its_duel_and_is_explained(
    open_page, monkeypatch, language, key, right, wrong, settings
):
    begun: list[DuelSettings] = []
    monkeypatch.setattr(duel, "begin", begun.append)
    name = f"versus.try.{key}"
    app = open_page("versus", language)
    assert app.button(key=f"{name}.run").disabled
    app.radio(key=name).set_value(right).run()
    assert say(f"{name}.explain", language) not in texts(app)
    app.button(key=f"{name}.run").click().run()
    assert begun == [settings]
    assert say("lesson.predicted_right", language) in texts(app)
    assert say(f"{name}.explain", language) in texts(app)
    app.radio(key=name).set_value(wrong).run()
    assert say("lesson.predicted_else", language) in texts(app)


# The rest -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "right"), [("blur", "mean"), ("precise", "inside")])
def test_an_answer_gets_its_reason(open_page, language, key, right):
    app = open_page("versus", language)
    app.radio(key=f"versus.quiz.{key}").set_value(right).run()
    reason = say(f"versus.quiz.{key}.explain", language)
    assert f"**{say('lesson.right', language)}** {reason}" in texts(app)


def test_formulas_and_code_come_once_they_are_asked_for(open_page, language):
    app = open_page("versus", language)
    assert not app.code
    app.session_state["versus_fold"] = True
    app = app.run()
    terms, step = (code.value for code in app.code)
    for part in ("def log_likelihood(", "def kl_per_dimension(", "def terms("):
        assert part in terms
    assert "def step(self) -> VaeReport" in step
    assert words.lesson(language, "versus_formula") in texts(app)
    assert words.lesson(language, "versus_today") in texts(app)


def test_the_constant_of_the_likelihood_is_told_as_it_is(language):
    told = words.lesson(language, "versus_formula")
    assert f"{-784 / 2 * math.log(2 * math.pi):.1f}".replace("-", "−") in told


def test_the_steps_of_strictness_are_told_as_they_are(language):
    """The same error costs (1 / 0.3)² times as much."""
    asked = say("versus.try.strict.question", language)
    assert "0.3" in asked
    assert {"en": "eleven times", "zh": "十一倍"}[language] in asked
    assert round(1 / 0.3**2) == 11
