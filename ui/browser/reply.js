import { asker } from "./ask.js";
import { Bars } from "./bars.js";
import { Bumps } from "./bumps.js";
import { Chart } from "./chart.js";
import { element, setText } from "./dom.js";
import { bringIntoView } from "./motion.js";
import { mounter } from "./mount.js";
import { decimals } from "./numbers.js";
import { readTheme } from "./theme.js";
import { button, chips, slider } from "./widgets.js";
import { speaker } from "./words.js";

const AXIS = [-8, 8];
const PAUSE = 650;
const HEIGHTS = [0.5, 1, 1.5, 2, 3];
const bump = (mean, width = 1, weight = 1) => ({ mean, width, weight });
const PRESETS = {
  shifted: { p: [bump(0)], q: [bump(2)] },
  same: { p: [bump(0)], q: [bump(0)] },
  one_of_two: { p: [bump(-3, 0.7), bump(3, 0.7)], q: [bump(3, 0.7)] },
  far: { p: [bump(-5, 0.5)], q: [bump(5, 0.5)] },
  narrow: { p: [bump(0, 2)], q: [bump(0, 0.4)] },
};

/** p and q on a line, the best D for them, and how far apart they are. */
class Reply {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-reply" });
    parent.append(this.root);
    Object.assign(this, { ask: asker("api/game/reply"), askLearning: asker("api/game/learn"), charts: [] });
    this.bumps = new Bumps(PRESETS.shifted);
    this.refresh(data);
  }

  /** Take new words or a new scene; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data.words);
    if (sign !== this.sign) {
      this.sign = sign;
      Object.assign(this, { say: speaker(data.words), parting: data.parting });
      this.build();
    }
    if (data.scene && data.scene.id !== this.scene) {
      this.scene = data.scene.id;
      this.usePreset(data.scene.preset);
      if (data.scene.learn && this.mounted) this.learn();
      if (this.mounted) bringIntoView(this.root);
    } else this.change();
    this.mounted = true;
    requestAnimationFrame(() => {
      this.theme = readTheme(this.root);
      this.draw();
    });
  }

  build() {
    const { say } = this;
    for (const chart of this.charts) chart.close();
    this.chart = new Chart({ title: say("chart_title"), x: { label: "x", range: AXIS }, y: { label: say("density") }, right: { label: "D(x)", range: [0, 1] }, alt: say("chart_alt"), className: "main" });
    this.distances = new Chart({ title: say("distances_title"), x: { label: say("distance_d"), range: [0, 8] }, y: { label: say("distance"), range: [0, 3] }, alt: say("distances_alt") });
    this.slopes = new Chart({ title: say("slopes_title"), x: { label: say("distance_d"), range: [0, 8] }, y: { label: say("slope"), range: [0, 3] }, alt: say("slopes_alt") });
    this.charts = [this.chart, this.distances, this.slopes];
    this.presets = chips({ label: say("presets"), options: ["shifted", "same", "one_of_two", "far", "narrow"].map((key) => ({ key, label: say(key) })), value: "shifted", onChange: (key) => this.usePreset(key) });
    this.bars = new Bars(say);
    this.partingNote = element("p", { class: "small" });
    const work = element("div", { class: "work" }, this.chart.element, this.presets.element, this.buildBump(), this.buildLearner());
    const parting = element("div", { class: "parting" }, this.distances.element, this.slopes.element, this.partingNote);
    this.root.replaceChildren(element("div", { class: "layout" }, work, this.bars.element), parting);
  }

  /** The controls of the chosen bump, and those that add or remove one. */
  buildBump() {
    const { say } = this;
    const part = (key, label, help, min, max, step, places) =>
      slider({ label: say(label), help: say(help), min, max, step, value: this.bumps.chosen[key], format: (value) => decimals(value, places), onInput: (value) => this.edit({ [key]: value }) });
    this.sliders = { mean: part("mean", "mean", "mean_help", -7, 7, 0.05, 2), width: part("width", "width", "width_help", 0.15, 3, 0.05, 2), weight: part("weight", "share", "share_help", 0.05, 1, 0.05, 2) };
    this.which = element("div");
    this.add = { p: button({ label: say("add_p"), help: say("add_help"), onClick: () => this.restructure(() => this.bumps.add("p")) }), q: button({ label: say("add_q"), help: say("add_help"), onClick: () => this.restructure(() => this.bumps.add("q")) }) };
    this.remove = button({ label: say("remove"), help: say("remove_help"), onClick: () => this.restructure(() => this.bumps.remove()) });
    const sliders = element("div", { class: "sliders" }, ...Object.values(this.sliders).map((one) => one.element));
    const row = element("div", { class: "row" }, this.add.p.element, this.add.q.element, this.remove.element);
    return element("div", { class: "bump" }, this.which, sliders, row, element("p", { class: "small" }, say("drag_hint")));
  }

  buildLearner() {
    const { say } = this;
    this.learnButton = button({ label: say("learn"), help: say("learn_help"), sign: "play", kind: "primary", onClick: () => this.learn() });
    this.steps = element("div");
    this.error = element("p", { class: "error", role: "status" }, say("learn_lead"));
    return element("div", { class: "learner" }, element("div", { class: "row" }, this.learnButton.element, this.steps), this.error);
  }

  usePreset(key) {
    if (!PRESETS[key]) return;
    this.bumps.set(PRESETS[key]);
    this.presets.set(key);
    this.restructure(() => {}, key);
  }

  /** Change how many bumps there are, or which are meant. */
  restructure(change, preset = null) {
    change();
    if (!preset) this.presets.set(null);
    this.forget();
    this.change();
  }

  edit(change) {
    this.bumps.edit(change);
    this.presets.set(null);
    this.forget();
    this.change();
  }

  choose(name) {
    this.bumps.choose(name);
    this.write();
    this.handles();
  }

  /** Ask for what the present p and q are like, and show it. */
  async change() {
    this.write();
    this.handles();
    const asked = this.bumps.densities();
    const answer = await this.ask(asked);
    if (!answer || answer.failed || this.closed) return;
    Object.assign(this, { answer, gap: this.bumps.gapOf(asked) });
    this.root.dataset.answers = (Number(this.root.dataset.answers) || 0) + 1;
    this.draw();
  }

  /** Write the controls. */
  write() {
    const { chosen, names, name } = this.bumps;
    for (const [key, control] of Object.entries(this.sliders)) control.set(chosen[key]);
    this.sliders.weight.enable(this.bumps[name[0]].length > 1);
    this.remove.enable(this.bumps[name[0]].length > 1);
    for (const side of ["p", "q"]) this.add[side].enable(this.bumps[side].length < 4);
    const shown = names.join();
    if (shown !== this.shownNames) {
      this.shownNames = shown;
      this.choice = chips({ label: this.say("bump"), options: names.map((one) => ({ key: one, label: this.bumps.label(one) })), value: name, onChange: (one) => this.choose(one) });
      this.which.replaceChildren(this.choice.element);
    }
    this.choice.set(name);
  }

  /** Handles at the middle of every bump, and one for the width of the chosen bump. */
  handles() {
    const { say, bumps } = this;
    const handles = bumps.names.map((name) => this.meanHandle(name));
    const { chosen, name } = bumps;
    const side = chosen.mean + chosen.width > AXIS[1] ? -1 : 1;
    const place = chosen.mean + side * chosen.width;
    handles.push({
      key: "width", x: place, y: this.heightAt(name[0], place), mark: "width", colour: name[0] === "p" ? "real" : "fake",
      label: say("width_handle", { bump: bumps.label(name) }), text: decimals(chosen.width, 2), ends: AXIS, step: { x: 0.05, y: 0 },
      onMove: ({ x }) => this.edit({ width: Math.min(3, Math.max(0.15, side * (x - chosen.mean))) }),
    });
    this.chart.setHandles(handles);
  }

  meanHandle(name) {
    const { say, bumps } = this;
    const { mean, width } = bumps.find(name);
    return {
      key: name, x: mean, y: this.heightAt(name[0], mean), colour: name[0] === "p" ? "real" : "fake", mark: name[0] === "p" ? "filled" : "hollow",
      label: say("mean_handle", { bump: bumps.label(name) }), text: decimals(mean, 2), ends: AXIS, step: { x: 0.1, y: 0 },
      onMove: ({ x, phase }) => {
        if (phase === "start") return this.choose(name);
        bumps.choose(name);
        return phase === "move" ? this.edit({ mean: Math.min(7, Math.max(-7, x)) }) : undefined;
      },
      onTurn: (way) => {
        bumps.choose(name);
        this.edit({ width: Math.min(3, Math.max(0.15, bumps.find(name).width * 1.05 ** way)) });
      },
      width,
    };
  }

  /** The height of a curve at x, read off the last answer. */
  heightAt(side, x) {
    const curve = this.answer?.[side];
    if (!curve) return 0;
    const index = ((x - AXIS[0]) / (AXIS[1] - AXIS[0])) * (curve.length - 1);
    return curve[Math.min(curve.length - 1, Math.max(0, Math.round(index)))];
  }

  draw() {
    const { answer, theme } = this;
    if (!answer || !theme) return;
    const count = answer.p.length;
    this.x ??= Array.from({ length: count }, (_, index) => AXIS[0] + ((AXIS[1] - AXIS[0]) * index) / (count - 1));
    const { x } = this;
    const most = Math.max(...answer.p, ...answer.q);
    const top = HEIGHTS.find((height) => height >= most * 1.12) ?? most * 1.12;
    const lines = [
      { x, y: answer.p, colour: "real", fill: true, label: this.say("p_label"), at: "peak" },
      { x, y: answer.q, colour: "fake", dash: "dashed", label: this.say("q_label"), at: "peak" },
      { x, y: answer.d, colour: "d", axis: "right", label: "D*" },
    ];
    const moment = this.learned?.moments[this.shown];
    if (moment) lines.push({ x, y: moment.d, colour: "d", dash: "short", axis: "right", label: "D", width: 3 });
    this.chart.show({ lines, markers: [{ y: 0.5, axis: "right", label: "½" }], yRange: [0, top], theme });
    this.handles();
    this.bars.show(answer);
    this.drawParting();
  }

  drawParting() {
    const { parting, say, theme, gap } = this;
    const markers = gap === null ? [] : [{ x: gap, label: `d = ${decimals(gap, 2)}` }];
    const until = (values, most) => values.map((value) => (value > most ? null : value));
    this.distances.show({
      lines: [
        { x: parting.d, y: until(parting.w1, 2.95), colour: 0, dash: "long", label: "W1" },
        { x: parting.d, y: parting.tv, colour: 1, dash: "dashdot", label: "TV" },
        { x: parting.d, y: parting.jsd, colour: "d", label: "JSD" },
      ],
      markers: [{ y: Math.LN2, label: say("log_two") }, ...markers], theme,
    });
    this.slopes.show({
      lines: [
        { x: parting.d, y: until(parting.non_saturating, 2.95), colour: "g", dash: "dashed", label: say("non_saturating") },
        { x: parting.d, y: parting.saturating, colour: 0, dash: "dashdot", label: say("saturating"), at: "peak" },
      ],
      markers, theme,
    });
    // The charts are over the distance, whichever side q is on.
    const shown = (slope) => decimals(gap === null ? slope : Math.abs(slope), 3);
    const slopes = { saturating: shown(this.answer.saturating), non_saturating: shown(this.answer.non_saturating) };
    setText(this.partingNote, say(gap === null ? "parting_other" : "parting_note", { d: decimals(gap, 2), ...slopes }));
  }

  /** Train a small D on samples of the present p and q, and play what it had learned when. */
  async learn() {
    this.forget();
    const asked = { ...this.bumps.densities(), seed: 0 };
    const sign = JSON.stringify(asked);
    this.learnButton.enable(false);
    setText(this.error, this.say("learning"));
    const answer = await this.askLearning(asked);
    this.learnButton.enable(true);
    if (this.closed) return;
    if (!answer || answer.failed) return setText(this.error, this.say("lost"));
    if (sign !== JSON.stringify({ ...this.bumps.densities(), seed: 0 })) return setText(this.error, this.say("moved_on"));
    this.learned = answer;
    this.stepChips = chips({ label: this.say("steps"), options: answer.moments.map((one) => ({ key: one.steps, label: String(one.steps) })), value: 0, onChange: (steps) => this.showMoment(answer.moments.findIndex((one) => one.steps === steps), true) });
    this.steps.replaceChildren(this.stepChips.element);
    return this.showMoment(0);
  }

  /** Show D at one moment; unless chosen by hand, the next one follows. */
  showMoment(index, byHand = false) {
    clearTimeout(this.timer);
    this.shown = index;
    const { steps, error } = this.learned.moments[index];
    this.stepChips.set(steps);
    setText(this.error, this.say("error", { steps, error: decimals(error, 4) }));
    this.draw();
    if (!byHand && index + 1 < this.learned.moments.length) this.timer = setTimeout(() => this.showMoment(index + 1), PAUSE);
  }

  /** p or q has moved: what was learned belongs to the old ones. */
  forget() {
    clearTimeout(this.timer);
    if (!this.learned) return;
    this.learned = null;
    this.steps.replaceChildren();
    setText(this.error, this.say("learn_lead"));
  }

  /** Leave the page: no timer or observer stays behind. */
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    for (const chart of this.charts) chart.close();
    this.root.remove();
  }
}

export default mounter((parent, data) => new Reply(parent, data));
