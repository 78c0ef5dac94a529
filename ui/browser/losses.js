import { element, setText } from "./dom.js";
import { Charts } from "./loss_charts.js";
import { Lines } from "./loss_lines.js";
import { Push } from "./loss_push.js";
import { Numbers, SideBySide } from "./loss_tables.js";
import { STILL, bringIntoView } from "./motion.js";
import { mounter } from "./mount.js";
import { decimals } from "./numbers.js";
import { readTheme, themeSign } from "./theme.js";
import { button, chips, slider } from "./widgets.js";
import { speaker } from "./words.js";

const MOST = 4;
const SCENE_MILLISECONDS = 1800;
const DASHES = ["solid", "dashed", "dashdot", "long", "short", "dashdotdot", "dotted"];
// A scene plays once, also when the visitor comes back to this page.
let played = null;

/** Losses side by side: one marker runs through all curves; every number was measured by the server. */
class Lab {
  constructor(parent, data) {
    this.parent = parent;
    this.root = element("div", { class: "gan-losses" });
    parent.append(this.root);
    this.refresh(data);
    this.watch = setInterval(() => this.followTheme(), 500);
  }

  /** Take new words or a new scene; what the visitor has chosen stays. */
  refresh(data) {
    const sign = JSON.stringify([data.words, data.losses]);
    this.data = data;
    if (sign !== this.sign) this.build(sign);
    this.followTheme();
    this.play(data.scene);
  }

  build(sign) {
    const { data } = this;
    this.sign = sign;
    this.parts?.forEach((part) => part.close?.());
    this.say = speaker(data.words);
    this.looks = new Map(data.losses.map((loss, index) => [loss.key, { ...loss, ...data.curves[loss.key], colour: index, dash: DASHES[index % DASHES.length] }]));
    this.ends = [data.stops.at(-1).index, data.stops[0].index];
    this.index ??= data.stops.find((stop) => stop.verdict === 0.1).index;
    this.keys = (this.keys ?? data.first).filter((key) => this.looks.has(key));
    this.push = new Push(this);
    this.charts = new Charts(this);
    this.numbers = new Numbers(this);
    this.side = new SideBySide(this);
    this.lines = new Lines(this);
    this.parts = [this.push, this.charts, this.numbers, this.side, this.lines];
    this.root.replaceChildren(this.makeChoice(), this.push.element, this.makeMarker(), this.numbers.element, this.charts.element, this.charts.equilibrium, this.side.element, this.lines.element);
    this.theme = null;
  }

  makeChoice() {
    const options = this.data.losses.map(({ key, short, name }) => ({ key, label: short, help: name }));
    this.choice = chips({ label: this.say("choose"), options, value: this.keys, multiple: true, most: MOST, onChange: (keys) => this.choose(keys) });
    for (const input of this.choice.element.querySelectorAll("input")) input.nextElementSibling.prepend(swatch(this.looks.get(input.value)));
    return this.choice.element;
  }

  makeMarker() {
    const { say, data } = this;
    this.slider = slider({ label: say("slider"), help: say("slider_help"), min: this.ends[0], max: this.ends[1], step: 1, value: this.index, format: (index) => this.position(index), onInput: (index) => this.moveTo(index) });
    this.ratio = element("b", { class: "ratio-value" });
    const snaps = data.stops
      .filter((stop) => stop.verdict <= 0.5)
      .map((stop) => {
        const control = button({ label: String(stop.verdict), kind: "snap", onClick: () => this.moveTo(stop.index) });
        control.element.setAttribute("aria-label", say("snap_label", { verdict: stop.verdict, ratio: Math.round(data.ratio[stop.index]) }));
        return control.element;
      });
    return element(
      "section",
      { class: "marker" },
      this.slider.element,
      element("div", { class: "snaps", role: "group", "aria-label": say("snaps") }, element("span", { "aria-hidden": "true" }, say("snaps")), element("div", { class: "snap-row" }, ...snaps)),
      element("p", { class: "ratio", role: "status" }, say("ratio"), " ", this.ratio),
    );
  }

  /** The losses on show, in the order of the registry. */
  get chosen() {
    return this.data.losses.filter(({ key }) => this.keys.includes(key)).map(({ key }) => this.looks.get(key));
  }

  get logit() {
    return this.data.logits[this.index];
  }

