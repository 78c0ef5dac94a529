"""*Train on digits* in a real browser: steering, watching, saving, and what goes wrong."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
import torch
from playwright.sync_api import FilePayload, Page, Route, expect
from safetensors.torch import load

from benchmarks.app_server import LiveView, open_live, wait_until_drawn
from gan_core.packing import pack, unpack
from ui.words import translate

pytestmark = pytest.mark.browser

DIGITS = "dataset=digits"
RECIPE = f"{DIGITS}&model=dcgan&batch_size=4&latent_dim=8"
# Adam with much momentum and a short memory for sizes: once D wins and its gradients
# vanish, the steps grow until the weights overflow. Large steps alone do not do that.
EXPLOSIVE = "generator_lr=10&discriminator_lr=10&beta1=0.99&beta2=0.5&loss=minimax"
MOVES = {
    "step-discriminator": ("d-moves", "g-moves", "discriminator"),
    "step-generator": ("g-moves", "d-moves", "generator"),
}


def checkpoint(live: LiveView) -> bytes:
    answer = live.page.request.get(f"/api/run/{live.token}/checkpoint.safetensors")
    assert answer.ok
    return answer.body()


def hear_news(live: LiveView, times: int) -> None:
    """Return after the page has had some more answers from the server."""
    for _ in range(times):
        with live.page.expect_response(lambda answer: f"api/run/{live.token}?" in answer.url):
            pass


def upload(page: Page, name: str, content: bytes) -> None:
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)


# Steering -------------------------------------------------------------------------------


def test_play_trains_and_draws_until_pause(live):
    picture, frames = live.number("picture"), live.number("frames")
    live.press("play")
    live.wait_for_state("running")
    reached = live.wait_for("iteration", 5)
    live.wait_for("iteration", reached + 5)
    live.wait_for("picture", picture + 1)
    live.wait_for("frames", frames + 1)
    live.press("play")
    live.wait_for_state("paused")
    stopped = live.number("iteration")
    hear_news(live, times=3)
    assert live.number("iteration") == stopped


@pytest.mark.parametrize("verb", MOVES)
def test_a_half_move_moves_one_player_alone(page, verb):
    live = open_live(page, f"/train?{DIGITS}&batch_size=8")
    moved, still, name = MOVES[verb]
    before = load(checkpoint(live))
    live.press(verb)
    live.wait_for(moved, 1)
    live.wait_for_state("paused")
    assert (live.number(moved), live.number(still)) == (1, 0)
    after = load(checkpoint(live))
    weights = [key for key in before if key.startswith(("generator.", "discriminator."))]
    changed = {key for key in weights if not torch.equal(before[key], after[key])}
    assert changed == {key for key in weights if key.startswith(name + ".")}


def test_a_half_move_leaves_the_other_counter_alone_after_training(live):
    live.press("step")
    live.wait_for("iteration", 1)
    live.press("step-discriminator")
    live.wait_for("d-moves", 2)
    live.press("step-generator")
    live.wait_for("g-moves", 2)
    assert (live.number("d-moves"), live.number("iteration")) == (2, 3)


@pytest.mark.parametrize(("verb", "count"), [("step", 1), ("step10", 10), ("step100", 100)])
def test_steps_make_as_many_iterations_as_they_say(live, verb, count):
    live.press(verb)
    live.wait_for("iteration", count)
    live.wait_for_state("paused")
    hear_news(live, times=2)
    assert live.number("iteration") == count


def test_reset_asks_before_it_forgets(live):
    live.press("step10")
    live.wait_for("iteration", 10)
    live.press("reset")
    expect(live.button("reset")).to_have_class("button reset confirm")
    assert live.number("iteration") == 10
    live.press("reset")
    live.until(lambda: live.number("iteration") == 0)
    live.wait_for_state("paused")


def test_the_keyboard_plays_pauses_and_steps(live):
    keys = live.page.keyboard
    keys.press("ArrowRight")
    live.wait_for("iteration", 1)
    live.wait_for_state("paused")
    keys.press("Space")
    live.wait_for_state("running")
    live.wait_for("iteration", 3)
    keys.press("Space")
    live.wait_for_state("paused")


def test_a_loss_without_probabilities_shows_scores_and_its_penalties(page):
    """The critic's terms have either sign: a number below zero behind a plus has brackets."""
    live = open_live(page, f"/train?{RECIPE}&loss=wasserstein&gradient_penalty=10&r1=0.5")
    live.press("step10")
    live.wait_for("iteration", 10)
    live.wait_for_state("paused")
    hear_news(live, times=2)
    expect(page.get_by_text("D's score: higher is more real")).to_be_visible()
    numbers = page.locator(".formula.d .slot").all_text_contents()
    *terms, total = (float(text.strip("()").replace("\u2212", "-")) for text in numbers)
    assert len(terms) == 4
    assert sum(terms) == pytest.approx(total, abs=0.003)
    assert numbers[1].startswith("(") == (terms[1] < 0)
    assert not numbers[0].startswith("(")


