"""Every page, in every language, without a browser."""

from __future__ import annotations

import json
import math
import re
import struct
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from gan_core import checkpoint
from gan_core.config import CONDITIONAL, PRESETS, TrainConfig
from gan_core.engine import Run, RunState
from gan_core.pretrained import GENERATORS, card
from gan_core.trainer import Trainer
from ui import latent, training, words
from ui.lessons import LESSONS, PAGES
from ui.live import BROWSER

NAMES = sorted(path.stem for path in PAGES.glob("*.py"))
SMALL = {"dataset": "digits", "model": "dcgan", "latent_dim": "3", "batch_size": "4"}
SMALL_POINTS = {"dataset": "line", "width": "4", "layers": "1"}
EXPERIMENT = "train.try.judge_alone"
# Of the code that is shown where it is explained how players are told a class.
OF_CLASSES = {"with_classes", "forward", "generator_of"}


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def texts(block: AppTest | Block) -> str:
    return "\n".join(element.value for element in block.markdown)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def run_of(app: AppTest, engine):
    token = app.session_state["visit"].run
    found = engine.find(token)
    assert found is not None
    return found[0]


def studio(app: AppTest) -> dict[str, Any]:
    """What the latent page's component gets."""
    (component,) = [
        element.proto
        for element in app.get("bidi_component")
        if element.proto.component_name == "gan_latent"
    ]
    told: dict[str, Any] = json.loads(component.json)
    return told


# All pages ------------------------------------------------------------------------------


def test_every_page_is_in_the_table_of_contents():
    assert sorted(lesson.file for lesson in LESSONS) == [f"{name}.py" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens(open_page, name, language):
    app = open_page(name, language, **SMALL_POINTS if name == "playground" else SMALL)
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert [title.value for title in app.title] == [say(f"{name}.title", language)]
    assert say(f"{name}.question", language) in texts(app)
    assert open_placeholders(app) == []


def open_placeholders(app: AppTest) -> list[str]:
    shown = [element.label for kind in ("button", "slider", "radio") for element in app.get(kind)]
    shown += [caption for image in app.image for caption in image.captions]
    shown += [choice for radio in app.radio for choice in radio.options]
    return [text for text in shown if "{" in text]


def test_the_language_is_a_choice_and_stays_in_the_url(open_page, reader):
    app = open_page("latent")
    app.segmented_control(key="language").select("zh").run()
    reader("zh")
    assert app.title[0].value == say("latent.title", "zh")
    assert app.query_params["lang"] == "zh"


def test_an_unknown_language_in_the_url_is_the_first_one(open_page):
    assert open_page("welcome", lang="xx").title[0].value == say("welcome.title")


def test_another_language_keeps_settings_and_answers(open_page, reader):
    app = open_page("train", **SMALL)
    app.number_input(key="setting_seed").set_value(5)
    app.selectbox(key="setting_loss").select("minimax")
    app.radio(key="train.quiz.log4").set_value("c").run()
    app.segmented_control(key="language").select("zh").run()
    reader("zh")
    assert not app.exception
    assert app.number_input(key="setting_seed").value == 5
    assert app.selectbox(key="setting_loss").value == "minimax"
    assert app.selectbox(key="setting_dataset").value == "digits"
    assert app.radio(key="train.quiz.log4").value == "c"
    assert say("train.quiz.log4.explain", "zh") in texts(app)


def test_another_page_keeps_the_settings_and_the_run(open_page, engine):
    app = open_page("train", **SMALL)
    run = run_of(app, engine)
    app.number_input(key="setting_seed").set_value(5).run()
    app.switch_page("../pages/latent.py").run()
    assert app.query_params["run"] == run.control_token
    app.switch_page("../pages/train.py").run()
    assert app.number_input(key="setting_seed").value == 5
    assert run_of(app, engine) is run


# Settings -------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_all_settings(open_page, preset):
    other = next(name for name in PRESETS if name != preset)
    app = open_page("train", preset=other, **SMALL)
    app.selectbox(key="setting_preset").select(preset).run()
    assert not app.exception
    for name, value in PRESETS[preset].to_dict().items():
        assert app.session_state[f"setting_{name}"] == value


def test_the_url_sets_the_first_settings(open_page, engine):
    app = open_page("train", preset="fast", dataset="digits", seed="9")
    assert app.selectbox(key="setting_preset").value == "fast"
    assert run_of(app, engine).asked == PRESETS["fast"].replace(dataset="digits", seed=9)


def test_digits_can_be_augmented(open_page, engine):
    app = open_page("train", **SMALL)
    app.selectbox(key="setting_diff_augment").select("on").run()
    press(app, say("run.apply"))
    assert run_of(app, engine).asked.diff_augment == "on"


def test_changed_settings_wait_for_a_new_start(open_page, engine, language):
    app = open_page("train", language, **SMALL)
    run = run_of(app, engine)
    before = run.asked
    assert say("run.apply", language) not in labels(app)

    app.number_input(key="setting_seed").set_value(5).run()
    assert say("run.changed", language) in texts(app)
    assert run.asked == before

    press(app, say("run.apply", language))
    assert run.asked == before.replace(seed=5)
    assert say("run.apply", language) not in labels(app)
    assert run_of(app, engine) is run


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ({"seed": "many"}, "problem.range"),
        ({"loss": "mse"}, "problem.setting"),
        ({"preset": "none"}, "problem.setting"),
    ],
)
def test_a_url_out_of_range_gets_a_sentence(open_page, language, query, key):
    app = open_page("train", language, **{**SMALL, **query})
    assert not app.exception
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith(sentence_start(key, query, language))
    app.run()
    assert not app.warning  # said once


