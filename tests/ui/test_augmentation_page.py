"""The page *Data augmentation*: the measured table, a cell that is run, and what is kept of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.augmentation import ARMS, CellSettings, mean_of
from gan_core.augmentation import experiment as experiment_module
from gan_core.augmentation.figures import figures
from gan_core.data import ImageSet
from gan_core.data.parts import apart
from gan_core.engine import EngineFull, JobState
from gan_core.engine.job import ENDED
from ui import augmentation, words

N, ARMS_KEY, SEED = "augmentation_n", "augmentation_arms", "augmentation_seed"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, digits: ImageSet) -> None:
    """Let cells be quick, on digits that are at hand."""
    train, test = apart(digits)
    sides = {True: train, False: ImageSet("digits", test.images[:50], test.labels[:50])}

    def load(_data: object = None) -> tuple[ImageSet, ImageSet]:
        return replace(sides[True], key="mnist"), replace(sides[False], key="mnist")

    monkeypatch.setattr(experiment_module, "parted", load)


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def texts(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.info, *app.warning, *app.subheader]
    return "\n".join(element.value for element in elements)


def tables(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def job_data(app: AppTest) -> dict | None:
    found = [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name.endswith("gan_job")
    ]
    return found[0] if found else None


def quickly(app: AppTest) -> AppTest:
    """Set a cell that ends soon."""
    app.number_input(key="augmentation_gan_iterations").set_value(2)
    app.number_input(key="augmentation_classifier_steps").set_value(3)
    app.number_input(key="augmentation_generated").set_value(10)
    return app.run()


@pytest.fixture
def ended(engine, wait_until) -> Callable[[AppTest], AppTest]:
    """Wait for the visitor's cell, and draw the page again, as the browser asks for."""

    def wait(app: AppTest) -> AppTest:
        (token,) = app.session_state["visit"].jobs
        job, _ = engine.find_job(token)
        wait_until(lambda: job.frame.state in ENDED)
        assert job.frame.state == JobState.DONE, job.frame.reason
        return app.run()

    return wait


def press(app: AppTest) -> AppTest:
    return app.button(key="augmentation_run").click().run()


# What was measured ------------------------------------------------------------------------


def test_the_measured_table_is_told_as_it_is(open_page, language):
    app = open_page("augmentation", language)
    assert not app.exception
    found = figures(augmentation.FIGURES)
    told = texts(app)
    assert say("augmentation.lead", language, seeds=min(found.seeds.values())) in told
    for arm in ARMS:
        if arm == "real":
            continue
        line = next(
            element.value
            for element in app.markdown
            if element.value.startswith(f"- **{say(f'augmentation.arm_{arm}', language)}**")
        )
        for n, row in found.rows.items():
            sign = augmentation.SIGNS[row[arm].over_real.verdict]
            part = next(p for p in re.split("[;；]", line) if sign in p)
            assert str(n) in re.findall(r"\d+", part)


def test_the_numbers_behind_the_charts_are_those_of_the_file(open_page, language):
    app = open_page("augmentation", language)
    app.session_state["augmentation_numbers"] = True
    app.run()
    shown = tables(app)
    for row in figures(augmentation.FIGURES).rows.values():
        for arm in ARMS:
            assert f"{100 * row[arm].mean:.1f} ± " in shown
    assert "python -m benchmarks.augmentation --write" in texts(app)


def test_the_formula_and_the_code_open(open_page, language):
    app = open_page("augmentation", language)
    app.session_state["augmentation_fold"] = True
    app.run()
    assert not app.exception
    prose = words.lesson(language, "augmentation_formula").strip()
    assert prose in [one.value.strip() for one in app.markdown]
    assert "def difference(" in "".join(code.value for code in app.code)


def test_what_the_page_says_of_the_seeds_is_so():
    """The explanations say "in every seed"; the file has each."""
    cells = json.loads(augmentation.FIGURES.read_text("utf-8"))["cells"]

    def always(n: str, one: str, other: str) -> bool:
        return all(seed[one] > seed[other] for seed in cells[n].values())

    assert all(len(seeds) == 10 for seeds in cells.values())
    assert all(always(n, "affine", "gan") and always(n, "real", "generated") for n in cells)
    assert always("5", "real", "gan")
    assert always("20", "gan", "real")
    rows = figures(augmentation.FIGURES).rows
    gains = {n: row["gan"].over_real.mean for n, row in rows.items()}
    assert max(gains, key=lambda n: gains[n]) == 20
    on_top = [one.over_affine for row in rows.values() for one in row.values() if one.over_affine]
    assert {gain.verdict for gain in on_top} == {"no_difference", "hurts"}
    assert all(always(n, "generated_diff", "generated") for n in ("5", "10"))
    assert all(always(n, "generated", "generated_diff") for n in ("20", "50", "100"))


# A cell -------------------------------------------------------------------------------------


