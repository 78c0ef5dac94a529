import { asker } from "./ask.js";
import { Chart } from "./chart.js";
import { element, setText } from "./dom.js";
import { STILL } from "./motion.js";
import { mounter } from "./mount.js";
import { decimals } from "./numbers.js";
import { readTheme } from "./theme.js";
import { button, chips } from "./widgets.js";
import { speaker } from "./words.js";

const LOSSES = ["non_saturating", "minimax"];
/** One press of "Follow the arrows": this many small steps down the loss. */
const STEPS = 10;
const RATE = 0.15;
/** How long an arrow is for a push of 1, in units of x, and the longest that is drawn. */
const ARROW = 0.3;
const LONGEST = 1.2;
/** Arrows of neighbours lie at different heights. */
const LANES = 4;
const LANE_HEIGHT = 0.055;
const LARGEST_SEED = 9999;
/** Points nearer to each other than this are drawn as one, with their number beside them. */
const TOUCHING = 0.12;
const SHOWN_TURNS = 6;

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** D's answer as functions of x: the server's values on even places, straight lines between them. */
class Curve {
  constructor({ line: [low, high], places, ...answer }) {
    Object.assign(this, { low, high, answer, x: Array.from({ length: places }, (_, index) => low + ((high - low) * index) / (places - 1)) });
  }

  at(values, x) {
    const place = ((x - this.low) / (this.high - this.low)) * (values.length - 1);
    const index = Math.min(values.length - 2, Math.max(0, Math.floor(place)));
    return values[index] + (values[index + 1] - values[index]) * (place - index);
  }

  verdict(x) {
    return this.at(this.answer.verdict, x);
  }

  loss(name, x) {
    return this.at(this.answer.losses[name], x);
  }

  push(name, x) {
    return this.at(this.answer.pushes[name], x);
  }
}

