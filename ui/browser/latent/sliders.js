import { element, setText } from "../dom.js";
import { STILL } from "../motion.js";
import { paintGrey } from "./files.js";
import { plain, samePoint } from "./memory.js";
import { Cell, PREVIEW, RAW_REACH, Row } from "./rows.js";
import { move } from "./space.js";

const FAMILIES = ["sefa", "ganspace", "raw"];
const COUNT = 6;
const FRAMES = 48;
const GLIDE = 900;
const DEBOUNCE = 200;

const zeros = () => new Array(COUNT).fill(0);

/** One slider per direction: the point is a base plus so much of each direction. */
export class Sliders {
  constructor(studio) {
    Object.assign(this, { key: "sliders", studio, say: studio.say, title: studio.say("sliders_title"), visible: false });
    Object.assign(this, { family: "sefa", base: null, own: null, amounts: { sefa: zeros(), ganspace: zeros() }, last: 0 });
    this.element = this.assemble();
  }

  assemble() {
    const { say } = this;
    this.families = element("div", { class: "chips", role: "radiogroup", "aria-label": say("sliders_family") }, ...FAMILIES.map((family) => this.makeFamily(family)));
    this.explain = element("p", { class: "small" });
    this.rows = Array.from({ length: COUNT }, (_, index) => new Row(this, index));
    this.directions = element("div", { class: "directions" }, ...this.rows.map((row) => row.element));
    this.raw = element("div", { class: "raw", role: "group", "aria-label": say("sliders_raw") });
    this.centre = element("button", { type: "button", class: "button small", "data-verb": "centre", title: say("sliders_centre_help") }, say("sliders_centre"));
    this.centre.addEventListener("click", () => this.toMiddle());
    return element("div", { class: "sliders" }, element("p", { class: "lead" }, say("sliders_lead")), this.families, this.explain, this.directions, this.raw, element("div", { class: "below" }, this.centre));
  }

  makeFamily(family) {
    const input = element("input", { type: "radio", name: "gan-family", value: family });
    input.addEventListener("change", () => this.setFamily(family));
    const label = element("span");
    (this.familyLabels ??= {})[family] = { input, label };
    return element("label", { class: "chip" }, input, label);
  }

  enter() {
    this.visible = true;
    this.studio.frames = () => this.walk();
    if (!this.own || !samePoint(this.own, this.studio.z)) this.rebase(this.studio.z);
    this.write();
    this.drawPreviews();
  }

  leave() {
    this.visible = false;
    this.stopGlide();
  }

  /** Count from this point on: all sliders in the middle. */
  rebase(z) {
    this.base = this.own = Float32Array.from(z);
    this.amounts = { sefa: zeros(), ganspace: zeros() };
  }

  modelChanged() {
    this.stopGlide();
    // Another network has other directions: along them, this point is the new middle.
    this.rebase(this.studio.z);
    this.makeRaw();
    if (!this.visible) return;
    this.write();
    this.drawPreviews();
  }

  /** The same point, asked for another digit: what lies at the ends is another one, too. */
  digitChanged() {
    this.drawPreviews();
  }

  moved() {
    return Object.values(this.amounts).some((amounts) => amounts.some((amount) => amount !== 0));
  }

  random(seed) {
    this.stopGlide();
    this.rebase(this.studio.fresh(seed));
    this.go(true);
    this.write();
    this.drawPreviews();
  }

  toMiddle() {
    this.stopGlide();
    const { base } = this;
    this.rebase(base);
    this.go(true);
    this.write();
  }

  setFamily(family) {
    this.stopGlide();
    this.family = family;
    this.last = 0;
    this.write();
    this.drawPreviews();
  }

  /** The unit directions of the family on show (for raw coordinates, those of SeFa). */
  directionsOf(family) {
    return this.studio.model.card[family].map((direction) => Float32Array.from(direction));
  }

  point(amounts = this.amounts) {
    const walked = move(this.base, this.directionsOf("sefa"), amounts.sefa);
    return move(walked, this.directionsOf("ganspace"), amounts.ganspace);
  }

  go(settled) {
    this.own = this.point();
    this.studio.go(this.own, { settled });
  }

  /** A slider moves: the picture follows in the same event. */
  slide(index, amount, settled) {
    this.amounts[this.family][index] = amount;
    this.last = index;
    this.go(settled);
    this.rows[index].write(amount);
    if (this.family !== "raw") this.centre.disabled = !this.moved();
  }