def test_a_cell_is_run_and_told(open_page, ended, language):
    app = quickly(open_page("augmentation", language))
    app.pills(key=ARMS_KEY).set_value(["real", "gan"]).run()
    app = press(app)
    data = job_data(app)
    assert data is not None
    assert set(data["stages"]) == {"gan_gan", "real", "gan"}
    app = ended(app)
    assert not app.exception
    cells = app.session_state["visit"].cells
    ((settings, accuracies),) = cells.items()
    assert (settings.n, settings.arms, settings.gan_iterations) == (10, ("real", "gan"), 2)
    for value in accuracies.values():
        assert f"{100 * value:.1f} %" in tables(app)
    assert say("augmentation.one_seed", language, count="50") in texts(app)


def test_the_digit_that_is_picked_is_shown(open_page, ended, language):
    app = quickly(open_page("augmentation", language))
    app.pills(key=ARMS_KEY).set_value(["gan"]).run()
    app = ended(press(app))
    app.pills(key="augmentation_digit").set_value(7).run()
    captions = {image.caption for one in app.get("image") for image in one.proto.imgs}
    for name in ("real", "gan"):
        assert say(f"augmentation.row_{name}", language, digit=7) in captions


def test_several_seeds_are_kept_with_their_interval(open_page, ended):
    app = quickly(open_page("augmentation"))
    app.pills(key=ARMS_KEY).set_value(["real"]).run()
    app = ended(press(app))
    assert say("augmentation.own_title") not in texts(app)
    app.number_input(key=SEED).set_value(1).run()
    app = ended(press(app))
    found = [cell["real"] for cell in app.session_state["visit"].cells.values()]
    assert len(found) == 2
    both = mean_of(found)
    assert say("augmentation.own_title") in texts(app)
    assert f"{100 * both.mean:.1f} ± {100 * both.half:.1f} %" in tables(app)


def test_another_number_of_pictures_makes_another_cell(open_page, ended):
    app = quickly(open_page("augmentation"))
    app.pills(key=ARMS_KEY).set_value(["real"])
    app.pills(key=N).set_value(5).run()
    app = ended(press(app))
    assert [cell.n for cell in app.session_state["visit"].cells] == [5]


def test_without_an_arm_nothing_can_be_run(open_page, language):
    app = open_page("augmentation", language)
    app.pills(key=ARMS_KEY).set_value([]).run()
    assert say("augmentation.no_arms", language) in texts(app)
    assert app.button(key="augmentation_run").disabled


def test_a_full_server_is_told(open_page, engine, monkeypatch, language):
    def full(*_arguments: object) -> None:
        raise EngineFull("full")

    app = open_page("augmentation", language)
    monkeypatch.setattr(engine, "job", full)
    app = press(app)
    assert say("job.full", language) in texts(app)


def test_a_cell_without_mnist_says_so(open_page, ended, monkeypatch, digits, language):
    train, test = apart(digits)
    sides = (replace(train, fallback="no_network"), replace(test, fallback="no_network"))
    monkeypatch.setattr(experiment_module, "parted", lambda _load: sides)
    app = quickly(open_page("augmentation", language))
    app.pills(key=ARMS_KEY).set_value(["real"]).run()
    app = ended(press(app))
    assert say("augmentation.fallback_no_network", language) in texts(app)


def test_whoever_follows_the_link_watches(open_page, engine, language):
    job = engine.job(experiment_module.CellExperiment(CellSettings(arms=("real",))), "augmentation")
    app = open_page("augmentation", language, job=job.view_token)
    assert say("augmentation.watching", language) in texts(app)
    assert "augmentation_run" not in {button.key for button in app.button}
    assert job_data(app)["token"] == job.view_token


def test_a_lost_cell_is_told_once(open_page, language):
    app = open_page("augmentation", language, job="none")
    assert say("job.gone", language) in texts(app)
    assert say("job.gone", language) not in texts(app.run())


@pytest.mark.parametrize(
    ("key", "n", "arms"),
    [
        ("alone", 20, ("real", "generated")),
        ("rival", 10, ("real", "affine", "gan")),
        ("where", 20, ("real", "gan")),
    ],
)
def test_an_experiment_sets_everything_up(open_page, engine, key, n, arms):
    app = open_page("augmentation")
    app.radio(key=f"augmentation.try.{key}").set_value(
        {"alone": "worse", "rival": "gan", "where": "many"}[key]
    ).run()
    app.button(key=f"augmentation.try.{key}.run").click().run()
    (token,) = app.session_state["visit"].jobs
    job, _ = engine.find_job(token)
    assert (job.experiment.settings.n, job.experiment.settings.arms) == (n, arms)
    assert (app.session_state[N], app.session_state[ARMS_KEY]) == (n, list(arms))
    assert say(f"augmentation.try.{key}.explain") in texts(app)
    engine.drop(job)