def sentence_start(key: str, query: dict[str, str], language: str) -> str:
    (name,) = query
    label = say("settings.preset" if name == "preset" else f"field.{name}", language)
    return say(key, language).partition("{low}")[0].partition("{allowed}")[0].format(name=label)


# Runs -----------------------------------------------------------------------------------


def test_an_unknown_run_gets_a_sentence_and_a_new_run(open_page, engine, language):
    app = open_page("train", language, run="no-such-run", **SMALL)
    assert [info.value for info in app.info] == [say("run.gone", language)]
    assert app.query_params["run"] == run_of(app, engine).control_token


def test_a_watcher_sees_the_run_but_cannot_steer(open_page, engine, tiny_config):
    run = engine.start(tiny_config)
    app = open_page("train", run=run.view_token, **SMALL)
    assert [info.value for info in app.info] == [say("run.watching")]
    assert say("lesson.run_it") not in labels(app)
    assert say("run.apply") not in labels(app)
    assert not app.file_uploader
    assert engine.runs() == [run]
    assert run.control_token not in str(app.query_params)


def test_a_full_engine_gets_a_sentence(open_page, engine, tiny_config, language):
    engine._max_runs = 1
    engine.start(tiny_config)
    app = open_page("train", language, **SMALL)
    assert [warning.value for warning in app.warning] == [say("run.full", language)]
    assert not app.exception


def test_the_link_to_share_does_not_steer(open_page, engine):
    app = open_page("train", **SMALL)
    run = run_of(app, engine)
    link = next(code.value for code in app.sidebar.code)
    assert link == f"http://gan.example/train?lang=en&run={run.view_token}"


# Experiments and questions --------------------------------------------------------------


def test_an_experiment_wants_a_prediction_first(open_page, language, monkeypatch):
    monkeypatch.setattr(training, "play_out", lambda _run, _config, **_moves: None)
    app = open_page("train", language, **SMALL)
    assert app.button(key=f"{EXPERIMENT}.run").disabled

    app.radio(key=EXPERIMENT).set_value("falls").run()
    assert not app.button(key=f"{EXPERIMENT}.run").disabled
    assert say(f"{EXPERIMENT}.explain", language) not in texts(app)

    app.button(key=f"{EXPERIMENT}.run").click().run()
    assert say(f"{EXPERIMENT}.explain", language) in texts(app)
    assert say("lesson.predicted_right", language) in texts(app)

    app.radio(key=EXPERIMENT).set_value("rises").run()
    assert say("lesson.predicted_else", language) in texts(app)


def test_an_experiment_starts_the_run_again_with_its_own_recipe(open_page, monkeypatch):
    app = open_page("train", **SMALL)
    asked: list[tuple[str, object]] = []
    monkeypatch.setattr(Run, "restart", lambda _run, config: asked.append(("restart", config)))
    monkeypatch.setattr(Run, "step", lambda _run, count: asked.append(("step", count)))
    app.radio(key="train.try.saturate").set_value("stuck").run()
    app.button(key="train.try.saturate.run").click().run()
    recipe = TrainConfig(dataset="digits", loss="minimax", discriminator_steps=5, seed=1)
    assert asked == [("restart", recipe), ("step", 100)]


