"""The page *Anomaly detection*: what was recorded and measured, and experiments of one's own."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.anomaly import experiment, precision_recall, roc
from gan_core.anomaly.experiment import AnomalyExperiment
from gan_core.anomaly.outcome import SCORERS, Outcome
from gan_core.anomaly.recorded import load_card, load_outcome
from gan_core.anomaly.settings import Settings
from gan_core.data import ImageSet
from gan_core.engine import Job, JobState
from ui import anomaly, anomaly_results, words

TINY = {
    "gan_iterations": 2,
    "encoder_steps": 2,
    "searched": 10,
    "restarts": 1,
    "search_steps": 2,
    "seed": 3,
}


@pytest.fixture(autouse=True)
def no_network(digits: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST is neither on the disk nor to be had."""

    def load(_key: str, *, train: bool = True) -> ImageSet:
        assert train in (True, False)
        return replace(digits, fallback="no_network")

    monkeypatch.setattr(experiment, "load_images", load)


def say(key: str, language: str = words.DEFAULT, **values: object) -> str:
    return words.translate(language, key, **values)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def tables(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html") if "<table>" in element.proto.body]


def cells(table: str) -> list[list[str]]:
    """The rows of a table, heads included."""
    rows = table.partition("<table>")[2].replace("<th scope=", "<td scope=").split("<tr>")[1:]
    return [
        [
            html.unescape(cell.partition(">")[2].partition("<")[0])
            for cell in row.replace("</th>", "</td>").split("<td")[1:]
        ]
        for row in rows
    ]


def component(app: AppTest, name: str) -> dict[str, Any] | None:
    found = [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name == name
    ]
    return found[0] if found else None


def job_of(app: AppTest, engine) -> Job:
    (token,) = app.session_state["visit"].jobs
    found = engine.find_job(token)
    assert found is not None
    return found[0]


def begin(app: AppTest) -> AppTest:
    """Begin a tiny experiment."""
    for name, value in TINY.items():
        app.number_input(key=f"anomaly_{name}").set_value(value)
    app.run()
    return app.button(key="anomaly_run").click().run()


@pytest.fixture
def finished(open_page, engine, wait_until):
    """Return how to open the page and see an experiment of one's own to its end."""

    def finish(language: str = words.DEFAULT) -> AppTest:
        app = begin(open_page("anomaly", language))
        job = job_of(app, engine)
        wait_until(lambda: job.frame.state == JobState.DONE)
        return app.run()

    return finish


# What was recorded ------------------------------------------------------------------------


def test_before_any_click_the_recorded_experiment_is_shown(open_page, language):
    app = open_page("anomaly", language)
    assert not app.exception
    card, outcome = load_card(), load_outcome()
    told = texts(app)
    assert say("anomaly.told_recorded", language) in told
    for number in (
        card["settings"]["gan_iterations"],
        card["settings"]["encoder_steps"],
        card["learned_from"],
        len(outcome.labels),
        int(outcome.labels.sum()),
        card["settings"]["searched"],
    ):
        assert f"{number:,}" in told
    assert len(app.get("plotly_chart")) == 3
    assert len(app.image) == 5  # four kinds of cases, and the scale
    assert not app.info
    assert component(app, "gan_job") is None


def written(value: float) -> str:
    return "> 0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def number(cell: str) -> float:
    return float(cell.removeprefix("> "))


def rows_of(outcome: Outcome, share: float, language: str) -> list[list[str]]:
    """The areas as the page should have them, from the scores themselves."""
    rows = []
    for scorer in SCORERS:
        row = [say(f"anomaly.scorer_{scorer}", language)]
        for some in (False, True):
            if scorer == "anogan" and not some:
                row += ["–", "–"]
                continue
            judged = outcome.of(scorer, some=some)
            row += [written(roc(*judged).area), written(precision_recall(*judged, share).area)]
        rows.append(row)
    chance = [written(0.5), written(share)]
    return [*rows, [say("anomaly.by_chance", language), *chance, *chance]]


def test_the_areas_are_those_of_the_scores(open_page, language):
    app = open_page("anomaly", language)
    outcome = load_outcome()
    assert cells(tables(app)[0])[1:] == rows_of(outcome, outcome.prevalence, language)


@pytest.mark.parametrize("percent", [50, 10, 1])
def test_another_share_of_anomalies_moves_precision_and_its_chance(open_page, percent):
    app = open_page("anomaly")
    before = cells(tables(app)[0])[1:]
    app.pills(key="anomaly_share").select(percent).run()
    after = cells(tables(app)[0])[1:]
    assert after == rows_of(load_outcome(), percent / 100, "en")
    assert [row[1] for row in after] == [row[1] for row in before]
    assert [row[2] for row in after] != [row[2] for row in before]


@pytest.mark.parametrize("scorer", SCORERS)
def test_each_scorer_shows_its_own_cases(open_page, language, scorer):
    app = open_page("anomaly", language)
    app.pills(key="anomaly_scorer").select(scorer).run()
    assert not app.exception
    name = say(f"anomaly.scorer_{scorer}", language)
    assert say("anomaly.cases_title", language, scorer=name) in texts(app)
    captions = [element.value for element in app.caption]
    assert say(f"anomaly.about_{scorer}", language) in captions
    shown = load_outcome().cases[scorer]["missed"]
    digits = say("anomaly.comma", language).join(map(str, shown.digits))
    assert digits in "".join(app.image[1].captions)


# What was measured ------------------------------------------------------------------------


def test_every_digit_has_its_figures_as_they_were_kept(open_page, language):
    app = open_page("anomaly", language)
    content = json.loads(anomaly_results.FIGURES.read_text("utf-8"))
    found = [cells(table) for table in tables(app)[1:]]
    assert len(found) == 4
    plans = [("all", "auroc"), ("all", "auprc"), ("some", "auroc"), ("some", "auprc")]
    for table, (part, area) in zip(found, plans, strict=True):
        scorers = [
            name
            for name in (
                "pixel_neighbour",
                "unit_neighbour",
                "pca_residual",
                "fast_anogan",
                "anogan",
            )
            if part == "some" or name != "anogan"
        ]
        assert table[0][1:-1] == [say(f"anomaly.scorer_{name}", language) for name in scorers]
        columns: list[list[float]] = [[] for _ in (*scorers, "chance")]
        for row, (digit, one) in zip(table[1:], content["digits"].items(), strict=False):
            prevalence = one["prevalence" if part == "all" else "prevalence_some"]
            values = [one["areas"][name][part][area] for name in scorers]
            values.append(0.5 if area == "auroc" else prevalence)
            assert row == [digit, *map(written, values)]
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        means = [written(sum(column) / len(column)) for column in columns]
        assert table[-1] == [say("anomaly.mean", language), *means]
        assert len(table) == 12
    told = "\n".join(element.value for element in app.caption)
    assert content["command"] in told
    assert content["machine"] in told


def test_what_is_said_of_the_figures_is_so():
    """The sentences below the table, one by one."""
    digits = json.loads(anomaly_results.FIGURES.read_text("utf-8"))["digits"]

    def column(name: str, part: str) -> dict[str, float]:
        return {digit: one["areas"][name][part]["auroc"] for digit, one in digits.items()}

    def mean(name: str, part: str) -> float:
        return sum(column(name, part).values()) / 10

    assert abs(mean("pixel_neighbour", "all") - mean("fast_anogan", "all")) < 0.01
    assert mean("pixel_neighbour", "some") > mean("anogan", "some") + 0.02
    for name in ("pixel_neighbour", "unit_neighbour", "pca_residual", "fast_anogan"):
        areas = column(name, "all")
        assert min(areas, key=lambda digit: areas[digit]) == "8"
        assert areas["1"] > 0.998
    assert min(column("anogan", "some").items(), key=lambda one: one[1])[0] != "8"
    spread = max(column("fast_anogan", "all").values()) - min(column("fast_anogan", "all").values())
    assert spread > mean("unit_neighbour", "all") - mean("pca_residual", "all")
    for one in digits.values():
        assert 0.88 < one["prevalence"] < 0.92


# An experiment of one's own ---------------------------------------------------------------


def test_an_experiment_is_told_what_the_controls_say(open_page, engine):
    app = open_page("anomaly")
    app.pills(key="anomaly_normal").set_value([3, 5])
    app.number_input(key="anomaly_feature_weight").set_value(0.4)
    app.number_input(key="anomaly_kappa").set_value(2.0)
    app = begin(app)
    assert not app.exception
    asked = job_of(app, engine).experiment
    assert isinstance(asked, AnomalyExperiment)
    assert asked.settings == Settings(normal=(3, 5), feature_weight=0.4, kappa=2.0, **TINY)


@pytest.mark.parametrize("normal", [[], list(range(10))])
def test_without_both_kinds_nothing_begins(open_page, language, normal):
    app = open_page("anomaly", language)
    app.pills(key="anomaly_normal").set_value(normal).run()
    assert [warning.value for warning in app.warning] == [say("anomaly.choose_some", language)]
    assert app.button(key="anomaly_run").disabled


def test_its_way_is_shown(open_page, engine, language):
    app = begin(open_page("anomaly", language))
    shown, job = component(app, "gan_job"), job_of(app, engine)
    assert shown is not None
    assert shown["token"] == job.control_token
    assert set(shown["stages"]) == set(anomaly.STAGES)
    assert shown["stages"]["encoder"] == say("anomaly.stage_encoder", language)
    named = [line["name"] for chart in shown["charts"] for line in chart["lines"]]
    assert named == ["d_loss", "g_loss", "residual", "matching", "found_normal", "found_odd"]
    assert [one["name"] for one in shown["pictures"]] == ["samples", "rebuilt", "searched"]


def test_all_that_it_tells_has_a_place_on_the_page(open_page, engine, wait_until):
    app = begin(open_page("anomaly"))
    shown, job = component(app, "gan_job"), job_of(app, engine)
    wait_until(lambda: job.frame.state == JobState.DONE)
    assert shown is not None
    assert set(job.frame.curves) == {
        line["name"] for chart in shown["charts"] for line in chart["lines"]
    }
    assert set(job.frame.pictures) == {one["name"] for one in shown["pictures"]}
    assert job.frame.done == job.frame.total


def test_what_it_came_to_takes_the_place_of_the_recorded_one(finished, engine, language):
    app = finished(language)
    assert not app.exception
    own = job_of(app, engine).result
    assert say("anomaly.told_recorded", language) not in texts(app)
    assert cells(tables(app)[0])[1:] == rows_of(own, own.prevalence, language)
    assert [info.value for info in app.info] == [say("anomaly.fallback_no_network", language)]
    app.segmented_control(key="anomaly_shown").select("recorded").run()
    recorded = load_outcome()
    assert cells(tables(app)[0])[1:] == rows_of(recorded, recorded.prevalence, language)
    assert not app.info
    app.segmented_control(key="anomaly_shown").select("own").run()
    assert cells(tables(app)[0])[1:] == rows_of(own, own.prevalence, language)


def test_it_is_kept_while_another_page_is_read(finished, engine):
    app = finished()
    own = job_of(app, engine).result
    app.switch_page("../pages/latent.py").run()
    app.switch_page("../pages/anomaly.py").run()
    assert cells(tables(app)[0])[1:] == rows_of(own, own.prevalence, "en")
    assert app.number_input(key="anomaly_seed").value == TINY["seed"]


def test_it_can_be_put_away(finished, engine):
    app = finished()
    job = job_of(app, engine)
    app.button(key="anomaly_put_away").click().run()
    assert engine.find_job(job.control_token) is None
    recorded = load_outcome()
    assert cells(tables(app)[0])[1:] == rows_of(recorded, recorded.prevalence, "en")
    assert component(app, "gan_job") is None
    assert app.session_state["visit"].jobs == ()


def test_whoever_watches_cannot_steer_but_sees_what_comes_out(open_page, engine, wait_until):
    job = engine.job(AnomalyExperiment(Settings(normal=(6,), **TINY)), anomaly.PLACE)
    wait_until(lambda: job.frame.state == JobState.DONE)
    app = open_page("anomaly", job=job.view_token)
    assert say("anomaly.watching") in [info.value for info in app.info]
    assert app.pills(key="anomaly_normal").value == [6]
    shown = component(app, "gan_job")
    assert shown is not None
    assert (shown["token"], shown["may_steer"]) == (job.view_token, False)
    assert cells(tables(app)[0])[1:] == rows_of(job.result, job.result.prevalence, "en")
    assert job.control_token not in json.dumps(component(app, "gan_odd"))


# A picture of one's own -------------------------------------------------------------------


def test_the_judges_are_those_of_what_is_shown(finished, engine, language):
    app = finished(language)
    own, job = job_of(app, engine).result, job_of(app, engine)
    told = component(app, "gan_odd")
    assert told is not None
    assert (told["token"], told["data"], told["normal"]) == (job.view_token, "digits", [0])
    assert told["scorers"] == {name: say(f"anomaly.scorer_{name}", language) for name in SCORERS}
    assert told["usual"]["anogan"] == 5
    assert told["usual"]["pca_residual"] == int((~own.labels).sum())
    board = words.section(language, "studio")
    assert told["words"]["find_use"] == board["find_use"]
    assert told["words"]["odder_than"] == say("odd.odder_than", language)
    app.segmented_control(key="anomaly_shown").select("recorded").run()
    told = component(app, "gan_odd")
    assert told is not None
    assert (told["token"], told["data"], told["normal"]) == ("recorded", "mnist", [0])


# Try this, formulas, questions ------------------------------------------------------------


def predict(app: AppTest, key: str, choice: str) -> AppTest:
    app.radio(key=f"anomaly.try.{key}").set_value(choice).run()
    return app.button(key=f"anomaly.try.{key}.run").click().run()


@pytest.mark.parametrize(
    ("key", "right", "asked"),
    [
        ("hard", "eight", Settings(normal=(8,))),
        ("eyes", "same", Settings(normal=(8,), feature_weight=1.0)),
    ],
)
def test_an_experiment_sets_the_controls_and_begins(open_page, engine, language, key, right, asked):
    app = open_page("anomaly", language)
    assert app.button(key=f"anomaly.try.{key}.run").disabled
    app = predict(app, key, right)
    assert not app.exception
    job = job_of(app, engine)
    job.cancel()
    assert isinstance(job.experiment, AnomalyExperiment)
    assert job.experiment.settings == asked
    assert app.pills(key="anomaly_normal").value == [8]
    assert app.number_input(key="anomaly_feature_weight").value == asked.feature_weight
    assert say(f"anomaly.try.{key}.explain", language) in texts(app)
    assert say("lesson.predicted_right", language) in texts(app)


def test_rare_anomalies_leave_auroc_and_lower_auprc(open_page, language):
    app = open_page("anomaly", language)
    before = cells(tables(app)[0])[1:]
    app = predict(app, "rare", "auprc")
    after = cells(tables(app)[0])[1:]
    assert app.pills(key="anomaly_share").value == 10
    assert [row[1] for row in after] == [row[1] for row in before]
    for old, new in zip(before, after, strict=True):
        assert old[2] == new[2] == "–" or number(new[2]) < number(old[2])
    assert after[-1][2] == "0.100"
    assert say("anomaly.try.rare.explain", language) in texts(app)


def test_formulas_come_with_what_d_alone_is_worth(open_page, language):
    app = open_page("anomaly", language)
    app.session_state["anomaly_fold"] = True
    app.run()
    assert not app.exception
    alone = load_card()["judge_alone"]
    told = texts(app)
    assert f"{alone['auroc']:.3f}" in told
    assert f"{alone['called_real'][0]:.0%}" in told
    shown = "\n".join(code.value for code in app.code)
    for name in ("search_loss", "search", "encoder_terms", "step", "_nearest", "_made_again"):
        assert f"def {name}(" in shown


@pytest.mark.parametrize(("key", "right"), [("chance", "c"), ("judge", "c")])
def test_the_questions_are_answered(open_page, language, key, right):
    app = open_page("anomaly", language)
    app.radio(key=f"anomaly.quiz.{key}").set_value(right).run()
    reason = say(f"anomaly.quiz.{key}.explain", language)
    assert f"**{say('lesson.right', language)}** {reason}" in texts(app)
