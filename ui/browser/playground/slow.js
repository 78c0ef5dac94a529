import { element, icon, setText } from "../dom.js";
import { Formulas } from "../formulas.js";
import { decimals } from "../numbers.js";
import { button } from "../widgets.js";
import { Thumb } from "./plot.js";

const PACE = 3200;

const flat = (rows) => Float32Array.from((rows ?? []).flat());

/** What the glass shows at each micro-step: layers, and the look they are drawn from. */
const SHOWN = { sample: ["real"], generate: ["real", "fake"], judge: ["verdict", "real", "fake"], loss: ["verdict", "real", "fake"], gradient: ["verdict", "real", "fake", "arrows"], move: ["verdict", "real", "trails", "fake"] };

/** One iteration under glass: its micro-steps one after the other, with numbers, code, and the weights that moved. */
export class Slow {
  /** @param {{verb: (verb: string) => void, light: (player: string | null, kind: string | null) => void}} actions */
  constructor(say, steps, view, actions) {
    Object.assign(this, { say, steps, actions, place: 0, moments: [], before: null, after: null });
    this.begin = button({ label: say("slow_begin"), help: say("slow_begin_help"), kind: "primary", sign: "step", onClick: () => actions.verb("slow") });
    this.back = button({ label: say("slow_back"), kind: "back", onClick: () => this.go(this.place - 1) });
    this.forward = button({ label: say("slow_forward"), kind: "forward", onClick: () => this.go(this.place + 1) });
    this.run = button({ label: say("slow_run"), sign: "play", onClick: () => this.toggle() });
    this.leave = button({ label: say("slow_leave"), onClick: () => this.close() });
    this.stepper = element("ol", { class: "stepper" });
    this.glass = new Thumb("glass", view, () => this.draw());
    this.name = element("h4", { class: "moment-name" });
    this.text = element("p", {});
    this.formula = element("div", {});
    this.code = element("code", {});
    this.weights = element("div", { class: "weights" });
    this.card = element("div", { class: "moment" }, this.glass.element, element("div", { class: "moment-words" }, element("div", { role: "status" }, this.name, this.text), this.formula, element("pre", { class: "line-of-code", "aria-label": say("slow_code") }, this.code), this.weights));
    this.controls = element("div", { class: "row" }, this.back.element, this.forward.element, this.run.element, this.leave.element);
    this.lead = element("p", { class: "small" }, say("slow_lead"));
    this.element = element("section", { class: "slow" }, element("h3", { class: "part-title" }, say("slow_title")), this.lead, element("div", { class: "row" }, this.begin.element), this.stepper, this.controls, this.card);
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.show();
  }

  onKey(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way || !this.moments.length || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(this.place + way);
  }