@pytest.mark.parametrize(("answer", "verdict"), [("b", "right"), ("a", "not_quite")])
def test_an_answer_gets_a_verdict_and_the_reason(open_page, language, answer, verdict):
    app = open_page("latent", language)
    assert say("latent.quiz.midpoint.explain", language) not in texts(app)
    app.radio(key="latent.quiz.midpoint").set_value(answer).run()
    reason = say("latent.quiz.midpoint.explain", language)
    assert f"**{say(f'lesson.{verdict}', language)}** {reason}" in texts(app)


# Saved runs -----------------------------------------------------------------------------


# Classes --------------------------------------------------------------------------------


def test_a_run_whose_players_are_told_classes_begins_by_its_link(open_page, engine, wait_until):
    app = open_page("train", **SMALL, conditional="on")
    assert not app.warning
    run = run_of(app, engine)
    assert run.asked.conditional == "on"
    wait_until(lambda: run.frame.state == RunState.PAUSED)
    assert run.frame.picture.by_class
    assert app.selectbox(key="setting_conditional").value == "on"


def test_classes_are_a_setting_that_needs_a_new_start(open_page, engine, language):
    app = open_page("train", language, **SMALL)
    assert app.selectbox(key="setting_conditional").value == "off"
    app.selectbox(key="setting_conditional").select("on").run()
    assert say("run.changed", language) in texts(app)
    press(app, say("run.apply", language))
    assert run_of(app, engine).asked.conditional == "on"


def test_a_saved_run_with_classes_goes_on(open_page, engine, digits, tiny_config, wait_until):
    config = tiny_config.replace(conditional="on")
    trainer = Trainer(config, digits.images, digits.labels)
    trainer.step()
    content = checkpoint.to_bytes(config, trainer.state_dict(), iteration=1)
    app = open_page("train", **SMALL)
    run = run_of(app, engine)
    app.file_uploader(key="checkpoint").upload("run.safetensors", content, "").run()
    press(app, say("run.upload_go"))
    wait_until(lambda: run.frame.state == RunState.PAUSED and run.frame.iteration == 1)
    assert run.asked == config
    assert app.selectbox(key="setting_conditional").value == "on"


@pytest.fixture(scope="module")
def saved(pictures, tiny_config) -> bytes:
    trainer = Trainer(tiny_config, pictures)
    trainer.step()
    return checkpoint.to_bytes(tiny_config, trainer.state_dict(), iteration=1)


def test_a_saved_run_goes_on(open_page, engine, saved, tiny_config, wait_until):
    app = open_page("train", **SMALL, seed="3")
    run = run_of(app, engine)
    app.file_uploader(key="checkpoint").upload("run.safetensors", saved, "").run()
    assert say("run.upload_found", model=say("option.dcgan"), iteration=1) in texts(app)
    press(app, say("run.upload_go"))
    assert run.asked == tiny_config
    wait_until(lambda: run.frame.state == RunState.PAUSED and run.frame.iteration == 1)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda content: b"\x80\x04" + content, "pickle"),
        (lambda content: content[:-5], "truncated"),
        (lambda content: b"GIF89a" + content, "not_a_checkpoint"),
        (lambda content: content.replace(b'\\"seed\\": 0', b'\\"seed\\":-1'), "settings"),
        (lambda content: content.replace(b'\\"latent_dim\\": 3', b'\\"latent_dim\\": 4'), "shape"),
    ],
)
def test_a_bad_file_changes_nothing_and_gets_a_sentence(open_page, engine, saved, spoil, code):
    app = open_page("train", **SMALL)
    before = run_of(app, engine).asked
    app.file_uploader(key="checkpoint").upload("run.safetensors", spoil(saved), "").run()
    assert not app.exception
    opening = say(f"problem.checkpoint_{code}").partition("{")[0]
    assert [error.value.startswith(opening) for error in app.error] == [True]
    assert say("run.upload_go") not in labels(app)
    assert run_of(app, engine).asked == before


# Latent space ---------------------------------------------------------------------------


