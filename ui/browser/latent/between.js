import { element, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { Filmstrip, placeOf } from "./filmstrip.js";
import { Loop } from "./loop.js";
import { samePoint } from "./memory.js";
import { Plot } from "./plot.js";
import { fromSeed, pack, taken, unpack } from "./points.js";
import { lerp, norm, pathLength, slerp } from "./space.js";
import { Thumb } from "./thumb.js";

const COUNT = 11;
const FRAMES = 24;
const FINE = 61;
const CLEARLY_SHORTER = 0.9;
const DASHES = { slerp: [], lerp: [9, 5] };
const WALKS = { slerp, lerp };
const WAYS = Object.keys(WALKS);

/** `count` numbers from 0 to 1, both ends included. */
const evenly = (count) => Array.from({ length: count }, (_, index) => index / (count - 1));

/** From point A to point B: along the arc, and straight. */
export class Between {
  constructor(studio) {
    Object.assign(this, { key: "between", studio, say: studio.say.bind(studio), ends: null, way: "slerp", t: 0, visible: false, stale: true });
    this.title = this.say("between_title");
    this.loop = new Loop(this.say, () => this.t, (t, settled) => this.moveTo(t, settled));
    this.element = this.assemble();
  }

  assemble() {
    const { say, loop } = this;
    this.cards = { a: this.makeEnd("a"), b: this.makeEnd("b") };
    this.strips = Object.fromEntries(WAYS.map((way) => [way, this.makeStrip(way)]));
    this.slider = element("input", { type: "range", min: 0, max: 1, step: 0.005, value: 0, class: "walk", "aria-label": say("between_position") });
    this.slider.addEventListener("input", () => this.drag(Number(this.slider.value), false));
    this.slider.addEventListener("change", () => this.drag(Number(this.slider.value), true));
    this.value = element("output", { class: "walk-value" });
    this.away = element("p", { class: "aside" }, say("between_away"));
    this.plot = new Plot({ title: say("between_norm_title"), x: "t", y: "‖z‖", onResize: () => this.draw() });
    this.facts = element("p", { class: "facts" });
    this.travel = element("p", { class: "facts" });
    return element(
      "div",
      { class: "between" },
      element("p", { class: "lead" }, say("between_lead")),
      element("div", { class: "walk-ends" }, this.cards.a.element, this.cards.b.element),
      element("div", { class: "walks", role: "radiogroup", "aria-label": say("between_follow") }, ...WAYS.flatMap((way) => [this.strips[way].head, this.strips[way].film.element])),
      element("div", { class: "walk-row" }, this.slider),
      element("div", { class: "walk-line" }, this.value, loop.element),
      this.away,
      this.plot.element,
      this.facts,
      this.travel,
      element("p", { class: "aside" }, say("between_travel_meaning")),
    );
  }

  makeEnd(name) {
    const { say } = this;
    const thumb = new Thumb(this.studio, "end");
    const from = element("span", { class: "from" });
    const button = (word, act) => {
      const node = element("button", { type: "button", class: "button small", "aria-label": say(`${word}_label`, { end: name.toUpperCase() }) }, say(word));
      node.addEventListener("click", act);
      return node;
    };
    const fresh = button("between_new", () => this.setEnd(name, fromSeed(this.studio, this.studio.randomSeed())));
    const take = button("between_take", () => this.setEnd(name, taken(this.studio.z), true));
    const card = element("section", { class: "end" }, thumb.element, element("div", { class: "end-words" }, element("b", {}, name.toUpperCase()), from), element("div", { class: "end-buttons" }, fresh, take));
    return { element: card, thumb, from };
  }

  makeStrip(way) {
    const { say } = this;
    const film = new Filmstrip(this.studio, {
      count: COUNT,
      onHold: () => {
        this.before = { way: this.way, t: this.t };
        this.follow(way);
      },
      onPick: (t, settled) => this.drag(t, settled),
      onCancel: () => {
        this.follow(this.before.way);
        this.moveTo(this.before.t, true);
      },
    });
    const radio = element("input", { type: "radio", name: "gan-walk", value: way });
    radio.addEventListener("change", () => {
      this.follow(way);
      this.moveTo(this.t, !this.loop.running);
    });
    const chosen = element("span", { class: "chosen" }, say("between_chosen"));
    const head = element("label", { class: `walk-head ${way}` }, radio, strokeSign(way), element("span", {}, say(`between_${way}`)), chosen);
    return { film, radio, chosen, head };
  }

  enter() {
    this.visible = true;
    if (!this.studio.model || !this.studio.z) return;
    if (!this.ends) this.ends = { a: taken(this.studio.z), b: fromSeed(this.studio, this.studio.randomSeed()) };
    this.studio.frames = () => this.frames();
    if (this.stale) this.refresh();
    this.draw();
  }

  leave() {
    this.visible = false;
    // Answers under way are meant for a page that is no longer looked at; ask again on return.
    if (this.job) this.stale = true;
    this.job = null;
    this.loop.stop();
  }

  modelChanged() {
    this.loop.stop();
    this.stale = true;
    const before = this.ends?.a.z.length;
    if (this.ends) this.ends = Object.fromEntries(Object.entries(this.ends).map(([name, end]) => [name, unpack(this.studio, pack(end)) ?? fromSeed(this.studio, this.studio.randomSeed())]));
    if (!this.visible) return;
    this.enter();
    if (this.studio.z.length !== before) this.moveTo(this.t, true);
  }

  /** The same walk, asked for another digit. */
  digitChanged() {
    this.stale = true;
    if (this.visible) this.enter();
  }

  /** Another walk: A from the seed, B from one of its own. */
  random(seed) {
    this.loop.stop(false);
    this.ends = { a: fromSeed(this.studio, seed), b: fromSeed(this.studio, this.studio.randomSeed()) };
    this.refresh();
    this.moveTo(this.t, true);
  }

  redraw(theme) {
    // Read once: asking for computed colours in every frame would make the browser lay out anew.
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.theme = { ...theme, slerp: colour("slerp"), lerp: colour("lerp"), marker: colour("primary") };
    this.draw();
  }

  remember() {
    return { ends: this.ends && { a: pack(this.ends.a), b: pack(this.ends.b) }, way: this.way, t: this.t, speed: this.loop.speed };
  }

  recall({ ends, way, t, speed } = {}) {
    const [a, b] = [unpack(this.studio, ends?.a), unpack(this.studio, ends?.b)];
    if (a && b) Object.assign(this, { ends: { a, b }, stale: true });
    if (WAYS.includes(way)) this.way = way;
    if (Number.isFinite(t)) this.t = t;
    this.loop.setSpeed(speed);
    if (this.visible) this.enter();
  }

  /** Set the walk up: seeds of both ends, way, t; `start` begins the loop. */
  scene({ a, b, way, t = 0, start = false } = {}) {
    const seed = (value) => (Number.isInteger(value) ? value : this.studio.randomSeed());
    this.ends = { a: fromSeed(this.studio, seed(a)), b: fromSeed(this.studio, seed(b)) };
    if (WAYS.includes(way)) this.way = way;
    this.loop.stop();
    this.stale = true;
    if (this.visible) this.enter();
    this.moveTo(t, true);
    if (start) this.loop.start();
  }

  close() {
    this.leave();
    this.loop.close();
    this.plot.close();
  }

  setEnd(name, end) {
    this.ends = { ...this.ends, [name]: end };
    // The picture just made A (or B) is then the picture that shows: t follows.
    this.drag(name === "a" ? 0 : 1, true);
    this.refresh();
    this.draw();
  }

  follow(way) {
    this.way = way;
    this.draw();
  }

  /** A hand on slider or strip ends the loop. */
  drag(t, settled) {
    this.loop.stop(false);
    this.moveTo(t, settled);
  }

  moveTo(t, settled) {
    if (!this.ends) return;
    this.t = t;
    this.studio.go(this.point(t), { settled });
    this.draw();
  }

  point(t, way = this.way) {
    return WALKS[way](this.ends.a.z, this.ends.b.z, t);
  }

  /** There and back, slow at the ends. */
  async frames() {
    const walk = Array.from({ length: FRAMES }, (_, index) => this.point((1 - Math.cos((2 * Math.PI * index) / FRAMES)) / 2));
    return this.studio.model.pictures(walk, { lane: "frames" });
  }

  /** Ask for both strips and what the classifier sees in them. */
  async refresh() {
    const { model } = this.studio;
    const job = (this.job = {});
    this.stale = false;
    this.lengths = null;
    for (const way of WAYS) this.strips[way].film.clear();
    for (const card of Object.values(this.cards)) card.thumb.show(null);
    const zs = WAYS.flatMap((way) => evenly(COUNT).map((t) => this.point(t, way)));
    const onSome = (index, grey) => job === this.job && this.showPicture(index, grey);
    try {
      const pictures = await model.pictures(zs, { lane: "between", onSome });
      if (job !== this.job || !pictures) return;
      pictures.forEach((grey, index) => this.showPicture(index, grey));
      const features = await model.features(zs);
      if (job !== this.job) return;
      if (features) this.lengths = Object.fromEntries(WAYS.map((way, index) => [way, pathLength(features.slice(index * COUNT, (index + 1) * COUNT))]));
      this.job = null;
      this.writeTravel();
    } catch (error) {
      if (job === this.job) this.job = null;
      console.warn("interpolation:", error.message);
    }
  }

  showPicture(index, grey) {
    this.strips[WAYS[Math.floor(index / COUNT)]].film.show(index % COUNT, grey);
    if (index === 0) this.cards.a.thumb.show(grey, this.say("between_end_alt", { end: "A" }));
    if (index === COUNT - 1) this.cards.b.thumb.show(grey, this.say("between_end_alt", { end: "B" }));
  }

  draw() {
    if (!this.ends || !this.visible) return;
    const { say } = this;
    for (const [name, end] of Object.entries(this.ends)) setText(this.cards[name].from, end.seed === null ? say("between_taken") : say("between_seed", { seed: end.seed }));
    for (const way of WAYS) this.drawStrip(way);
    if (Number(this.slider.value) !== this.t) this.slider.value = this.t;
    const here = this.point(this.t);
    const length = decimals(norm(here), 2);
    setText(this.value, say("between_at", { t: decimals(this.t, 2), norm: length }));
    setAttribute(this.slider, "aria-valuetext", say("between_at", { t: decimals(this.t, 2), norm: length }));
    // Another mode may have moved the big picture.
    this.away.hidden = samePoint(here, this.studio.z);
    this.writeFacts();
    this.drawPlot();
  }

  drawStrip(way) {
    const { film, radio, chosen, head } = this.strips[way];
    const active = way === this.way;
    radio.checked = active;
    chosen.hidden = !active;
    head.classList.toggle("active", active);
    film.element.classList.toggle("active", active);
    film.mark(this.t);
    film.describe(this.say("between_strip_alt", { way: this.say(`between_${way}`), count: COUNT }));
  }

  /** The lengths of z along both ways; worked out once per pair of ends. */
  norms() {
    if (this.measured?.ends === this.ends) return this.measured;
    const curves = WAYS.map((way) => evenly(FINE).map((t) => [t, norm(this.point(t, way))]));
    const half = WAYS.map((way) => norm(this.point(0.5, way)));
    return (this.measured = { ends: this.ends, curves, half });
  }

  writeFacts() {
    const dim = this.studio.model.latentDim;
    const [arc, line] = this.norms().half;
    // In few dimensions, or between near neighbours, the straight way is hardly shorter.
    const apart = line < CLEARLY_SHORTER * arc;
    setText(this.facts, this.say(apart ? "between_half" : "between_half_near", { slerp: decimals(arc, 2), lerp: decimals(line, 2), dim, level: decimals(Math.sqrt(dim), 2) }));
    this.writeTravel();
  }

  writeTravel() {
    const { model } = this.studio;
    const { say } = this;
    if (model.remote) setText(this.travel, say("between_travel_remote"));
    else if (!this.lengths) setText(this.travel, say("between_travel_wait"));
    else setText(this.travel, say("between_travel", { slerp: decimals(this.lengths.slerp, 1), lerp: decimals(this.lengths.lerp, 1) }));
  }

  drawPlot() {
    const { theme } = this;
    if (!theme) return;
    const dim = this.studio.model.latentDim;
    const { curves: courses } = this.norms();
    const curves = WAYS.map((way, index) => ({ points: courses[index], colour: theme[way], dash: DASHES[way], label: way, at: way === "lerp" ? 0.5 : 0.25, below: way === "lerp" }));
    const most = Math.max(Math.sqrt(dim), ...curves.flatMap((curve) => curve.points.map((point) => point[1])));
    const levels = [{ value: Math.sqrt(dim), label: this.say("between_level", { dim }) }];
    this.plot.draw({ curves, levels, xRange: [0, 1], yRange: [0, 1.25 * most], xStep: 0.5, marker: this.t, inset: placeOf(0, COUNT) }, theme);
    this.plot.describe(`${this.say("between_norm_title")}. ${this.facts.textContent}`);
  }
}

/** The sign of a way: a solid or a dashed line. */
function strokeSign(way) {
  const holder = element("span", { class: "stroke", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 34 4"><path d="M0 2h34" stroke="currentColor" stroke-width="3" ${way === "lerp" ? 'stroke-dasharray="9 5"' : ""}/></svg>`;
  return holder;
}