  position(index) {
    return this.say("position", { verdict: decimals(this.data.probability[index], 3), logit: decimals(this.data.logits[index], 2) });
  }

  /** Show other losses; the last one stays. */
  choose(keys) {
    this.stop();
    if (!keys.length) this.choice.set(this.keys);
    else this.show({ keys });
  }

  /** Move the marker because the visitor did; a scene that is playing ends. */
  moveTo(index) {
    this.stop();
    this.place(index);
  }

  /** Move the marker to the measured logit that is nearest. */
  moveToLogit(logit) {
    this.moveTo(this.nearest(logit));
  }

  nearest(logit) {
    const { logits } = this.data;
    let best = this.ends[0];
    for (let index = best; index <= this.ends[1]; index += 1) if (Math.abs(logits[index] - logit) < Math.abs(logits[best] - logit)) best = index;
    return best;
  }

  place(index) {
    if (index === this.index) return;
    this.index = index;
    this.slider.set(index);
    this.draw();
  }

  show({ keys }) {
    this.keys = keys;
    this.choice.set(keys);
    this.draw(true, [this.push, this.charts]);
    // The curves answer first; new tables move the rest of the page.
    cancelAnimationFrame(this.later);
    this.later = requestAnimationFrame(() => setTimeout(() => [this.numbers, this.side].forEach((part) => part.draw(true))));
  }

  /** Redraw what depends on the marker; after a change of losses or theme, all of it. */
  draw(all = false, parts = [this.push, this.charts, this.numbers, this.side]) {
    if (!this.theme) return;
    const ratio = this.data.ratio[this.index];
    const round = (value) => String(Number(value.toPrecision(3)));
    setText(this.ratio, ratio >= 1 ? this.say("ratio_value", { ratio: round(ratio) }) : this.say("ratio_below", { ratio: round(1 / ratio) }));
    for (const part of parts) part.draw(all);
    this.root.dataset.logit = this.logit;
  }

  followTheme() {
    const sign = themeSign(this.root);
    if (this.theme && sign === this.themeSign) return;
    this.themeSign = sign;
    this.theme = readTheme(this.root);
    this.draw(true);
    this.lines.draw(true);
  }

  /** Play an experiment's scene: losses and marker, or the lines, from one place to another. */
  play(scene) {
    if (!scene || scene.id === played) return;
    played = scene.id;
    const target = scene.theta ? this.lines.element : this.root;
    bringIntoView(target);
    if (scene.losses) this.show({ keys: scene.losses });
    const [from, to] = scene.theta ?? scene.logit;
    const move = scene.theta ? (value) => this.lines.place(value) : (value) => this.place(this.nearest(value));
    this.stop();
    if (STILL.matches) return move(to);
    move(from);
    const began = performance.now() + 600;
    const tick = (now) => {
      const part = Math.min(1, Math.max(0, (now - began) / SCENE_MILLISECONDS));
      move(from + (to - from) * part * part * (3 - 2 * part));
      this.scene = part < 1 ? requestAnimationFrame(tick) : null;
    };
    this.scene = requestAnimationFrame(tick);
  }

  /** Ask the page to open the training page with a loss. */
  train(key) {
    triggers.get(this.parent)?.("train", key);
  }

  stop() {
    cancelAnimationFrame(this.scene);
  }

  close() {
    this.stop();
    cancelAnimationFrame(this.later);
    clearInterval(this.watch);
    this.parts.forEach((part) => part.close?.());
    this.root.remove();
  }
}

/** A piece of a loss's line, in its colour and dash. */
function swatch({ colour, dash }) {
  const patterns = { solid: "", dashed: "9 5", dashdot: "10 4 2 4", long: "16 5", short: "5 3", dashdotdot: "10 3 2 3 2 3", dotted: "2 4" };
  const holder = element("span", { class: "swatch", "aria-hidden": "true", style: `--ink: var(--overlay-${colour})` });
  holder.innerHTML = `<svg viewBox="0 0 34 6" width="34" height="6"><line x1="1" y1="3" x2="33" y2="3" stroke-dasharray="${patterns[dash]}"/></svg>`;
  return holder;
}

const mount = mounter((parent, data) => new Lab(parent, data));
const triggers = new WeakMap();

/** Streamlit calls this at first and on each change of data or theme; returns the clean-up. */
export default function start(args) {
  triggers.set(args.parentElement, args.setTriggerValue);
  return mount(args);
}
