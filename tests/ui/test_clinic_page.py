"""The page *Clinic*: every case is predicted, run and explained; figures are shown or not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.clinic.cases import CASES
from gan_core.clinic.figures import recipes
from gan_core.clinic.published import ROWS
from gan_core.engine import Pair
from ui import clinic, published, words

KEY, SEED = "clinic_case", "clinic_seed"
MEASURED = {"seeds": 10, "ill": 10, "cured": 9, "seconds": [31, 40], "before": 0.9, "after": 0.08}
ROW = {
    "modes": [6, 7, 8],
    "modes_lenient": [7, 8, 8],
    "high_quality": [0.6, 0.7, 0.8],
    "reverse_kl": [0.5, 0.4, 0.3],
    "seconds": [20, 22, 24],
}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What pairs are asked to do: here nobody has the time to do it."""
    steps: list[int] = []
    monkeypatch.setattr(Pair, "step", lambda _pair, count: steps.append(count))
    return steps


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def tables(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def components(app: AppTest) -> dict[str, dict[str, Any]]:
    return {
        element.proto.component_name: json.loads(element.proto.json)
        for element in app.get("bidi_component")
    }


def choose(app: AppTest, key: str) -> AppTest:
    return app.pills(key=KEY).select(key).run()


def predict(app: AppTest, key: str, choice: str) -> AppTest:
    return app.radio(key=f"clinic.case.{key}").set_value(choice).run()


def begin(app: AppTest) -> AppTest:
    return app.button(key="clinic_run").click().run()


def pair_of(app: AppTest, engine) -> Pair:
    found = engine.find_pair(app.session_state["visit"].twin)
    assert found is not None
    pair: Pair = found[0]
    return pair


@pytest.mark.parametrize("key", CASES)
def test_a_case_is_predicted_run_and_explained(open_page, engine, planned, language, key):
    case, (choices, right) = CASES[key], clinic.QUESTIONS[key]
    app = open_page("clinic", language)
    if key != app.session_state[KEY]:
        app = choose(app, key)
    assert not app.exception
    assert say(f"clinic.case.{key}.wrong", language) in texts(app)
    assert app.button(key="clinic_run").disabled
    app = begin(predict(app, key, right))
    assert not app.exception
    assert planned == [case.iterations]
    pair = pair_of(app, engine)
    assert [run.asked for run in pair.runs] == [case.sick, case.cured]
    for part in ("explain", "cure", "not_cured"):
        assert say(f"clinic.case.{key}.{part}", language) in texts(app)
    assert say("lesson.predicted_right", language) in texts(app)
    app = predict(app, key, next(choice for choice in choices if choice != right))
    assert say("lesson.predicted_else", language) in texts(app)


def test_before_a_prediction_nothing_is_explained_nor_begun(open_page):
    app = open_page("clinic")
    assert say("clinic.case.collapse.explain") not in texts(app)
    assert app.session_state["visit"].twin is None
    assert "gan_twins" not in components(app)
    assert "gan_doctor" not in components(app)
    app = predict(app, "collapse", "single")
    assert say("clinic.case.collapse.explain") not in texts(app)


def test_both_are_shown_with_their_doctor(open_page, engine, planned, language):
    app = begin(predict(open_page("clinic", language), "collapse", "small"))
    pair, shown = pair_of(app, engine), components(app)
    assert shown["gan_doctor"]["token"] == pair.view_token
    assert shown["gan_doctor"]["kind"] == "pair"
    assert shown["gan_doctor"]["words"] == words.section(language, "doctor")
    assert shown["gan_twins"]["token"] == pair.control_token
    assert shown["gan_twins"]["a"]["title"] == say("clinic.sick", language)
    assert planned


def test_the_seed_is_that_of_both_twins(open_page, engine, planned):
    app = open_page("clinic")
    app.number_input(key=SEED).set_value(7).run()
    app = begin(predict(app, "collapse", "single"))
    assert [run.asked.seed for run in pair_of(app, engine).runs] == [7, 7]
    assert planned


def test_another_case_ends_the_comparison(open_page, engine, planned):
    app = begin(predict(open_page("clinic"), "collapse", "single"))
    pair = pair_of(app, engine)
    app = choose(app, "blind")
    assert app.session_state["visit"].twin is None
    assert engine.find_pair(pair.control_token) is None
    assert "gan_twins" not in components(app)
    assert planned


def test_closing_ends_the_comparison(open_page, planned):
    app = begin(predict(open_page("clinic"), "collapse", "single"))
    app = app.button(key="clinic_close").click().run()
    assert app.session_state["visit"].twin is None
    assert planned


def test_a_link_opens_the_case_that_it_shows_and_watchers_have_no_controls(open_page, engine):
    case = CASES["blind"]
    pair = engine.pair(case.sick.replace(seed=3), case.cured.replace(seed=3), None, clinic.PLACE)
    app = open_page("clinic", twin=pair.view_token)
    assert app.session_state[KEY] == "blind"
    assert app.info[0].value == say("run.watching")
    assert components(app)["gan_twins"]["may_steer"] is False
    assert "clinic_close" not in {button.key for button in app.button}


def test_a_pair_of_another_page_is_not_shown(open_page, engine):
    case = CASES["blind"]
    pair = engine.pair(case.sick, case.cured, None, "points")
    assert "gan_twins" not in components(open_page("clinic", twin=pair.view_token))


def test_questions_and_cases_are_the_same():
    assert list(clinic.QUESTIONS) == list(CASES)


# What was measured ----------------------------------------------------------------------


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_how_often_a_case_was_shown_is_said_where_it_was_measured(
    open_page, monkeypatch, tmp_path, language
):
    path = write(tmp_path / "clinic.json", {"cases": {"collapse": MEASURED}})
    monkeypatch.setattr(clinic, "FIGURES", path)
    app = open_page("clinic", language)
    expected = say("clinic.shown", language, ill=10, cured=9, seeds=10, sick=31, cured_seconds=40)
    assert any(expected in caption.value for caption in app.caption)
    app = choose(app, "blind")
    digits = re.compile("10")
    assert not any(digits.search(caption.value) for caption in app.caption)


def test_a_picture_is_shown_for_the_recipes_that_made_it(open_page, monkeypatch, tmp_path):
    case = CASES["too_fast"]
    about = {"seed": 0, "iterations": [1, 2345], **recipes(case)}
    path = write(tmp_path / "pictures.json", {"too_fast": about})
    monkeypatch.setattr(clinic, "PICTURES", path)
    app = open_page("clinic")
    assert not app.image
    app = choose(app, "too_fast")
    assert "2,345" in app.image[0].captions[0]
    write(path, {"too_fast": {**about, "length": 1}})
    assert not app.run().image


def test_published_rows_are_shown_only_with_figures(open_page, monkeypatch, tmp_path, language):
    monkeypatch.setattr(published, "FIGURES", tmp_path / "nothing.json")
    title = say("published.title", language)
    app = open_page("clinic", language)
    assert title not in [heading.value for heading in app.subheader]
    rows = {"gan": ROW, "pac2": {**ROW, "modes": [8, 8, 8], "reverse_kl": [0.1, 0.1, 0.1]}}
    content = {"sets": {"eight": rows}, "machine": "two cores"}
    monkeypatch.setattr(published, "FIGURES", write(tmp_path / "modes.json", content))
    app = open_page("clinic", language)
    assert not app.exception
    assert title in [heading.value for heading in app.subheader]
    shown = tables(app)
    assert "<td>7.7 ± 0.3 (6.3)</td>" in shown
    assert "<td>0.400 ± 0.058 (0.45)</td>" in shown
    assert say("published.pac2", language) in shown
    assert say("published.rp", language) not in shown
    assert say("published.same_reverse_kl", language) in texts(app)
    assert say("option.grid", language) not in texts(app)


def test_rows_that_stand_in_another_order_say_so(open_page, monkeypatch, tmp_path):
    rows = {"gan": ROW, "pac2": {**ROW, "modes": [1, 1, 1], "reverse_kl": [0.9, 0.9, 0.9]}}
    content = {"sets": {"eight": {**rows, "rp_r1_r2": ROW}, "grid": dict.fromkeys(ROWS, ROW)}}
    monkeypatch.setattr(published, "FIGURES", write(tmp_path / "modes.json", content))
    app = open_page("clinic")
    assert not app.exception
    assert say("published.other_modes") in texts(app)
    assert say("published.failed") in tables(app)


def test_a_row_opens_the_playground_with_its_recipe(open_page, engine):
    row = ROWS["rp_r1_r2"].replace(dataset="grid")
    preset = published.query("grid", "rp_r1_r2")
    app = open_page("playground", **preset)
    assert not app.warning
    asked = engine.find(app.session_state["visit"].points)[0].asked
    assert asked == row


def test_the_code_of_the_doctor_is_shown_once_it_is_asked_for(open_page):
    app = open_page("clinic")
    app.session_state["clinic_fold"] = True
    shown = "\n".join(code.value for code in app.run().code)
    assert "def diagnose(" in shown
    assert "def rotates(" in shown