  /** Take the record of a step; `before` and `after` are the looks around it. */
  take(record, before) {
    Object.assign(this, { moments: record.moments, iteration: record.iteration, before, after: null });
    this.buildStepper();
    this.go(0);
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** D after its move is the D of the look after the step. */
  follow(look) {
    if (!this.moments.length || look.iteration !== this.iteration) return;
    this.after = look;
    this.draw();
  }

  buildStepper() {
    this.marks = this.moments.map(({ player, kind, turn, turns }, index) => {
      const text = turns > 1 && kind === "sample" ? this.say("slow_turn", { turn, turns }) : this.say(`moment_${kind}`);
      const mark = element("button", { type: "button", class: `mark ${player}` }, element("b", { "aria-hidden": "true" }, player.toUpperCase()), text);
      mark.addEventListener("click", () => this.go(index));
      return mark;
    });
    this.stepper.replaceChildren(...this.marks.map((mark) => element("li", {}, mark)));
  }

  go(place) {
    if (!this.moments.length) return;
    this.place = Math.max(0, Math.min(this.moments.length - 1, place));
    this.show();
  }

  /** Let the micro-steps follow each other, or stop them. */
  toggle(playing = !this.timer) {
    clearInterval(this.timer);
    this.timer = null;
    if (playing) {
      if (this.place === this.moments.length - 1) this.go(0);
      this.timer = setInterval(() => (this.place + 1 < this.moments.length ? this.go(this.place + 1) : this.toggle(false)), PACE);
    }
    this.run.say(this.say(this.timer ? "slow_pause" : "slow_run"), this.timer ? "pause" : "play");
  }

  show() {
    const moment = this.moments[this.place];
    const open = Boolean(moment);
    for (const part of [this.stepper, this.controls, this.card]) part.hidden = !open;
    this.element.dataset.place = open ? this.place + 1 : 0;
    if (!open) return;
    const { player, kind } = moment;
    this.marks.forEach((mark, index) => {
      mark.setAttribute("aria-current", index === this.place ? "step" : "false");
    });
    this.back.enable(this.place > 0);
    this.forward.enable(this.place + 1 < this.moments.length);
    const values = valuesOf(moment, this.moments);
    setText(this.name, `${player.toUpperCase()} · ${this.say(`moment_${kind}`)}`);
    this.card.className = `moment ${player}`;
    setText(this.text, this.say(`moment_${player}_${kind}`, { batch: this.moments[0].batch ?? "", real: decimals(values.mean_real, 3), fake: decimals(values.mean_fake, 3), after_real: decimals(values.after_real, 3), after_fake: decimals(values.after_fake, 3) }));
    const step = this.steps[`${player}_${kind}`];
    const formulas = new Formulas(step.mathml ? [{ player, mathml: step.mathml }] : [], this.say("formulas"));
    formulas.update(values);
    this.formula.replaceChildren(formulas.element);
    setText(this.code, step.code);
    this.showWeights(moment);
    this.draw();
    this.actions.light(player, kind);
  }

  /** Who moved, layer by layer, and who stood still. */
  showWeights({ player, kind, moved, layers }) {
    const players = kind === "move" ? ["d", "g"] : kind === "gradient" ? [player] : [];
    this.weights.replaceChildren(...players.map((who) => {
      const rows = kind === "move" ? moved[who].map(({ name, by, was }) => ({ name, size: was ? by / was : by ? 1 : 0 })) : layers.map(({ name, gradient }) => ({ name, size: gradient }));
      const frozen = kind === "move" && rows.every((row) => row.size === 0);
      const largest = Math.max(...rows.map((row) => row.size)) || 1;
      const word = frozen ? "weights_frozen" : kind === "move" ? "weights_moved" : "weights_gradient";
      const title = this.say(word, { player: who.toUpperCase() });
      const list = frozen ? null : element("ul", {}, ...rows.map((row) => weightRow(row, largest, kind)));
      return element("div", { class: `weight-group ${who}${frozen ? " frozen" : ""}` }, element("p", {}, frozen ? icon("stop") : null, title), list);
    }));
  }

  draw(theme = this.theme) {
    this.theme = theme;
    const moment = this.moments[this.place];
    if (!moment || !theme) return;
    const { player, kind } = moment;
    const batch = this.moments.find((one) => one.real && one.kind === "sample");
    const made = this.moments.slice(0, this.place + 1).findLast((one) => one.kind === "generate");
    const moved = player === "g" || kind === "move";
    const verdict = (moved ? (this.after ?? this.before) : this.before)?.verdict ?? null;
    const fake = flat(moment.fake_after ?? made?.fake);
    const look = { verdict, real: player === "d" ? flat(batch?.real) : new Float32Array(), fake, arrows: moment.arrows ? { places: flat(made?.fake), ways: flat(moment.arrows) } : null, trails: moment.fake_after ? [flat(made?.fake), fake] : [] };
    this.glass.draw(look, new Set(SHOWN[kind]), theme);
    this.glass.describe(this.text.textContent);
  }

  /** Put the glass away. */
  close() {
    this.toggle(false);
    Object.assign(this, { moments: [], iteration: null });
    this.show();
    this.actions.light(null, null);
  }

  dispose() {
    clearInterval(this.timer);
    this.glass.close();
  }
}

function weightRow({ name, size }, largest, kind) {
  const bar = element("i", {});
  bar.style.width = `${(100 * size) / largest}%`;
  const text = kind === "move" ? `${decimals(100 * size, size < 0.001 ? 3 : 2)} %` : decimals(size, 4);
  return element("li", {}, element("span", { class: "weight-name" }, name), element("span", { class: "track" }, bar), element("b", {}, text));
}

const total = (rows) => Math.hypot(...rows.map((row) => row.by));

/** The numbers that a micro-step's formula has slots for. */
function valuesOf(moment, moments) {
  const { player, kind } = moment;
  const made = moments.findLast((one) => one.kind === "generate" && one.player === player) ?? {};
  const batch = moments.find((one) => one.kind === "sample") ?? {};
  const pair = (name, point) => Object.fromEntries((point ?? []).slice(0, 2).map((value, index) => [`${name}_${index + 1}`, value]));
  const first = (name) => (Array.isArray(moment[name]) && typeof moment[name][0] === "number" ? moment[name][0] : null);
  return {
    ...pair("x", batch.real?.[0]), ...pair("z", made.noise?.[0] ?? batch.noise?.[0]), ...pair("fake", made.fake?.[0]), ...pair("after", moment.fake_after?.[0]),
    judged_real: first("real"), judged_fake: first("fake"), mean_real: moment.mean_real ?? null, mean_fake: moment.mean_fake ?? null,
    after_real: moment.mean_real_after ?? null, after_fake: moment.mean_fake_after ?? null,
    norm: moment.norm ?? null, [`${player}_terms`]: moment.terms ?? [], [`${player}_loss`]: moment.loss ?? null,
    ...(kind === "move" ? { by_d: total(moment.moved.d), by_g: total(moment.moved.g) } : {}),
  };
}