  slideRaw(index, value, settled) {
    this.base[index] += value - this.own[index];
    this.last = index;
    this.go(settled);
    this.rawCells[index].write(this.own[index]);
    if (settled) this.drawPreviewsSoon();
  }

  /** Let a slider run to an amount, so that one sees the way; at once for those who want no motion. */
  glide(index, amount) {
    this.stopGlide();
    const from = this.amounts[this.family][index];
    if (STILL.matches || document.hidden) return this.slide(index, amount, true);
    const began = performance.now();
    const turn = (now) => {
      const share = Math.min(1, Math.max(0, (now - began) / GLIDE));
      this.gliding = share < 1 ? requestAnimationFrame(turn) : null;
      this.slide(index, from + (amount - from) * (share * share * (3 - 2 * share)), share === 1);
    };
    this.gliding = requestAnimationFrame(turn);
    return undefined;
  }

  stopGlide() {
    cancelAnimationFrame(this.gliding);
    this.gliding = null;
  }

  write() {
    const raw = this.family === "raw";
    for (const [family, { input, label }] of Object.entries(this.familyLabels)) {
      input.checked = family === this.family;
      setText(label, this.say(`family_${family}`, { count: family === "raw" ? this.studio.model.latentDim : COUNT }));
    }
    const told = this.studio.model.isTold ? ` ${this.say(`told_${this.family}`)}` : "";
    setText(this.explain, this.say(`explain_${this.family}`) + told);
    this.directions.hidden = raw;
    this.raw.hidden = !raw;
    this.centre.hidden = raw;
    this.centre.disabled = !this.moved();
    if (!raw) this.rows.forEach((row, index) => row.name(this.family).write(this.amounts[this.family][index]));
    else this.writeRaw();
  }

  writeRaw() {
    if (this.rawCells?.length !== this.studio.model.latentDim) this.makeRaw();
    this.rawCells.forEach((cell, index) => cell.write(this.own[index]));
  }

  makeRaw() {
    if (this.family !== "raw") {
      this.rawCells = null;
      return;
    }
    this.rawCells = Array.from(this.studio.z, (_, index) => new Cell(this, index));
    this.raw.replaceChildren(...this.rawCells.map((cell) => cell.element));
  }

  drawPreviewsSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drawPreviews(), DEBOUNCE);
  }

  /** What lies at both ends of each slider. */
  async drawPreviews() {
    if (!this.visible || this.family === "raw") return;
    const directions = this.directionsOf(this.family);
    const ends = directions.flatMap((direction) => [-PREVIEW, PREVIEW].map((amount) => move(this.base, [direction], [amount])));
    const greys = await this.studio.model.pictures(ends, { lane: "previews" });
    greys?.forEach((grey, index) => paintGrey(this.rows[Math.floor(index / 2)].previews[index % 2].canvas, grey));
  }

  /** From one end of the slider last moved to the other and back, for the film strip. */
  walk() {
    const shares = Array.from({ length: FRAMES }, (_, index) => -Math.cos((2 * Math.PI * index) / FRAMES));
    return this.studio.model.pictures(shares.map((share) => this.frame(share)), { lane: "frames" });
  }

  frame(share) {
    if (this.family !== "raw") return move(this.base, [this.directionsOf(this.family)[this.last]], [PREVIEW * share]);
    const z = Float32Array.from(this.own);
    z[this.last] = RAW_REACH * share;
    return z;
  }

  redraw() {}

  remember() {
    const { family, amounts, last } = this;
    return { family, amounts, last, base: this.base && plain(this.base), own: this.own && plain(this.own) };
  }

  recall({ family, amounts, last, base, own }) {
    if (!FAMILIES.includes(family) || base?.length !== this.studio.model.latentDim) return;
    Object.assign(this, { family, amounts, last, base: Float32Array.from(base), own: Float32Array.from(own) });
  }

  /** Set the sliders up: a seed, a family, one slider at an amount. */
  scene({ seed = 0, family = "sefa", index = 0, amount = 0 }) {
    this.stopGlide();
    this.family = family;
    this.rebase(this.studio.fresh(seed));
    this.go(true);
    this.write();
    this.drawPreviews();
    this.glide(index, amount);
  }

  close() {
    this.stopGlide();
    clearTimeout(this.timer);
  }
}