def test_the_studio_gets_the_shipped_generators_and_its_words(open_page, language):
    told = studio(open_page("latent", language))
    assert [entry["key"] for entry in told["models"]] == list(GENERATORS)
    for entry in told["models"]:
        assert entry["label"] == say(f"network.{entry['key']}", language)
        assert (entry["card"], entry["method"]) == (f"api/latent/model/{entry['key']}", "GET")
    assert told["words"] == words.section(language, "studio")
    assert (told["chosen"], told["point"], told["scene"]) == (GENERATORS[0], None, None)
    assert told["link"] == f"http://gan.example/latent?lang={language}"


@pytest.mark.parametrize("kind", ["control_token", "view_token"])
def test_the_studio_offers_the_run_in_training(open_page, engine, tiny_config, language, kind):
    run = engine.start(tiny_config)
    token = getattr(run, kind)
    app = open_page("latent", language, run=token)
    assert not app.warning
    entry = studio(app)["models"][-1]
    assert (entry["key"], entry["label"]) == (latent.RUN, say("latent.run", language))
    assert (entry["card"], entry["method"]) == (f"api/latent/take/{token}", "POST")
    assert entry["progress"] == f"api/latent/run/{token}"
    if kind == "view_token":
        assert run.control_token not in json.dumps(studio(app))


def test_a_run_that_is_gone_is_not_offered(open_page):
    told = studio(open_page("latent", run="no-such-run"))
    assert [entry["key"] for entry in told["models"]] == list(GENERATORS)


@pytest.mark.parametrize("kind", ["control_token", "view_token"])
def test_the_studios_link_does_not_steer(open_page, engine, tiny_config, kind):
    """It is there to be given away, with the digit that was found."""
    run = engine.start(tiny_config)
    told = studio(open_page("latent", run=getattr(run, kind)))
    assert told["link"] == f"http://gan.example/latent?lang=en&run={run.view_token}"


def test_the_studios_link_names_no_run_that_is_gone(open_page):
    told = studio(open_page("latent", run="gone&model=none"))
    assert told["link"] == "http://gan.example/latent?lang=en"


def link_of(*numbers: float) -> str:
    """A point as it stands in a link, by hand: half floats in URL-safe base64."""
    content = struct.pack(f"<{len(numbers)}e", *numbers)
    return urlsafe_b64encode(content).decode().rstrip("=")


def length(model: str) -> int:
    return TrainConfig.from_dict(card(model)["config"]).latent_dim


@pytest.mark.parametrize("model", GENERATORS)
def test_a_point_in_the_link_reaches_the_studio(open_page, model):
    point = [round(place / 8 - 5, 3) for place in range(length(model))]
    app = open_page("latent", model=model, z=link_of(*point))
    assert not app.warning
    told = studio(app)
    assert told["chosen"] == model
    assert told["point"] == point


def test_a_point_without_a_model_is_one_of_the_first(open_page):
    told = studio(open_page("latent", z=link_of(*[0.5] * length(GENERATORS[0]))))
    assert told["chosen"] == GENERATORS[0]
    assert told["point"] == [0.5] * length(GENERATORS[0])


def test_a_point_of_the_run_reaches_the_studio(open_page, engine, tiny_config):
    run = engine.start(tiny_config)
    app = open_page("latent", run=run.view_token, model="run", z=link_of(0.5, -1.0, 2.0))
    assert not app.warning
    told = studio(app)
    assert (told["chosen"], told["point"]) == ("run", [0.5, -1.0, 2.0])


MLP = length("mlp")


@pytest.mark.parametrize(
    ("z", "code"),
    [
        ("A", "damaged"),
        ("nonsense!", "damaged"),
        ("点", "damaged"),
        (link_of(*[0.0] * (MLP - 1)), "count"),
        (link_of(*[0.0] * (MLP + 1)), "count"),
        (link_of(*[0.0] * length("dcgan")), "count"),  # of another generator
        ("A" * 100_000, "count"),
        (link_of(*[0.0] * (MLP - 1), math.nan), "not_a_number"),
        (link_of(*[0.0] * (MLP - 1), -math.inf), "not_a_number"),
        (link_of(*[0.0] * (MLP - 1), 50.5), "huge"),
    ],
    ids=lambda value: value[:20],
)
def test_a_bad_point_in_the_link_gets_a_sentence(open_page, language, z, code):
    app = open_page("latent", language, z=z)
    assert not app.exception
    assert not app.error
    assert [one.value for one in app.warning] == [say(f"problem.point_{code}", language)]
    told = studio(app)
    assert (told["chosen"], told["point"]) == ("mlp", None)


