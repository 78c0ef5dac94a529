import { element, setText } from "../dom.js";
import { Live } from "../live.js";
import { decimals, grouped } from "../numbers.js";
import { decodeLook } from "../playground/look.js";
import { MeterHistory } from "../readings.js";
import { Plot, VIEW } from "../playground/plot.js";
import { Sheet } from "../sheet.js";
import { Status } from "../status.js";
import { speaker } from "../words.js";

const TRAIL = 30;

/** One of two runs: what `Live` does for every run, without buttons of its own. */
export class Half extends Live {
  /** @param {{news: () => void, curves: () => void, repaint: () => void, layers: () => Set<string>}} owner hears of what is new, and says which layers to draw. */
  constructor(parent, data, owner, pace) {
    super(parent, { ...data, owner }, { kind: "gan-twin", pace, keys: false });
  }

  get isPlane() {
    return this.data.kind === "points";
  }

  makeView(data, actions) {
    return data.kind === "points" ? new PlaneView(data, actions) : new SheetView(data, actions);
  }

  held() {
    return { ...super.held(), ...this.meter.held };
  }

  forget() {
    super.forget();
    Object.assign(this, { meter: new MeterHistory(), trails: [] });
  }

  async take(news) {
    const { state: answer } = news;
    if (this.runId !== null && this.runId !== answer.run_id) {
      this.forget();
      this.runId = answer.run_id;
      this.redraw({ picture: true, curves: true });
    }
    const rows = this.meter.rows.length;
    this.meter.merge(answer.meter);
    if (this.meter.rows.length !== rows) this.data.owner.curves();
    await super.take(news);
    // What was told to someone who holds more leaves a gap: ask again for everything.
    if (answer.meter?.start > this.meter.rows.length) this.poller.soon();
  }

  open(head, bytes) {
    if (!this.isPlane) return super.open(head, bytes);
    const look = decodeLook(head, bytes, this.latest?.bitmap);
    this.trails = [...this.trails, look.fake].slice(-TRAIL);
    return look;
  }

  async fetchPage(page) {
    if (!this.isPlane) return super.fetchPage(page);
    const { state, picture } = await this.client.look(`/album/${page}.bin`);
    return decodeLook(state, picture);
  }

  /** Show the look recorded last by then: one that has stopped has none of later on. */
  lookAt(iteration) {
    const album = this.answer?.album ?? [];
    return super.lookAt(iteration === null ? null : (album.findLast((page) => page <= iteration) ?? album[0] ?? null));
  }

  glow(before, answer) {
    if (before) this.view.status.glow(["d", "g"].filter((player) => answer[`${player}_moves`] > before[`${player}_moves`]));
  }

  enter(state) {
    super.enter(state);
    this.data.owner.news();
  }
}

/** What both kinds of halves have: a title, a picture, and a line that says how the run fares. */
class HalfView {
  constructor(data) {
    this.data = data;
    this.say = speaker(data.words);
    this.status = new Status(this.say);
    this.note = element("span", { class: "note" });
    this.heading = element("h3", { class: "title" }, element("span", {}, data.title), this.note);
  }

  assemble(picture) {
    this.element = element("section", { class: "half", "aria-label": this.data.title }, this.heading, picture, this.status.element);
  }

  update(model) {
    const { answer, state, shown, lookedBack } = model;
    this.status.update(state, answer);
    const past = lookedBack === null ? "" : `${this.say("look_back")} · `;
    setText(this.note, shown ? `${past}${this.say("iteration")} ${grouped(shown.iteration)}` : "");
    this.describe(model);
  }

  draw(model, changed, theme) {
    this.element.classList.toggle("past", model.lookedBack !== null);
    if (changed.picture) this.paint(model, theme);
    if (changed.curves) this.data.owner.curves();
  }
}

/** A contact sheet, as on the training page. */
class SheetView extends HalfView {
  constructor(data, actions) {
    super(data);
    this.sheet = new Sheet({ kind: "fake", title: this.say("generated_title"), empty: this.say("picture_empty"), rows: this.say("rows"), onResize: actions.resize });
    this.assemble(this.sheet.element);
  }

  describe({ shown, answer, layout }) {
    const iteration = grouped(shown?.iteration ?? answer?.iteration ?? 0);
    this.sheet.describe("", `${this.data.title}. ${this.say(layout.by_class ? "picture_alt_rows" : "picture_alt", { count: layout.rows * layout.columns, iteration })}`);
  }

  paint({ shown, layout }, theme) {
    this.sheet.draw(shown?.bitmap ?? null, layout, theme);
  }

  close() {
    this.sheet.close();
  }
}

/** The plane, as in the playground. */
class PlaneView extends HalfView {
  constructor(data, actions) {
    super(data);
    this.plot = new Plot({ view: VIEW, onResize: actions.resize, alt: data.title });
    this.assemble(element("figure", { class: "plot" }, this.plot.element));
  }

  describe({ shown, meter }) {
    const values = { iteration: grouped(shown?.iteration ?? 0), js: decimals(meter.newest?.js_bits, 3) };
    this.plot.describe(`${this.data.title}. ${this.say("plot_alt", values)}`);
  }

  paint({ shown, trails, lookedBack }, theme) {
    const look = shown?.bitmap ?? null;
    this.plot.draw(look && { ...look, trails: lookedBack === null ? trails : [] }, this.data.owner.layers(), theme);
  }

  close() {
    this.plot.close();
  }
}
