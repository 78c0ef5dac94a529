import { element, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { digitCanvas, download, montage, paintGrey, pngOf } from "./files.js";
import { Field } from "./field.js";
import { plain, samePoint } from "./memory.js";
import { blend, move } from "./space.js";
import { CELLS, border, circle, sheetOf } from "./walks.js";

// Four clear, different digits, with both generators that come with the course.
const SEEDS = [135, 38, 185, 94];
const CORNERS = ["upper_left", "upper_right", "lower_left", "lower_right"];
const REACH = 6;
const DIRECTIONS = 6;
const FAMILIES = ["sefa", "ganspace"];
const AXES = FAMILIES.flatMap((family) => Array.from({ length: DIRECTIONS }, (_, index) => `${family}-${index}`));
const FRAMES = 48;
const KINDS = ["corners", "directions"];

/** A square cut out of the latent space: between four points, or along two directions. */
export class Pad {
  constructor(studio) {
    Object.assign(this, { key: "pad", studio, say: studio.say, title: studio.say("pad_title"), visible: false });
    Object.assign(this, { kind: "corners", u: 0.5, v: 0.5, ground: true, axes: [AXES[0], AXES[1]], base: null, own: null });
    this.corners = SEEDS.map((seed) => ({ seed }));
    this.field = new Field(this.say, (u, v, settled) => this.moveTo(u, v, settled));
    this.element = this.assemble();
    this.write();
  }

  assemble() {
    const { say } = this;
    this.kinds = this.makeKinds();
    this.groundSwitch = element("input", { type: "checkbox", role: "switch", checked: true });
    this.groundSwitch.addEventListener("change", () => this.setGround(this.groundSwitch.checked));
    const options = element("div", { class: "options" }, this.kinds, element("label", { class: "switch", title: say("pad_ground_help") }, this.groundSwitch, element("span", {}, say("pad_ground"))));
    this.thumbs = CORNERS.map((name, index) => this.makeCorner(name, index));
    this.selects = ["x", "y"].map((axis, index) => this.makeSelect(axis, index));
    this.axesRow = element("div", { class: "axes" }, ...this.selects.map(({ label }) => label));
    this.around = element("div", { class: "around" }, ...this.thumbs.map(({ button }) => button), this.field.element);
    this.save = element("button", { type: "button", class: "button small", "data-verb": "sheet" }, say("pad_save"));
    this.save.addEventListener("click", () => this.saveSheet());
    this.explain = element("span");
    const small = element("p", { class: "small" }, this.explain, " ", element("span", { class: "keys" }, say("pad_keys")));
    return element("div", { class: "pad" }, element("p", { class: "lead" }, say("pad_lead")), options, this.axesRow, this.around, element("div", { class: "below" }, small, this.save));
  }

  makeKinds() {
    const group = element("div", { class: "chips", role: "radiogroup", "aria-label": this.say("pad_kind") });
    for (const kind of KINDS) {
      const input = element("input", { type: "radio", name: "gan-pad-kind", value: kind });
      input.addEventListener("change", () => this.setKind(kind));
      group.append(element("label", { class: "chip" }, input, element("span", {}, this.say(`pad_${kind}`))));
    }
    return group;
  }

  makeCorner(name, index) {
    const canvas = digitCanvas({ "aria-hidden": "true" });
    const button = element("button", { type: "button", class: `corner ${name}`, title: this.say("pad_corner_help"), "aria-label": this.say(`pad_${name}`) }, canvas);
    button.addEventListener("click", () => this.replaceCorner(index));
    return { canvas, button };
  }

  makeSelect(axis, index) {
    const select = element("select", { "data-axis": axis });
    for (const family of FAMILIES) {
      const group = element("optgroup", { label: this.say(family) });
      AXES.filter((name) => name.startsWith(family)).forEach((name, at) => group.append(element("option", { value: name }, this.say("direction", { family: this.say(family), n: at + 1 }))));
      select.append(group);
    }
    select.addEventListener("change", () => this.setAxis(index, select.value));
    return { select, label: element("label", {}, element("span", {}, this.say(`pad_axis_${axis}`)), select) };
  }

  enter() {
    this.visible = true;
    this.studio.frames = () => this.walk();
    if (this.studio.untouched) return this.renew();
    if (!this.own || !samePoint(this.own, this.studio.z)) this.adopt();
    return this.refresh();
  }

  /** Another mode has moved: its point becomes a part of the slice, so that nothing jumps. */
  adopt() {
    this.base = this.own = this.studio.z;
    if (this.kind === "corners") this.corners[0] = { z: this.studio.z };
    [this.u, this.v] = this.kind === "corners" ? [0, 0] : [0.5, 0.5];
  }

  leave() {
    this.visible = false;
  }

  modelChanged() {
    const { z, model } = this.studio;
    this.corners = this.corners.map((corner) => (corner.z && corner.z.length !== model.latentDim ? { seed: this.studio.randomSeed() } : corner));
    // Another network has other directions: along them, this point is the new middle.
    if (this.kind === "directions" || this.base?.length !== model.latentDim) this.base = z;
    if (this.kind === "directions") [this.u, this.v] = [0.5, 0.5];
    if (!this.visible) return;
    // With as many numbers as before, the point on show is still this one.
    if (this.own?.length === z.length) this.refresh();
    else this.renew();
  }

  /** The same square, asked for another digit. */
  digitChanged() {
    if (this.visible) this.refresh();
  }

  /** Four new corners, or a new middle. */
  random(seed) {
    if (this.kind === "corners") this.corners = CORNERS.map((_, index) => ({ seed: (seed + 2500 * index) % 10000 }));
    else this.base = this.studio.fresh(seed);
    this.renew();
  }

  replaceCorner(index) {
    this.corners[index] = { seed: this.studio.randomSeed() };
    this.renew();
  }

  setKind(kind) {
    if (kind === this.kind) return;
    this.kind = kind;
    this.adopt();
    this.refresh();
  }

  setAxis(index, name) {
    this.axes[index] = name;
    this.base = this.studio.z;
    [this.u, this.v] = [0.5, 0.5];
    this.refresh();
  }

  setGround(on) {
    this.ground = on;
    this.refresh();
  }

  /** The points at the four corners. */
  cornerPoints() {
    return this.corners.map((corner) => corner.z ?? this.studio.fresh(corner.seed));
  }

  /** A function from a place on the pad to its point. */
  slice() {
    if (this.kind === "corners") {
      const points = this.cornerPoints();
      return (u, v) => blend(points, u, v);
    }
    const { base } = this;
    const directions = this.axes.map((name) => this.direction(name));
    return (u, v) => move(base, directions, [REACH * (2 * u - 1), REACH * (1 - 2 * v)]);
  }

  direction(name) {
    const [family, index] = name.split("-");
    return Float32Array.from(this.studio.model.card[family][index]);
  }

  moveTo(u, v, settled) {
    Object.assign(this, { u, v });
    this.base ??= this.studio.z;
    this.cut ??= this.slice();
    this.own = this.cut(u, v);
    this.studio.go(this.own, { settled });
    this.field.place(u, v, settled ? this.where() : null);
  }

  /** Another slice: the picture at the handle and the sheet follow. */
  renew() {
    this.cut = null;
    this.moveTo(this.u, this.v, true);
    this.refresh();
  }

  where() {
    if (this.kind === "corners") return this.say("pad_where_corners", { across: Math.round(100 * this.u), down: Math.round(100 * this.v) });
    return this.say("pad_where_directions", { x: decimals(REACH * (2 * this.u - 1), 1), y: decimals(REACH * (1 - 2 * this.v), 1) });
  }

  /** Show the slice as it is now: words, corners and ground. */
  refresh() {
    this.cut = null;
    this.write();
    if (!this.visible) return;
    this.field.place(this.u, this.v, this.where());
    if (this.kind === "corners") this.drawCorners();
    this.drawGround();
  }

  write() {
    this.element.dataset.kind = this.kind;
    this.groundSwitch.checked = this.ground;
    for (const input of this.kinds.querySelectorAll("input")) input.checked = input.value === this.kind;
    this.axesRow.hidden = this.kind === "corners";
    for (const { button } of this.thumbs) button.hidden = this.kind !== "corners";
    this.selects.forEach(({ select }, index) => (select.value = this.axes[index]));
    setText(this.explain, this.say(`pad_explain_${this.kind}`));
    setAttribute(this.field.element, "data-ground", this.ground ? "sheet" : "plain");
  }

  async drawCorners() {
    const greys = await this.studio.model.pictures(this.cornerPoints(), { lane: "corners" });
    greys?.forEach((grey, index) => paintGrey(this.thumbs[index].canvas, grey));
  }

  /** Paint the sheet from the handle outwards, as the digits come in. */
  async drawGround() {
    const job = (this.job = {});
    this.field.clear();
    if (!this.ground) return;
    await this.compute((row, column, grey) => job === this.job && this.field.paint(row, column, grey));
  }

  compute(paint) {
    return sheetOf(this.studio.model, this.slice(), { u: this.u, v: this.v }, paint);
  }

  async saveSheet() {
    const sheet = await this.compute((row, column, grey) => this.ground && this.field.paint(row, column, grey));
    if (!sheet) return;
    download(await pngOf(montage(sheet, CELLS, 2)), `gan-latent-${this.studio.modelKey}-sheet.png`);
    this.studio.notice(this.say("pad_saved"));
  }

  /** A closed walk for the film strip: along the border, or in a circle around the middle. */
  walk() {
    const cut = this.slice();
    const places = Array.from({ length: FRAMES }, (_, index) => (this.kind === "corners" ? border(index / FRAMES) : circle(index / FRAMES)));
    return this.studio.model.pictures(places.map(([u, v]) => cut(u, v)), { lane: "frames" });
  }

  redraw() {}

  remember() {
    const { kind, u, v, ground, axes } = this;
    return { kind, u, v, ground, axes, corners: this.corners.map(({ seed, z }) => (z ? { z: plain(z) } : { seed })), base: this.base && plain(this.base), own: this.own && plain(this.own) };
  }

  recall({ kind, u, v, ground, axes, corners, base, own }) {
    const dim = this.studio.model.latentDim;
    const point = (values) => (values?.length === dim ? Float32Array.from(values) : null);
    if (!KINDS.includes(kind) || corners?.length !== CORNERS.length) return;
    Object.assign(this, { kind, u, v, ground, axes, base: point(base), own: point(own) });
    this.corners = corners.map(({ seed, z }) => (point(z) ? { z: point(z) } : { seed: seed ?? this.studio.randomSeed() }));
    if (kind === "directions" && !this.base) this.base = this.studio.z;
    this.refresh();
  }

  /** Set the pad up: kind, four seeds, axes, a place. */
  scene({ kind = "corners", seeds = SEEDS, axes = this.axes, u = 0.5, v = 0.5 }) {
    this.corners = seeds.map((seed) => ({ seed }));
    this.base = this.studio.fresh(seeds[0]);
    Object.assign(this, { kind, axes: [...axes], u, v });
    this.renew();
  }

  close() {
    this.job = null;
  }
}