# Classes --------------------------------------------------------------------------------


def inked(page: Page, sheet: str) -> list[bool]:
    """Say of each of ten rows whether something stands in the margin left of its pictures."""
    rows: list[bool] = page.locator(f".picture.{sheet} canvas").evaluate(
        """(canvas) => {
          const { width, height } = canvas;
          const pitch = height / 10;
          const margin = Math.floor(width - 10 * pitch);
          const context = canvas.getContext("2d");
          return Array.from({ length: 10 }, (_, row) => {
            const { data } = context.getImageData(0, Math.floor(row * pitch), margin, pitch);
            return data.some((value, at) => at % 4 === 3 && value > 128);
          });
        }"""
    )
    return rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_where_both_are_told_classes_every_row_is_one(page, complaints, language):
    live = open_live(page, f"/train?{RECIPE}&conditional=on&lang={language}")
    live.press("step10")
    live.wait_for("iteration", 10)
    live.wait_for_state("paused")
    say = partial(translate, language)
    for sheet, words in (("fake", "picture_alt_rows"), ("real", "real_alt_rows")):
        expect(page.locator(f".picture.{sheet} canvas")).to_have_attribute(
            "aria-label", say(f"live.{words}", count=100, iteration=10)
        )
        live.until(lambda sheet=sheet: inked(page, sheet) == [True] * 10)
    expect(page.get_by_text(say("live.rows"))).to_be_visible()
    expect(page.get_by_text(say("live.rows_real"))).to_be_visible()
    expect(page.locator(".formula.d")).to_contain_text("(G(z,y),y)")
    assert complaints == []


def test_where_nobody_is_told_a_class_the_sheet_has_no_rows(live):
    live.wait_for("frames", 1)
    expect(live.page.get_by_text(translate("en", "live.rows"))).to_be_hidden()
    label = live.page.locator(".picture.fake canvas").get_attribute("aria-label")
    assert label == translate("en", "live.picture_alt", count=64, iteration=0)


# How good the pictures are --------------------------------------------------------------


def measured_at(live: LiveView, iteration: int) -> None:
    """Wait until the numbers are those of an iteration."""
    expect(live.page.locator(".quality-head p")).to_contain_text(f"at iteration {iteration}")


def test_pictures_are_measured_beside_real_ones(live, complaints):
    measured_at(live, 0)
    row = live.page.locator('[data-measure="frechet"]')
    made, real = (float(text.replace(",", "")) for text in row.locator("td").all_text_contents())
    assert made > 10 * real > 0
    assert float(row.get_attribute("data-value") or "nan") == pytest.approx(made, abs=1)
    expect(live.page.locator('[data-measure="coverage"] td.real')).to_have_text("98 %")
    expect(live.page.locator(".quality-head p")).to_contain_text("898 generated pictures")
    label = live.page.locator(".quality canvas").get_attribute("aria-label") or ""
    assert f"other real {real}" in label
    assert complaints == []


