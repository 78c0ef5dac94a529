"""What the live view is told about a loss: lines, formulas and slots for its numbers."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import streamlit as st

from gan_core import checkpoint
from gan_core.config import SWITCH_KEYS, TrainConfig
from gan_core.losses import LOSSES
from gan_core.penalties import PENALTIES
from gan_core.trainer import Trainer
from ui import words
from ui.live import mathml
from ui.training import formulas_of, lines_of

BOUNDS = [{}, *({key: 0.5} for key in PENALTIES), dict.fromkeys(PENALTIES, 0.5)]


@pytest.mark.parametrize("key", LOSSES)
@pytest.mark.parametrize("bounds", BOUNDS, ids=lambda bounds: "+".join(bounds) or "none")
def test_every_number_of_d_has_its_slot_under_its_term(tiny_config, digits, key, bounds):
    config = tiny_config.replace(loss=key, **bounds)
    (_, formula), _ = formulas_of(LOSSES[key], config)
    terms = Trainer(config, digits.images).step_discriminator().d_terms
    slots = re.findall(r"@(\w+)", formula)
    expected = [f"d{index}" for index in range(len(terms))] if len(terms) > 1 else []
    assert slots == [*expected, "d_loss"]
    assert formula.count(r"\nabla") == len(bounds)


@pytest.mark.parametrize("key", LOSSES)
def test_every_formula_can_be_drawn(key):
    config = TrainConfig(loss=key, **dict.fromkeys(PENALTIES, 1.0))
    for player, latex in formulas_of(LOSSES[key], config):
        drawn = mathml(latex)
        assert "\\" not in drawn
        assert f"@{player}_loss</mtext>" in drawn


@pytest.mark.parametrize("key", LOSSES)
def test_there_is_a_line_for_every_value_at_equilibrium(speak, language, key):
    speak(language)
    loss = LOSSES[key]
    expected = {
        "d_loss": loss.discriminator_at_equilibrium,
        "g_loss": loss.generator_at_equilibrium,
        "verdict": loss.verdict_at_equilibrium,
    }
    lines = lines_of(loss)
    assert {line["curve"]: line["value"] for line in lines} == {
        curve: value for curve, value in expected.items() if value is not None
    }
    assert all(
        isinstance(line["label"], str) and "equilibrium" not in line["label"] for line in lines
    )


@pytest.mark.parametrize("key", LOSSES)
def test_a_label_says_the_value_of_its_line(speak, key):
    speak("en")
    parts = {"½": 0.5, "¼": 0.25, "⅛": 0.125}
    for line in lines_of(LOSSES[key]):
        said = re.search(r"[½¼⅛]|−?\d[\d.]*(?= \(|$)", line["label"]).group()
        value = parts.get(said) or float(said.replace("−", "-"))
        assert value == pytest.approx(line["value"], abs=5e-4)


@pytest.mark.parametrize("key", LOSSES)
def test_where_both_are_told_the_class_the_formulas_say_so(key):
    config = TrainConfig(loss=key, conditional="on", **dict.fromkeys(PENALTIES, 1.0))
    plain = formulas_of(LOSSES[key], config.replace(conditional="off"))
    for (_, formula), (_, without) in zip(formulas_of(LOSSES[key], config), plain, strict=True):
        given = re.findall(r"D\((G\(z,y\)|x|\\hat x),y\)", formula)
        assert len(given) == formula.count("D(") == without.count("D(") > 0
        assert formula.replace(",y", "") == without
        assert mathml(formula)


@pytest.mark.parametrize("conditional", SWITCH_KEYS)
def test_a_saved_run_is_offered_with_and_without_classes(
    open_page, monkeypatch, tiny_config, digits, language, conditional
):
    config = tiny_config.replace(conditional=conditional)
    state = Trainer(config, digits.images, digits.labels).state_dict()
    content = checkpoint.to_bytes(config, state)
    file = SimpleNamespace(size=len(content), getvalue=lambda: content)
    monkeypatch.setattr(st, "file_uploader", lambda *_words, **_more: file)
    app = open_page("train", language)
    assert not app.exception
    assert not app.error
    assert words.translate(language, "run.upload_go") in [each.label for each in app.button]
