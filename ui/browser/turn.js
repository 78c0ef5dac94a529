import { asker } from "./ask.js";
import { Chart } from "./chart.js";
import { PATTERNS } from "./chart_marks.js";
import { element, setText } from "./dom.js";
import { STILL, bringIntoView } from "./motion.js";
import { mounter } from "./mount.js";
import { decimals, grouped } from "./numbers.js";
import { readTheme } from "./theme.js";
import { button, chips, slider } from "./widgets.js";
import { speaker } from "./words.js";

const GAMES = ["dirac", "bilinear"];
const METHODS = ["gan", "non_saturating", "wgan", "wgan_gp", "instance_noise", "r1", "r2", "r1_r2", "consensus"];
const PENALISED = ["r1", "r2", "r1_r2"];
const UPDATES = ["simultaneous", "alternating", "extragradient", "optimistic", "proximal"];
const SENTENCES = { escapes: "escapes", grows: "grows", cycles: "cycles", shrinks: "shrinks", arrives: "arrives", rests: "rests" };
const MARKS = ["filled", "square", "triangle", "hollow"];
const MOST = 4;
const FURTHEST = 4;
const LENGTH = 5000;
const BASE = { game: "dirac", methods: ["gan"], updates: ["simultaneous"], h: 0.2, gamma: 0.3, noise: 0.7, clip: 1, discriminator_moves: 1, penalise_all: false, start: [1, 1], steps: 500 };
const PRESETS = {
  spiral: {},
  circle: { updates: ["simultaneous", "alternating"] },
  cures: { methods: ["gan", "non_saturating", "wgan", "r1"] },
  limit: { updates: ["alternating"], h: 3.9, start: [0.05, 0.05] },
  xy: { game: "bilinear", gamma: 0, h: 0.1, updates: ["simultaneous", "alternating", "extragradient", "optimistic"], steps: 300 },
};

/** A number with three digits that matter. */
const factor = (value) => (value === null || value === undefined ? "–" : decimals(value, Math.abs(value - 1) < 0.1 ? 5 : 3));
const size = (value) => (value !== 0 && (value < 0.001 || value >= 10000) ? value.toExponential(1).replace("-", "−") : decimals(value, 3));