def test_classes_that_the_classifier_does_not_know_are_not_shown(live):
    measured_at(live, 0)
    for measure in ("kl", "covered"):
        expect(live.page.locator(f'[data-measure="{measure}"]')).to_be_hidden()
    expect(live.page.locator(".digits")).to_be_hidden()
    expect(live.page.get_by_text("its features still tell")).to_be_visible()


def test_a_step_is_measured_and_a_new_start_begins_again(live):
    measured_at(live, 0)
    first = live.page.locator('[data-measure="frechet"]').get_attribute("data-value")
    live.press("step10")
    measured_at(live, 10)
    live.press("reset")
    live.press("reset")
    measured_at(live, 0)
    again = live.page.locator('[data-measure="frechet"]').get_attribute("data-value")
    assert again == first


def test_ten_bars_say_which_digits_are_made(page):
    """As with MNIST, which this server has not: its answers are given another meter."""
    shares = [0.0, 0.02, 0.005, 0.3, 0.1, 0.1, 0.075, 0.2, 0.1, 0.1]
    scores = {"count": 1000, "frechet": 1234.5, "frechet_floor": 10.49, "coverage": 0.25}
    scores |= {"coverage_floor": 0.97, "kl": 0.31, "kl_floor": 0.006, "covered": 8}
    values = list(scores.values()) + shares

    def replace(route: Route) -> None:
        answer = route.fetch()
        head, content = unpack(answer.body())
        head["meter"] = {
            "thinned": 0,
            "start": 0,
            "centres": 10,
            "iterations": [40],
            "rows": [values],
        }
        head["meter"]["names"] = [*scores, *(f"class_{digit}" for digit in range(10))]
        route.fulfill(response=answer, body=pack(head, content))

    page.route(re.compile(r"/api/run/[^/]+\?"), replace)
    open_live(page, f"/train?{RECIPE}")
    columns = page.locator(".digits .column")
    expect(columns).to_have_count(10)
    expect(page.locator(".digits .share")).to_have_text(
        ["0", "2", "1", "30", "10", "10", "8", "20", "10", "10"]
    )
    assert columns.locator("b").all_text_contents() == [str(digit) for digit in range(10)]
    tall, taller = (columns.nth(digit).locator("i").bounding_box() for digit in (4, 3))
    assert tall is not None
    assert taller is not None
    assert taller["height"] == pytest.approx(3 * tall["height"], rel=0.05)
    expect(columns.nth(0).locator("i")).to_be_hidden()
    label = page.locator(".histogram").get_attribute("aria-label") or ""
    assert "0: 0 %, 1: 2 %" in label
    expect(page.locator('[data-measure="frechet"] td')).to_have_text(["1,235", "10.5"])
    expect(page.locator('[data-measure="kl"] td')).to_have_text(["0.310", "0.006"])
    expect(page.locator('[data-measure="covered"] td')).to_have_text(["8", "10"])
    expect(page.get_by_text("its features still tell")).to_be_hidden()


# Coming back and watching ---------------------------------------------------------------


@pytest.mark.parametrize("playing", [False, True])
def test_a_reload_finds_the_run_again(live, playing):
    token = live.token
    live.press("play")
    live.wait_for("iteration", 3)
    if not playing:
        live.press("play")
        live.wait_for_state("paused")
    reached = live.number("iteration")
    live.page.reload()
    live.wait_for("iteration", reached)
    live.until(lambda: live.token == token)
    live.wait_for_state("running" if playing else "paused")
    assert playing or live.number("iteration") == reached


@pytest.mark.parametrize("way", ["by its link", "from another page"])
def test_the_settings_of_a_run_come_back_with_it(live, way):
    page = live.page
    if way == "by its link":
        page.goto(f"/train?run={live.token}")
    else:
        links = page.get_by_test_id("stSidebarNavLink")
        links.filter(has_text="Latent space").click()
        page.get_by_role("slider").first.wait_for()
        links.filter(has_text="Train on digits").click()
    live.wait_for_state("paused")
    wait_until_drawn(page)
    expect(page.get_by_role("combobox", name="Data")).to_have_value("Built-in digits (no network)")
    expect(page.get_by_text("You have changed the settings")).to_have_count(0)