@pytest.mark.parametrize("digit", ["0", "7"])
def test_a_digit_in_the_link_reaches_the_studio(open_page, digit):
    app = open_page("latent", model=CONDITIONAL, digit=digit)
    assert not app.warning
    told = studio(app)
    assert (told["chosen"], told["digit"], told["point"]) == (CONDITIONAL, int(digit), None)


@pytest.mark.parametrize("digit", ["10", "-1", "x", "٣", "7" * 5000, "<b>"])
def test_what_is_no_digit_in_the_link_gets_a_sentence(open_page, language, digit):
    app = open_page("latent", language, model=CONDITIONAL, digit=digit)
    assert not app.exception
    assert [one.value for one in app.warning] == [say("problem.digit", language)]
    assert (studio(app)["chosen"], studio(app)["digit"]) == (CONDITIONAL, None)


def test_no_point_is_no_problem(open_page):
    assert not open_page("latent", z="").warning


@pytest.mark.parametrize("model", ["stylegan", "MLP", "../mlp", "x" * 5000, "<b>"])
def test_an_unknown_model_in_the_link_gets_a_sentence(open_page, language, model):
    app = open_page("latent", language, model=model)
    assert not app.exception
    assert [one.value for one in app.warning] == [say("latent.unknown_model", language)]
    assert studio(app)["chosen"] == GENERATORS[0]


@pytest.mark.parametrize("query", [{}, {"run": "no-such-run"}])
def test_a_run_in_the_link_that_is_not_there_gets_a_sentence(open_page, language, query):
    app = open_page("latent", language, model="run", **query)
    assert not app.exception
    assert [one.value for one in app.warning] == [say("latent.run_gone", language)]
    assert studio(app)["chosen"] == GENERATORS[0]


def try_out(app: AppTest, experiment: str, prediction: str) -> dict[str, Any]:
    app.radio(key=f"latent.try.{experiment}").set_value(prediction).run()
    app.button(key=f"latent.try.{experiment}.run").click().run()
    assert not app.exception
    return studio(app)["scene"]


def test_an_experiment_sets_the_studio_up(open_page):
    app = open_page("latent")
    scene = try_out(app, "opposite", "digit")
    wanted = {"mode": "sliders", "model": "mlp", "index": 0, "amount": -5.0, "seed": 3}
    assert scene == {"id": 1, **wanted}


def test_an_experiment_can_be_done_again(open_page):
    app = open_page("latent")
    numbers = [
        try_out(app, "too_far", "more")["id"],
        try_out(app, "too_far", "breaks")["id"],
        try_out(app, "never_seen", "nearest")["id"],
    ]
    assert numbers == [1, 2, 3]


def test_answering_a_question_does_not_set_the_studio_up_again(open_page):
    app = open_page("latent")
    scene = try_out(app, "never_seen", "nearest")
    app.radio(key="latent.quiz.midpoint").set_value("b").run()
    assert studio(app)["scene"] == scene


def test_the_page_shows_the_code_that_runs_once_it_is_asked_for(open_page):
    app = open_page("latent")
    assert not app.code
    app.session_state["latent_fold"] = True
    python, script, told = (code.value for code in app.run().code)
    for shown in (
        "def slerp(",
        "def blend(",
        "torch.linalg.svd",
        "def principal_dire",
        "def find(",
    ):
        assert shown in python
    assert script.strip() == (BROWSER / "latent" / "space.js").read_text("utf-8").strip()
    assert set(re.findall(r"def (\w+)\(", told)) >= OF_CLASSES


def test_the_training_page_explains_how_classes_are_told(open_page, language):
    app = open_page("train", language, **SMALL)
    app.session_state["train_fold"] = True
    app.run()
    assert words.lesson(language, "conditional_formula").strip() in texts(app)
    assert set(re.findall(r"def (\w+)\(", app.code[2].value)) >= OF_CLASSES


def test_the_training_page_leads_to_its_run_in_the_studio(open_page, language):
    app = open_page("train", language, **SMALL)
    links = [element.proto for element in app.get("page_link")]
    (link,) = [one for one in links if one.label == say("latent.open", language)]
    assert link.query_string.lstrip("?") == "model=run"


def test_the_pages_keep_off_the_disk(open_page, tmp_path: Path):
    open_page("train", dataset="mnist", model="dcgan")
    assert list(tmp_path.iterdir()) == []