/** Two players as a point that moves: where it goes, how far from the middle, and why. */
class Turn {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-turn" });
    parent.append(this.root);
    Object.assign(this, { ask: asker("api/game/turn"), charts: [], state: { ...BASE }, upTo: null });
    this.refresh(data);
  }

  /** Take new words or a new scene; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data.words);
    if (sign !== this.sign) {
      this.sign = sign;
      Object.assign(this, { say: speaker(data.words), formulas: data.formulas });
      this.build();
    }
    if (data.scene && data.scene.id !== this.scene) {
      this.scene = data.scene.id;
      this.take({ ...BASE, ...data.scene.settings }, this.mounted);
      this.presets.set(null);
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
    this.portrait = new Chart({ title: say("portrait_title"), x: { label: "" }, y: { label: "" }, equal: true, alt: say("portrait_alt"), className: "portrait" });
    this.radius = new Chart({ title: say("radius_title"), x: { label: say("rounds") }, y: { label: "r", log: true }, alt: say("radius_alt"), className: "radius" });
    this.time = new Chart({ title: say("time_title"), x: { label: "Re" }, y: { label: "Im" }, equal: true, alt: say("time_alt"), className: "plane" });
    this.round = new Chart({ title: say("round_title"), x: { label: "Re" }, y: { label: "Im" }, equal: true, alt: say("round_alt"), className: "plane" });
    this.charts = [this.portrait, this.radius, this.time, this.round];
    this.portrait.onDrag(({ x, y, phase }) => this.moveStart(x, y, phase), "none");
    this.play = button({ label: say("play"), help: say("play_help"), sign: "play", kind: "primary", onClick: () => this.toggle() });
    this.verdicts = element("ul", { class: "verdicts", role: "status" });
    this.note = element("p", { class: "small" });
    this.formulaBox = element("div", { class: "formulas" });
    const left = element("div", { class: "left" }, this.portrait.element, element("div", { class: "row" }, this.play.element, this.note));
    const right = element("div", { class: "right" }, this.verdicts, this.radius.element, element("div", { class: "planes" }, this.time.element, this.round.element));
    this.root.replaceChildren(this.buildChoices(), element("div", { class: "layout" }, left, right), this.buildSliders(), this.formulaBox);
  }

  buildChoices() {
    const { say } = this;
    const options = (keys) => keys.map((key) => ({ key, label: say(key) }));
    this.presets = chips({ label: say("presets"), options: options(["spiral", "circle", "cures", "limit", "xy"]), value: "spiral", onChange: (key) => this.take({ ...BASE, ...PRESETS[key] }) });
    this.games = chips({ label: say("game"), options: options(GAMES), value: "dirac", onChange: (game) => this.setGame(game) });
    this.methods = chips({ label: say("methods"), options: options(METHODS), value: ["gan"], multiple: true, onChange: (methods) => this.setList("methods", methods) });
    this.updates = chips({ label: say("updates"), options: options(UPDATES), value: ["simultaneous"], multiple: true, onChange: (updates) => this.setList("updates", updates) });
    this.most = element("p", { class: "small" }, say("most"));
    return element("div", { class: "choices" }, this.presets.element, this.games.element, this.methods.element, this.updates.element, this.most);
  }

  buildSliders() {
    const { say } = this;
    const part = (key, label, help, options) => slider({ label: say(label), help: say(help), value: this.state[key], ...options, onInput: (value) => this.edit({ [key]: value }) });
    const two = (value) => decimals(value, 2);
    this.sliders = {
      h: part("h", "h", "h_help", { min: 0.01, max: 5, log: true, format: (value) => String(value) }),
      gamma: part("gamma", "gamma", "gamma_help", { min: 0, max: 3, step: 0.05, format: two }),
      noise: part("noise", "noise", "noise_help", { min: 0, max: 3, step: 0.05, format: two }),
      clip: part("clip", "clip", "clip_help", { min: 0.05, max: 3, step: 0.05, format: two }),
      discriminator_moves: part("discriminator_moves", "moves", "moves_help", { min: 1, max: 10, step: 1 }),
      steps: part("steps", "steps", "steps_help", { min: 100, max: 10000, log: true, format: grouped }),
    };
    this.everywhere = chips({ label: say("penalise"), options: [{ key: "all", label: say("penalise_all"), help: say("penalise_help") }], value: [], multiple: true, visible: false, onChange: (chosen) => this.edit({ penalise_all: chosen.length > 0 }) });
    return element("div", { class: "sliders" }, ...Object.values(this.sliders).map((one) => one.element), this.everywhere.element);
  }

  /** Take a whole new set-up; `play` lets the path grow from its start. */
  take(state, play = false) {
    this.state = { ...state, start: [...state.start] };
    this.kept = null;
    this.change(play);
  }

  setGame(game) {
    const alone = { methods: ["gan"], updates: ["simultaneous"] };
    this.edit({ game, ...alone, gamma: game === "dirac" ? BASE.gamma : 0 });
  }

  setList(name, list) {
    this.edit({ [name]: list.length ? list : this.state[name] });
  }

  edit(change) {
    Object.assign(this.state, change);
    this.presets.set(null);
    this.change();
  }

  /** The start follows the pointer; the scale waits until it is let go. */
  moveStart(x, y, phase) {
    const inside = (value) => Math.min(FURTHEST, Math.max(-FURTHEST, value));
    this.kept = phase === "end" ? null : this.answer?.reach;
    this.edit({ start: [inside(x), inside(y)] });
  }

  /** Ask for the walks of the present set-up, and show them. */
  async change(play = false) {
    this.stop();
    this.write();
    this.handle();
    const answer = await this.ask({ ...this.state, reach: this.kept ?? null });
    if (this.closed || !answer || answer.failed) return;
    this.answer = answer;
    this.root.dataset.answers = (Number(this.root.dataset.answers) || 0) + 1;
    if (play && !STILL.matches) this.begin();
    else this.draw();
    this.tell();
  }

  /** Write the controls; those that change nothing now are greyed out. */
  write() {
    const { state } = this;
    const dirac = state.game === "dirac";
    this.games.set(state.game);
    this.methods.set(dirac ? state.methods : []);
    this.methods.element.hidden = !dirac;
    this.methods.limit(Math.floor(MOST / state.updates.length));
    this.updates.set(state.updates);
    this.updates.limit(dirac ? Math.floor(MOST / state.methods.length) : MOST);
    for (const [key, control] of Object.entries(this.sliders)) control.set(state[key]);
    const has = (keys) => dirac && keys.some((key) => state.methods.includes(key));
    this.sliders.gamma.enable(!dirac || state.penalise_all || has(PENALISED));
    this.sliders.noise.enable(has(["instance_noise"]));
    this.sliders.clip.enable(has(["wgan"]));
    this.sliders.discriminator_moves.enable(state.updates.includes("alternating"));
    this.everywhere.set(state.penalise_all ? ["all"] : []);
    this.everywhere.element.hidden = !dirac;
    this.showFormulas();
  }

  handle() {
    const [x, y] = this.state.start;
    const step = (this.answer?.reach ?? 2) / 40;
    this.portrait.setHandles([{ key: "start", x, y, mark: "hollow", colour: "theory-text", label: this.say("start"), text: `${decimals(x, 2)}, ${decimals(y, 2)}`, ends: [-FURTHEST, FURTHEST], step: { x: step, y: step }, onMove: (at) => at.phase !== "start" && this.moveStart(at.x, at.y, at.phase) }]);
  }

  /** What a walk is called: by whatever the walks differ in. */
  nameOf(walk) {
    const { say, state } = this;
    const method = say(walk.method);
    const update = say(walk.update);
    if (state.game === "bilinear") return update;
    if (state.updates.length === 1) return method;
    return state.methods.length === 1 ? update : `${method}, ${update}`;
  }

  draw() {
    const { answer, theme, state } = this;
    if (!answer || !theme) return;
    const [across, up] = state.game === "dirac" ? ["θ (G)", "ψ (D)"] : ["x (G)", "y (D)"];
    Object.assign(this.portrait.axes.x, { label: across });
    Object.assign(this.portrait.axes.y, { label: up });
    this.drawPortrait();
    this.drawRadius();
    this.drawPlanes();
    this.handle();
  }

  drawPortrait() {
    const { answer, theme } = this;
    const { reach } = answer;
    const upTo = this.upTo ?? Infinity;
    const lines = answer.walks.map((walk, index) => {
      const count = walk.rounds.findLastIndex((round) => round >= 0 && round <= upTo) + 1;
      return { x: walk.x.slice(0, count), y: walk.y.slice(0, count), colour: index, ...(walk.jumps ? { dots: true, width: 1, alpha: 0.5 } : { dash: PATTERNS[index], width: 2.25 }) };
    });
    const ends = lines.map((line, index) => ({ x: line.x.at(-1), y: line.y.at(-1), colour: index, mark: MARKS[index], size: 5, label: lines.length > 1 ? this.nameOf(answer.walks[index]) : "" }));
    const points = [{ x: 0, y: 0, colour: "text", mark: "cross", size: 6 }, ...ends];
    this.portrait.show({ lines, points, arrows: this.arrows(), xRange: [-reach, reach], yRange: [-reach, reach], theme });
  }

  /** The field as arrows: longer where the players move faster. */
  arrows() {
    const { field } = this.answer;
    if (field.arrows) return field.arrows;
    const count = field.places.length;
    const speeds = field.dx.map((dx, index) => Math.hypot(dx, field.dy[index]));
    const fastest = Math.max(...speeds) || 1;
    const cell = (field.places[1] - field.places[0]) * 0.8;
    field.arrows = speeds.map((speed, index) => {
      const length = speed ? (cell * (0.3 + 0.7 * Math.sqrt(speed / fastest))) / speed : 0;
      const [dx, dy] = [field.dx[index] * length, field.dy[index] * length];
      return { x: field.places[index % count] - dx / 2, y: field.places[Math.floor(index / count)] - dy / 2, dx, dy };
    });
    return field.arrows;
  }

  drawRadius() {
    const { answer, theme } = this;
    const upTo = this.upTo ?? Infinity;
    const floor = 1e-12;
    // On a phone the names beside the lines would leave no room for the lines.
    const named = answer.walks.length > 1 && this.root.clientWidth > 500;
    const lines = answer.walks.map((walk, index) => ({
      x: walk.r_rounds, y: walk.r.map((r, at) => (r > floor && walk.r_rounds[at] <= upTo ? r : null)), colour: index, dash: PATTERNS[index], label: named ? this.nameOf(walk) : "",
    }));
    const values = answer.walks.flatMap((walk) => walk.r.filter((r) => r > floor));
    const [low, high] = [Math.min(...values, 1), Math.max(...values, 1)];
    const yRange = values.length ? [Math.max(floor, low / 1.5), high * 1.5] : [0.1, 10];
    this.radius.show({ lines, xRange: [0, answer.rounds], yRange, theme });
  }

  drawPlanes() {
    const { answer, theme } = this;
    const pointsOf = (key) => answer.walks.flatMap((walk, index) => (walk[key] ?? []).map(([x, y]) => ({ x, y, colour: index, mark: MARKS[index], size: 5 })));
    const time = pointsOf("eigenvalues");
    const far = Math.max(0.7, ...time.flatMap(({ x, y }) => [Math.abs(x) * 0.7, Math.abs(y) * 1.2]));
    this.time.show({ points: time, markers: [{ x: 0, quiet: true, label: "Re = 0" }], xRange: [-1.5 * far, 0.5 * far], yRange: [-far, far], theme });
    const round = pointsOf("multipliers");
    const wide = Math.max(1.15, ...round.flatMap(({ x, y }) => [Math.abs(x) * 1.1, Math.abs(y) * 1.1]));
    this.round.show({ points: round, lines: [this.circle()], xRange: [-wide, wide], yRange: [-wide, wide], theme });
  }

  circle() {
    const angles = Array.from({ length: 97 }, (_, index) => (index * Math.PI) / 48);
    return { x: angles.map(Math.cos), y: angles.map(Math.sin), colour: "theory", dash: "dotted", width: 1.75 };
  }

  /** One sentence for each walk, with what theory says and what was measured. */
  tell() {
    const { answer, say } = this;
    this.verdicts.replaceChildren(...answer.walks.map((walk, index) => {
      const values = { name: this.nameOf(walk), made: grouped(walk.made), factor: factor(walk.factor), growth: factor(walk.growth), low: size(walk.low), high: size(walk.high), first: size(walk.first), last: size(walk.last) };
      const theory = walk.growth === null ? say("no_theory") : say("theory", values);
      return element("li", { style: `--ink: var(--overlay-${index})`, "data-kind": walk.kind }, element("i", { class: `swatch ${PATTERNS[index]}`, "aria-hidden": "true" }), element("span", {}, element("b", {}, values.name), ": ", say(SENTENCES[walk.kind], values), " ", theory));
    }));
    const method = say(answer.field.game === "bilinear" ? "bilinear" : answer.field.game);
    const parts = [say("arrows", { method })];
    if (answer.capped) parts.push(say("capped", { rounds: grouped(answer.rounds) }));
    if (answer.walks.some((walk) => walk.rounds.includes(-1))) parts.push(say("gap"));
    setText(this.note, parts.join(" "));
  }

  showFormulas() {
    const { state, formulas } = this;
    const games = state.game === "dirac" ? state.methods : ["bilinear"];
    const keys = [...games, ...state.updates];
    if (keys.join() === this.shownFormulas) return;
    this.shownFormulas = keys.join();
    this.formulaBox.replaceChildren(...keys.map((key) => {
      const box = element("div", { class: "formula" }, element("b", {}, this.say(key)));
      for (const mathml of formulas[key]) {
        const line = element("span", { class: "math" });
        line.innerHTML = mathml;
        box.append(line);
      }
      return box;
    }));
  }

  toggle() {
    if (this.playing) this.stop(true);
    else if (this.answer) this.begin();
  }

  /** Let the path grow: slowly at first, so that single rounds can be seen. */
  begin() {
    const from = this.upTo !== null && this.upTo < this.answer.rounds ? Math.sqrt(this.upTo / this.answer.rounds) : 0;
    const began = performance.now() - from * LENGTH;
    this.playing = true;
    this.play.say(this.say("pause"), "pause");
    const step = (now) => {
      const share = Math.min(1, Math.max(0, (now - began) / LENGTH));
      this.upTo = Math.max(1, Math.round(share * share * this.answer.rounds));
      if (share === 1) return this.stop();
      this.frame = requestAnimationFrame(step);
      return this.draw();
    };
    this.frame = requestAnimationFrame(step);
  }

  /** Stop growing; the whole path is shown again unless it was only paused. */
  stop(paused = false) {
    cancelAnimationFrame(this.frame);
    this.playing = false;
    if (!paused) this.upTo = null;
    this.play.say(this.say("play"), "play");
    if (!paused) this.draw();
  }

  /** Leave the page: no timer or observer stays behind. */
  close() {
    this.closed = true;
    cancelAnimationFrame(this.frame);
    for (const chart of this.charts) chart.close();
    this.root.remove();
  }
}

export default mounter((parent, data) => new Turn(parent, data));