def test_others_may_watch_by_the_link_but_not_steer(live, open_page):
    link = live.view_link
    assert live.token not in link
    live.press("play")
    visitor = open_page()
    visitor.goto(link)
    watching = LiveView(visitor)
    reached = watching.wait_for("iteration", 1)
    watching.wait_for("iteration", reached + 3)
    expect(watching.button("play")).to_have_count(0)
    expect(watching.button("reset")).to_have_count(0)
    for verb in ("pause", "reset", "step?count=5", "keep-going?on=1"):
        assert visitor.request.post(f"/api/run/{watching.token}/{verb}").status == 403
    taken = visitor.request.get(f"/api/run/{watching.token}/checkpoint.safetensors")
    assert taken.status == 403
    live.wait_for("iteration", live.number("iteration") + 3)


# Saving and loading ---------------------------------------------------------------------


def test_a_pickle_is_refused_with_a_sentence(live, pickle_file: Path):
    live.press("step10")
    live.wait_for("iteration", 10)
    token = live.token
    upload(live.page, pickle_file.name, pickle_file.read_bytes())
    expect(live.page.get_by_test_id("stSidebar")).to_contain_text("Such files can run code")
    hear_news(live, times=1)
    assert (live.token, live.number("iteration")) == (token, 10)


def test_a_saved_run_is_continued_with_its_own_settings(live, open_page):
    live.press("step10")
    live.wait_for("iteration", 10)
    live.wait_for_state("paused")
    saved = checkpoint(live)
    page = open_page()
    other = open_live(page, f"/train?{DIGITS}&batch_size=8")
    upload(page, "run.safetensors", saved)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_contain_text("Saved at iteration 10")
    sidebar.get_by_role("button", name="Load it").click()
    other.wait_for("iteration", 10)
    other.wait_for_state("paused")
    again = load(checkpoint(other))
    assert all(torch.equal(again[key], value) for key, value in load(saved).items())
    wait_until_drawn(page)
    expect(page.get_by_text("You have changed the settings")).to_have_count(0)


# When something goes wrong --------------------------------------------------------------


def test_a_run_that_breaks_down_says_so_and_can_start_again(page):
    live = open_live(page, f"/train?{DIGITS}&batch_size=8&latent_dim=8&{EXPLOSIVE}")
    live.press("play")
    live.wait_for_state("diverged")
    expect(live.root.locator(".state.diverged")).to_contain_text("left all bounds")
    expect(live.button("play")).to_be_disabled()
    live.press("reset")
    live.press("reset")
    live.wait_for_state("paused")
    assert live.number("iteration") == 0


def test_an_unknown_token_gets_a_notice_and_a_new_run(page):
    live = open_live(page, f"/train?{DIGITS}&run=nonsense")
    expect(page.get_by_test_id("stAlert")).to_contain_text("no longer exists")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    live.until(lambda: live.token not in ("", "nonsense"))


def test_settings_out_of_range_in_the_link_get_a_notice(page):
    open_live(page, f"/train?{DIGITS}&batch_size=100000&generator_lr=abc")
    notices = page.get_by_test_id("stAlert")
    expect(notices.filter(has_text="Batch size")).to_contain_text("from 2 to 1024")
    expect(notices.filter(has_text="Learning rate of G")).to_contain_text("ignored")
    expect(page.get_by_test_id("stException")).to_have_count(0)


# Words ----------------------------------------------------------------------------------


def test_another_language_keeps_the_run(live, complaints):
    live.press("step10")
    live.wait_for("iteration", 10)
    token, page = live.token, live.page
    english = live.button("play").inner_text()
    page.get_by_test_id("stSidebar").get_by_role("radio", name="中文").click()
    expect(live.button("play")).not_to_have_text(english)
    live.until(lambda: "lang=zh" in page.url)
    assert (live.token, live.number("iteration")) == (token, 10)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="潜").click()
    live.until(lambda: "/latent" in page.url and "lang=zh" in page.url)
    live.until(lambda: live.token == token)
    assert complaints == []
