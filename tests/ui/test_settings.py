"""Settings from the URL, and the sentences about those that cannot be used."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gan_core.config import PRESETS, SettingError, TrainConfig, UnfilledPacks
from gan_core.points.presets import POINT_PRESETS
from ui import words
from ui.point_settings import HERE
from ui.settings import explain, from_query

FIELDS = fields(TrainConfig)
NUMBERS = [spec for spec in FIELDS if "range" in spec.metadata]
OPTIONS = [spec for spec in FIELDS if "options" in spec.metadata]


@pytest.mark.parametrize("query", [{}, {"lang": "zh", "run": "abc", "page": "2"}])
def test_a_url_without_settings_names_no_recipe(query):
    assert from_query(query) == (None, [])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_in_the_url_is_the_recipe(preset):
    assert from_query({"preset": preset}) == (PRESETS[preset], [])


def test_settings_in_the_url_change_the_preset():
    config, problems = from_query({"preset": "fast", "seed": "7", "generator_lr": "1e-3"})
    assert config == PRESETS["fast"].replace(seed=7, generator_lr=1e-3)
    assert problems == []


def test_a_recipe_survives_the_way_through_a_url():
    asked = PRESETS["fast"].replace(loss="minimax", dropout=0.25, beta2=0.99)
    query = {name: str(value) for name, value in asked.to_dict().items()}
    assert from_query(query) == (asked, [])


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
def test_a_number_out_of_range_is_ignored_and_named(speak, language, spec):
    speak(language)
    config, problems = from_query({spec.name: "-7", "loss": "minimax"})
    assert config == TrainConfig(loss="minimax")
    (sentence,) = problems
    assert words.translate(language, f"field.{spec.name}") in sentence
    for limit in spec.metadata["range"]:
        assert written(limit) in sentence


def written(limit: float) -> str:
    """A limit as a student would write it into the URL: all digits of a whole number."""
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


@pytest.mark.parametrize("name", ["batch_size", "beta1"])
@pytest.mark.parametrize("text", ["1e99", "nan", "inf", "", "many", "9" * 5000])
def test_what_is_no_number_is_ignored_too(name, text):
    config, problems = from_query({name: text, "seed": "5"})
    assert config == TrainConfig(seed=5)
    assert len(problems) == 1


@pytest.mark.parametrize("spec", OPTIONS, ids=lambda spec: spec.name)
def test_an_unknown_choice_is_ignored_and_named(speak, language, spec):
    speak(language)
    config, problems = from_query({spec.name: "<b>none</b>", "seed": "5"})
    assert config == TrainConfig(seed=5)
    (sentence,) = problems
    assert words.translate(language, f"field.{spec.name}") in sentence
    assert all(option in sentence for option in spec.metadata["options"])
    assert "<b>" not in sentence


def test_an_unknown_preset_is_ignored_and_named(speak, language):
    speak(language)
    config, problems = from_query({"preset": "none", "seed": "5"})
    assert config == TrainConfig(seed=5)
    (sentence,) = problems
    assert words.translate(language, "settings.preset") in sentence
    assert all(preset in sentence for preset in PRESETS)


def test_points_cannot_be_augmented(speak, language):
    speak(language)
    config, problems = from_query({"preset": "ring", "diff_augment": "on"}, POINT_PRESETS, HERE)
    assert config.diff_augment == "off"
    name = words.translate(language, "field.diff_augment")
    assert problems == [words.translate(language, "problem.setting", name=name, allowed="off")]
    config, problems = from_query({"diff_augment": "on"})
    assert (config.diff_augment, problems) == ("on", [])


def test_classes_can_be_asked_for_by_a_link():
    config, problems = from_query({"preset": "fast", "conditional": "on"})
    assert (config, problems) == (PRESETS["fast"].replace(conditional="on"), [])


def test_points_have_no_classes_and_a_link_that_asks_for_them_hears_so(speak, language):
    speak(language)
    for here in ({}, HERE):  # the core refuses it as well
        query = {"preset": "ring", "conditional": "on"}
        config, problems = from_query(query, POINT_PRESETS, here)
        assert config.conditional == "off"
        name = words.translate(language, "field.conditional")
        assert problems == [words.translate(language, "problem.setting", name=name, allowed="off")]


def test_every_problem_gets_its_own_sentence(speak):
    speak("en")
    config, problems = from_query({"batch_size": "0", "loss": "mse", "seed": "5"})
    assert config == TrainConfig(seed=5)
    assert len(problems) == 2


@pytest.mark.parametrize("spec", FIELDS, ids=lambda spec: spec.name)
def test_every_field_can_be_explained(speak, language, spec):
    speak(language)
    with pytest.raises(SettingError) as caught:
        TrainConfig(**{spec.name: "?"})
    sentence = explain(caught.value)
    assert words.translate(language, f"field.{spec.name}") in sentence
    assert "{" not in sentence


def test_an_unknown_field_can_be_explained(speak, language):
    speak(language)
    with pytest.raises(SettingError) as caught:
        TrainConfig.from_dict({"colour": "blue"})
    expected = words.translate(language, "problem.unknown_setting", name="colour")
    assert explain(caught.value) == expected


@pytest.mark.parametrize(
    ("name", "changes", "least"),
    [
        ("batch_size", {"batch_size": 64, "packing": 3}, "6"),
        ("batch_size", {"batch_size": 6, "packing": 4}, "8"),
        ("examples", {"examples": 1}, "2"),
        ("examples", {"examples": 7, "packing": 4}, "8"),
    ],
)
def test_packs_that_cannot_be_filled_can_be_explained(speak, language, name, changes, least):
    speak(language)
    with pytest.raises(UnfilledPacks) as caught:
        TrainConfig(**changes)
    sentence = explain(caught.value)
    assert words.translate(language, f"field.{name}") in sentence
    assert least in sentence
    assert "{" not in sentence