/** Be the generator: eight points against a small discriminator that is trained on demand. */
class Forge {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-forge" });
    parent.append(this.root);
    this.ask = asker("api/guess/train");
    Object.assign(this, { level: data.levels[0].key, loss: LOSSES[0], hidden: false });
    this.refresh(data);
    this.restart();
  }

  /** Take new words; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      this.sign = sign;
      this.data = data;
      this.say = speaker(data.words);
      this.build();
      if (this.points) this.show();
    }
    requestAnimationFrame(() => {
      this.theme = readTheme(this.root);
      this.chart.redraw(this.theme);
    });
  }

  build() {
    const { say } = this;
    this.chart?.close();
    this.chart = new Chart({ title: say("chart"), x: { label: "x", range: this.data.line }, y: { label: say("axis"), range: [0, 1] }, className: "main" });
    const options = (names, stem) => names.map((key) => ({ key, label: say(`${stem}_${key}`), help: say(`${stem}_${key}_help`) }));
    this.levels = chips({ label: say("level"), options: options(this.data.levels.map(({ key }) => key), "level"), value: this.level, onChange: (key) => this.restart(key) });
    this.losses = chips({ label: say("loss"), options: options(LOSSES, "loss"), value: this.loss, onChange: (key) => this.choose(key) });
    this.hide = element("input", { type: "checkbox" });
    this.hide.checked = this.hidden;
    this.hide.addEventListener("change", () => {
      this.hidden = this.hide.checked;
      this.show();
    });
    this.buttons = {
      turn: button({ label: say("turn"), help: say("turn_help"), kind: "primary turn", onClick: () => this.oppose() }),
      follow: button({ label: say("follow"), help: say("follow_help"), kind: "follow", onClick: () => this.follow() }),
      reset: button({ label: say("reset"), sign: "reset", onClick: () => this.restart() }),
    };
    this.facts = element("dl", { class: "facts" });
    this.news = element("p", { class: "news", role: "status", "aria-live": "polite" });
    this.log = element("table", { class: "turns" });
    const hide = element("label", { class: "switch", title: say("hide_help") }, this.hide, element("span", {}, say("hide")));
    this.root.replaceChildren(
      element("div", { class: "settings" }, this.levels.element, this.losses.element, hide),
      element("div", { class: "bench" },
        element("div", { class: "stage" }, this.chart.element, element("div", { class: "moves" }, this.buttons.follow.element, this.buttons.turn.element, this.buttons.reset.element), element("p", { class: "small" }, say("how"))),
        element("div", { class: "side" }, this.news, this.facts, this.log)));
  }

  /** Begin again, perhaps at another level; D makes its first turn at once. */
  restart(level = this.level) {
    this.level = level;
    cancelAnimationFrame(this.walking);
    const { start } = this.data.levels.find(({ key }) => key === level);
    Object.assign(this, { points: [...start], curve: null, before: null, turns: [], walking: null });
    this.game = (this.game ?? 0) + 1;
    this.oppose();
  }

  choose(loss) {
    this.loss = loss;
    this.show();
  }

  /** D's turn: it learns against the points as they lie. */
  async oppose() {
    if (this.busy === this.game) return;
    const [game, points] = [this.game, [...this.points]];
    this.busy = game;
    this.failed = false;
    this.show();
    const seed = Math.floor(Math.random() * (LARGEST_SEED + 1));
    const answer = await this.ask({ points, level: this.level, seed });
    if (this.closed || game !== this.game) return;
    this.busy = null;
    if (!answer || answer.failed) this.failed = true;
    else this.learn(answer, points);
    this.show();
  }

  learn(answer, points) {
    const next = new Curve(answer);
    const found = {
      ...answer,
      was: this.curve ? mean(points.map((x) => this.curve.verdict(x))) : null,
      now: mean(points.map((x) => next.verdict(x))),
    };
    this.before = this.curve;
    this.curve = next;
    this.turns.push(found);
  }

  /** Move every point some steps down the chosen loss: what G's optimiser would do. */
  follow() {
    if (!this.curve || this.walking) return;
    const step = () => {
      const [low, high] = this.data.line;
      this.points = this.points.map((x) => Math.min(high, Math.max(low, x + RATE * this.curve.push(this.loss, x))));
    };
    if (STILL.matches) {
      for (let index = 0; index < STEPS; index += 1) step();
      return this.show();
    }
    let left = STEPS;
    const frame = () => {
      step();
      left -= 1;
      this.walking = left ? requestAnimationFrame(frame) : null;
      this.show();
    };
    this.walking = requestAnimationFrame(frame);
  }

  place(index, x) {
    const [low, high] = this.data.line;
    this.points[index] = Math.min(high, Math.max(low, x));
    this.show();
  }

  show() {
    const { say } = this;
    const busy = this.busy === this.game;
    Object.assign(this.root.dataset, { state: busy ? "busy" : this.failed ? "failed" : "ready", turns: this.turns.length });
    this.buttons.turn.enable(!busy && !this.walking);
    this.buttons.turn.say(say(busy ? "turn_busy" : "turn"));
    this.buttons.follow.enable(Boolean(this.curve) && !busy && !this.walking);
    this.draw();
    this.tell(busy);
  }

  draw() {
    const { say, curve, before } = this;
    const lines = [];
    const { density } = this.data.levels.find(({ key }) => key === this.level);
    const [low, high] = this.data.line;
    const x = density.map((_, index) => low + ((high - low) * index) / (density.length - 1));
    if (!this.hidden) lines.push({ x, y: density, colour: "real", fill: true, width: 2, label: say("data"), at: "peak" });
    if (before) lines.push({ x: before.x, y: before.answer.verdict, colour: "d", dash: "dotted", width: 2, alpha: 0.7 });
    if (curve) lines.push({ x: curve.x, y: curve.answer.verdict, colour: "d", width: 3, label: "D" });
    const heights = this.points.map((place) => curve?.verdict(place) ?? 0.5);
    const order = this.points.map((_, index) => index).sort((one, other) => this.points[one] - this.points[other]);
    const arrows = curve ? order.map((index, rank) => {
      const up = heights[index] + LANE_HEIGHT * (1 + (rank % LANES));
      const dx = Math.max(-LONGEST, Math.min(LONGEST, ARROW * curve.push(this.loss, this.points[index])));
      return { x: this.points[index], y: up > 1 ? heights[index] - LANE_HEIGHT * (1 + (rank % LANES)) : up, dx, dy: 0, colour: "g" };
    }) : [];
    this.chart.show({ lines, arrows, points: this.piles(order, heights), markers: [{ y: 0.5, label: say("half") }], theme: this.theme });
    this.chart.describe(say(this.hidden ? "alt_hidden" : "alt", { count: this.points.length }));
    this.chart.setHandles(this.points.map((place, index) => ({
      key: `point-${index}`, x: place, y: heights[index], ends: this.data.line, colour: "fake", mark: "hollow", step: { x: 0.05, y: 0 },
      label: say("point", { number: index + 1 }), text: say("point_text", { x: decimals(place, 2), verdict: decimals(heights[index], 2) }),
      onMove: ({ x: to }) => this.place(index, to),
    })));
  }

  /** How many points each pile has, written beside it. */
  piles(order, heights) {
    const piles = [];
    for (const index of order) {
      const pile = piles.at(-1);
      if (pile && this.points[index] - this.points[pile.at(-1)] < TOUCHING) pile.push(index);
      else piles.push([index]);
    }
    return piles.filter((pile) => pile.length > 1).map((pile) => {
      const last = pile.at(-1);
      return { x: this.points[last], y: heights[last], colour: "fake", mark: "hollow", label: `× ${pile.length}` };
    });
  }

  tell(busy) {
    const { say, curve } = this;
    const last = this.turns.at(-1);
    if (this.failed) setText(this.news, say("failed"));
    else if (busy || !last) setText(this.news, say("learning"));
    else setText(this.news, this.sentence(last));
    this.news.classList.toggle("won", Boolean(last?.won) && !busy);
    const value = (pick) => (curve ? decimals(mean(this.points.map(pick)), 3) : "–");
    const rows = [
      ["d-word", say("fact_verdict"), value((x) => curve.verdict(x))],
      ["g-word", say("fact_non_saturating"), value((x) => curve.loss("non_saturating", x))],
      ["g-word", say("fact_minimax"), value((x) => curve.loss("minimax", x))],
      ["g-word", say("fact_push"), value((x) => Math.abs(curve.push(this.loss, x)))],
    ];
    this.facts.replaceChildren(...rows.flatMap(([kind, name, number]) => [element("dt", { class: kind }, name), element("dd", {}, number)]));
    this.showTurns();
  }

  /** One or two sentences about D's last turn, from its numbers. */
  sentence(last) {
    const { say } = this;
    const share = (part) => decimals(100 * part, 0);
    if (last.won) return say("won", { accuracy: share(last.accuracy), turns: this.turns.length });
    const values = { accuracy: share(last.accuracy), was: decimals(last.was, 2), now: decimals(last.now, 2), crowd: last.crowd, count: this.points.length };
    if (last.was === null) return say("first", values);
    if (last.collapsed) return say("collapsed", values);
    return say(last.now < last.was ? "answered" : "gained", values);
  }

  showTurns() {
    const { say } = this;
    if (!this.turns.length) return this.log.replaceChildren();
    const first = Math.max(0, this.turns.length - SHOWN_TURNS);
    const head = ["turn_number", "turn_accuracy", "turn_crowd", "turn_w1"].map((key) => element("th", { scope: "col" }, say(key)));
    const row = (turn, index) => {
      const cells = [first + index + 1, `${decimals(100 * turn.accuracy, 0)} %`, `${turn.crowd}/${this.points.length}`, decimals(turn.w1, 2)];
      return element("tr", { class: turn.won ? "won" : null }, ...cells.map((text) => element("td", {}, String(text))));
    };
    this.log.replaceChildren(
      element("caption", {}, say("turns", { best: decimals(this.turns[0].w1_best, 2) })),
      element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...this.turns.slice(first).map(row)));
  }

  close() {
    this.closed = true;
    cancelAnimationFrame(this.walking);
    this.chart.close();
    this.root.remove();
  }
}

export default mounter((parent, data) => new Forge(parent, data));
