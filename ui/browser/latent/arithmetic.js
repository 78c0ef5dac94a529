import { element, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { readDigits } from "./digits.js";
import { Gallery } from "./gallery.js";
import { combine, mean, move, norm } from "./space.js";
import { Thumb } from "./thumb.js";
import { Tray } from "./tray.js";

const COUNT = 60;
const LEAST = 3;
const LAST_SEED = 9999;
const MOST = 2;
const FRAMES = 24;
const TRAYS = ["a", "b", "c"];
const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

/** Samples from the lightest to the heaviest. */
const byInk = (samples) => [...samples].sort((one, other) => ink(one.grey) - ink(other.grey));

const ink = (grey) => grey.reduce((sum, value) => sum + value, 0) / grey.length;

/** a − b + c with averages of samples: what two groups differ in is carried over to a third. */
export class Arithmetic {
  constructor(studio) {
    Object.assign(this, { key: "arithmetic", studio, say: studio.say.bind(studio), seed: null, samples: [], tray: "a", filter: null, expected: null, visible: false, stale: true });
    this.title = this.say("arithmetic_title");
    this.members = { a: [], b: [], c: [] };
    Object.assign(this, { kept: new Map(), owner: studio.modelKey });
    this.gallery = new Gallery(studio, { count: COUNT, onPick: (index) => this.toggle(this.samples[index]) });
    this.trays = Object.fromEntries(TRAYS.map((name) => [name, this.makeTray(name)]));
    this.element = this.assemble();
  }

  makeTray(name) {
    return new Tray(this.studio, {
      name,
      least: LEAST,
      choose: () => this.choose(name),
      remove: (seed) => this.change(name, this.members[name].filter((sample) => sample.seed !== seed)),
      empty: () => this.change(name, []),
    });
  }

  assemble() {
    const { say } = this;
    const button = (word, act) => {
      const node = element("button", { type: "button", class: "button small", title: say(`${word}_help`) }, say(word));
      node.addEventListener("click", act);
      return node;
    };
    this.result = new Thumb(this.studio, "mean result");
    this.resultNorm = element("span", { class: "tray-count" });
    this.fill = button("arithmetic_fill", () => this.fillForMe());
    this.other = button("arithmetic_other", () => this.draw(this.studio.randomSeed()));
    this.told = element("p", { class: "facts", role: "status" });
    this.missing = element("p", { class: "aside missing", role: "status" });
    this.outcome = element("p", { class: "facts outcome-words", role: "status" });
    this.filters = element("div", { class: "digit-filter", role: "radiogroup", "aria-label": say("arithmetic_filter") }, ...[null, ...DIGITS].map((digit) => this.makeFilter(digit)));
    const outcome = element("section", { class: "tray outcome", "aria-label": say("arithmetic_result") }, element("div", { class: "tray-choose" }, this.result.element, element("b", {}, say("arithmetic_result")), this.resultNorm));
    const sign = (text) => element("span", { class: "sign", "aria-hidden": "true" }, text);
    const { a, b, c } = this.trays;
    return element(
      "div",
      { class: "arithmetic" },
      element("p", { class: "lead" }, say("arithmetic_lead")),
      element("div", { class: "equation" }, a.element, sign("−"), b.element, sign("+"), c.element, sign("="), outcome),
      this.missing,
      this.makeAmount(),
      this.told,
      this.outcome,
      element("div", { class: "row" }, this.fill, this.other),
      this.filters,
      this.gallery.element,
      element("p", { class: "aside" }, say("arithmetic_note")),
      element("p", { class: "aside" }, say("arithmetic_note_norm")),
    );
  }

  makeAmount() {
    this.amount = element("input", { type: "range", min: 0, max: MOST, step: 0.02, value: 1, "aria-label": this.say("arithmetic_amount") });
    this.amount.addEventListener("input", () => this.goTo(Number(this.amount.value), false));
    this.amount.addEventListener("change", () => this.goTo(Number(this.amount.value), true));
    this.amountValue = element("output");
    this.writeAmount(1);
    return (this.amountRow = element("label", { class: "amount", hidden: true }, element("span", {}, this.say("arithmetic_amount")), this.amount, this.amountValue));
  }

  makeFilter(digit) {
    const input = element("input", { type: "radio", name: "gan-digit", value: digit ?? "all" });
    input.addEventListener("change", () => {
      this.filter = digit;
      this.update();
    });
    const word = element("span", {}, digit === null ? this.say("arithmetic_all") : String(digit));
    return element("label", { class: "chip" }, input, word);
  }

  enter() {
    this.visible = true;
    if (!this.studio.model) return;
    if (this.stale) this.draw(this.seed ?? this.studio.randomSeed());
    this.update();
  }

  leave() {
    this.visible = false;
    if (this.job || this.adding) this.stale = true;
    Object.assign(this, { job: null, adding: null });
  }

  modelChanged() {
    this.stale = true;
    // What a seed looks like is another matter in another network: each keeps trays of its own.
    this.kept.set(this.owner, this.seeds());
    this.fillFrom(this.kept.get(this.studio.modelKey));
    if (this.visible) this.enter();
  }

  /** The same sum, asked for another digit: the seeds stay where they are. */
  digitChanged() {
    this.stale = true;
    this.filter = null;
    this.fillFrom(this.seeds());
    if (this.visible) this.enter();
  }

  redraw() {}

  remember() {
    return { seed: this.seed, tray: this.tray, filter: this.filter, amount: Number(this.amount.value), seeds: this.seeds() };
  }

  /** The seeds of what is in the trays. */
  seeds() {
    return Object.fromEntries(TRAYS.map((name) => [name, this.members[name].map((sample) => sample.seed)]));
  }

  /** Put samples into the trays by their seeds. */
  fillFrom(seeds) {
    this.owner = this.studio.modelKey;
    for (const name of TRAYS) this.members[name] = (seeds?.[name] ?? []).filter(Number.isInteger).map((seed) => this.sample(seed));
  }

  recall({ seed, tray, filter, amount, seeds } = {}) {
    if (amount >= 0 && amount <= MOST) this.writeAmount(amount);
    if (Number.isInteger(seed)) this.seed = seed;
    if (TRAYS.includes(tray)) this.tray = tray;
    if (DIGITS.includes(filter)) this.filter = filter;
    this.fillFrom(seeds);
    this.stale = true;
    if (this.visible) this.enter();
  }

  /** Set the page up: `seed` of the gallery; `fill` lets the page choose the samples. */
  async scene({ seed, fill = false } = {}) {
    this.members = { a: [], b: [], c: [] };
    await this.draw(Number.isInteger(seed) ? seed : this.studio.randomSeed());
    if (fill) this.fillForMe();
  }

  close() {
    this.leave();
  }

  sample(seed) {
    return { seed, z: this.studio.fresh(seed), grey: null, digit: null };
  }

  /** Draw the gallery that begins at a seed, and what is in the trays; then read the digits. */
  async draw(seed) {
    const { model } = this.studio;
    const job = (this.job = {});
    Object.assign(this, { seed, stale: false });
    this.forgetFilling();
    this.samples = Array.from({ length: COUNT }, (_, index) => this.sample((seed + index) % (LAST_SEED + 1)));
    const all = [...this.samples, ...TRAYS.flatMap((name) => this.members[name])];
    for (let index = 0; index < COUNT; index += 1) this.gallery.show(index, null);
    this.update();
    const zs = all.map((sample) => sample.z);
    try {
      const pictures = await model.pictures(zs, { lane: "gallery", onSome: (index, grey) => job === this.job && this.take(all, index, grey) });
      if (job !== this.job || !pictures) return;
      pictures.forEach((grey, index) => this.take(all, index, grey));
      this.update();
      this.add(false);
      const digits = await readDigits(model, zs);
      if (job !== this.job) return;
      digits?.forEach((digit, index) => (all[index].digit = digit));
      this.job = null;
      this.update();
    } catch (error) {
      if (job === this.job) this.job = null;
      console.warn("arithmetic:", error.message);
    }
  }

  take(samples, index, grey) {
    samples[index].grey = grey;
    if (index < COUNT) this.gallery.show(index, grey);
    else for (const tray of Object.values(this.trays)) tray.forget();
  }

  choose(name) {
    this.tray = name;
    this.update();
  }

  /** Which tray a sample is in; null for none. */
  trayOf(seed) {
    return TRAYS.find((name) => this.members[name].some((sample) => sample.seed === seed)) ?? null;
  }

  /** Put a sample into the chosen tray, or take it out; it is never in two. */
  toggle(sample) {
    const present = this.trayOf(sample.seed);
    if (present) this.members[present] = this.members[present].filter(({ seed }) => seed !== sample.seed);
    const others = this.members[this.tray];
    this.change(this.tray, present === this.tray ? others : [...others, sample]);
  }

  change(name, samples) {
    this.members[name] = samples;
    this.forgetFilling();
    this.update();
    this.add(true);
  }

  /** What was said of the trays no longer holds. */
  forgetFilling() {
    this.expected = null;
    setText(this.told, "");
  }

  /** Choose by ink and digit: heavy X − light X + light Y. Where G is asked for one digit, all is done with that. */
  fillForMe() {
    if (this.studio.model.isTold) this.fillByInk();
    else this.fillByDigit();
  }

  fillByDigit() {
    const groups = DIGITS.map((digit) => byInk(this.samples.filter((sample) => sample.digit === digit && sample.grey)));
    const [x, y] = [...groups].sort((one, other) => other.length - one.length);
    if (x.length < 2 * LEAST || y.length < LEAST) {
      setText(this.told, this.say("arithmetic_too_few"));
      return;
    }
    // Halves rather than three: what a and b differ in by chance then weighs less against the ink.
    const half = Math.floor(x.length / 2);
    this.expected = y[0].digit;
    setText(this.told, this.say("arithmetic_filled", { x: x[0].digit, y: y[0].digit, half, least: LEAST }));
    this.fillWith({ a: x.slice(-half), b: x.slice(0, half), c: y.slice(0, LEAST) });
  }

  fillByInk() {
    const { digit } = this.studio;
    const sorted = byInk(this.samples);
    const third = Math.floor(sorted.length / 3);
    this.expected = digit;
    setText(this.told, this.say("arithmetic_filled_told", { digit, third, least: LEAST }));
    this.fillWith({ a: sorted.slice(-third), b: sorted.slice(LEAST, LEAST + third), c: sorted.slice(0, LEAST) });
  }

  fillWith(members) {
    this.members = members;
    this.update();
    this.add(true);
  }

  /** Show the means and, where every tray has enough, the sum; `go` moves the big picture there. */
  async add(go) {
    const adding = (this.adding = {});
    const filled = TRAYS.filter((name) => this.members[name].length);
    const points = Object.fromEntries(filled.map((name) => [name, mean(this.zs(name))]));
    if (this.enough) points.result = combine(...TRAYS.map((name) => this.zs(name)));
    setText(this.resultNorm, points.result ? this.say("arithmetic_norm", { norm: decimals(norm(points.result), 2), level: decimals(Math.sqrt(this.studio.model.latentDim), 2) }) : "");
    setText(this.outcome, "");
    if (go && points.result) this.goTo(1, true);
    for (const name of TRAYS) if (!points[name]) this.trays[name].show(null);
    if (!points.result) this.result.show(null);
    const names = Object.keys(points);
    const pictures = names.length ? await this.studio.model.pictures(Object.values(points), { lane: "means" }).catch(() => null) : [];
    if (adding !== this.adding) return;
    pictures?.forEach((grey, index) => (names[index] === "result" ? this.result.show(grey, this.say("arithmetic_result")) : this.trays[names[index]].show(grey)));
    if (points.result && pictures) await this.check(adding, points.result, pictures.at(-1));
    if (adding === this.adding) this.adding = null;
  }

  /** mean(c) + amount · (mean(a) − mean(b)); with amount 1 the sum itself. */
  point(amount) {
    const [plus, minus, base] = TRAYS.map((name) => mean(this.zs(name)));
    return move(base, [plus, minus], [amount, -amount]);
  }

  /** Put the big picture at an amount of a − b. */
  goTo(amount, settled) {
    if (!this.enough) return;
    this.studio.go(this.point(amount), { settled });
    this.writeAmount(amount);
  }

  writeAmount(amount) {
    this.amount.value = amount;
    setText(this.amountValue, this.say("arithmetic_amount_value", { amount: decimals(amount, 2) }));
    setAttribute(this.amount, "aria-valuetext", decimals(amount, 2));
  }

  /** From c to the most of a − b and back, slow at the ends. */
  async frames() {
    const walk = Array.from({ length: FRAMES }, (_, index) => this.point((MOST * (1 - Math.cos((2 * Math.PI * index) / FRAMES))) / 2));
    return this.studio.model.pictures(walk, { lane: "frames" });
  }

  /** Say what became of the sum: the digit that the classifier reads, and how much ink there is. */
  async check(adding, z, grey) {
    const digits = await readDigits(this.studio.model, [z]).catch(() => null);
    if (adding !== this.adding || !digits) return;
    const usual = this.members.c.reduce((sum, sample) => sum + ink(sample.grey ?? grey), 0) / this.members.c.length;
    const words = [this.say("arithmetic_outcome", { digit: digits[0], ratio: decimals(ink(grey) / usual, 1) })];
    if (this.expected !== null && digits[0] !== this.expected) words.push(this.say("arithmetic_strayed", { y: this.expected }));
    setText(this.outcome, words.join(" "));
  }

  zs(name) {
    return this.members[name].map((sample) => sample.z);
  }

  get enough() {
    return TRAYS.every((name) => this.members[name].length >= LEAST);
  }

  update() {
    const read = this.samples.some((sample) => sample.digit !== null);
    for (const name of TRAYS) this.trays[name].update(this.members[name], name === this.tray);
    this.missing.hidden = this.enough;
    this.amountRow.hidden = !this.enough;
    if (this.visible) this.studio.frames = this.enough ? () => this.frames() : null;
    setText(this.missing, this.say("arithmetic_missing", { least: LEAST, tray: this.tray }));
    this.filters.hidden = !read;
    this.fill.disabled = !read;
    const filter = read ? this.filter : null;
    [...this.filters.children].forEach((label, index) => {
      const digit = [null, ...DIGITS][index];
      const input = label.firstElementChild;
      input.checked = digit === filter;
      input.disabled = digit !== null && digit !== filter && !this.samples.some((sample) => sample.digit === digit);
    });
    this.gallery.update(
      this.samples.map((sample) => ({ ...sample, tray: this.trayOf(sample.seed), shown: filter === null || sample.digit === filter })),
      this.tray,
    );
  }
}
