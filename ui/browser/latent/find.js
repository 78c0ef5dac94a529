import { element, setAttribute, setText } from "../dom.js";
import { decimals, grouped } from "../numbers.js";
import { fromText, toText } from "./bytes.js";
import { Easel } from "./easel.js";
import { Heat } from "./heat.js";
import { Logbook } from "./logbook.js";
import { plain } from "./memory.js";
import { fromGrey } from "./net.js";
import { Plot } from "./plot.js";
import { norm } from "./space.js";
import { framedTarget, storedTarget } from "./targets.js";
import { Thumb } from "./thumb.js";

const LAST_SEED = 9999;
const MOST_FRAMES = 120;
const GIVEN = ["own", "real", "unseen"];

/** Search for the z whose picture comes closest to a given one. */
export class Find {
  constructor(studio) {
    Object.assign(this, { key: "find", studio, say: studio.say.bind(studio), target: null, best: null, course: [], film: [], visible: false });
    this.title = this.say("find_title");
    this.easel = new Easel(this.say, { use: (picture) => this.frame("drawn", picture) });
    this.logbook = new Logbook(studio);
    this.element = this.assemble();
    this.update();
  }

  assemble() {
    const { say } = this;
    this.error = element("p", { class: "facts trouble", role: "alert", hidden: true });
    this.remote = element("p", { class: "aside", hidden: true }, say("find_remote"));
    this.targetView = this.makeView("target");
    this.bestView = this.makeView("best");
    this.heat = new Heat(say("find_difference"));
    this.plot = new Plot({ title: say("find_curve"), x: say("find_curve_x"), y: say("find_curve_y"), onResize: () => this.drawPlot() });
    this.measure = element("p", { class: "facts" });
    this.spoken = element("p", { class: "spoken", role: "status" });
    this.told = element("p", { class: "aside", hidden: true }, say("find_told"));
    this.why = element("p", { class: "aside" }, say("find_why"));
    return element(
      "div",
      { class: "find" },
      element("p", { class: "lead" }, say("find_lead")),
      this.remote,
      this.makeChoice(),
      this.easel.element,
      this.error,
      element("div", { class: "comparison" }, this.targetView.element, this.bestView.element, this.heat.element),
      this.makeControls(),
      this.told,
      this.measure,
      this.spoken,
      this.plot.element,
      this.logbook.element,
      this.why,
    );
  }

  makeView(name) {
    const thumb = new Thumb(this.studio);
    const kind = element("span", { class: "from" });
    return { thumb, kind, element: element("figure", { class: "compared" }, element("figcaption", {}, this.say(`find_${name}`)), thumb.element, kind) };
  }

  makeButton(word, act, className = "") {
    const button = element("button", { type: "button", class: `button small ${className}`.trim(), "data-verb": word, title: this.say(`find_${word}_help`) }, this.say(`find_${word}`));
    button.addEventListener("click", act);
    return button;
  }

  makeChoice() {
    this.given = GIVEN.map((kind) => this.makeButton(kind, () => this.give(kind, this.studio.randomSeed())));
    this.drawButton = this.makeButton("draw", () => this.openEasel(this.easel.element.hidden));
    this.openEasel(false);
    this.file = element("input", { type: "file", accept: "image/png,image/jpeg", hidden: true, "aria-label": this.say("find_upload") });
    this.file.addEventListener("change", () => {
      const [picture] = this.file.files;
      this.file.value = "";
      if (picture) this.frame("uploaded", picture);
    });
    const upload = this.makeButton("upload", () => this.file.click());
    return element("div", { class: "targets", role: "group", "aria-label": this.say("find_target") }, element("span", { class: "what" }, this.say("find_target")), ...this.given, this.drawButton, upload, this.file);
  }

  makeControls() {
    this.start = this.makeButton("search", () => this.search(), "primary");
    this.cancel = this.makeButton("cancel", () => this.stop());
    this.there = this.makeButton("go", () => this.studio.go(this.best.z, { settled: true }));
    this.bar = element("progress", { max: 1, value: 0, "aria-label": this.say("find_progress") });
    this.step = element("span", { class: "step" });
    this.running = element("div", { class: "running" }, this.bar, this.step);
    return element("div", { class: "row" }, this.start, this.cancel, this.there, this.running);
  }

  enter() {
    this.visible = true;
    this.update();
    this.drawPlot();
  }

  leave() {
    this.visible = false;
    this.asked = null;
    this.stop();
  }

  modelChanged() {
    this.stop();
    this.forget();
    // What the other generator made is a strange picture to this one.
    if (this.target?.kind === "own") this.target = null;
    this.update();
  }

  /** What was found is of another digit; the target stays, for this one to be tried on it. */
  digitChanged() {
    this.stop();
    this.forget();
    this.update();
  }

  redraw(theme) {
    this.theme = theme;
    this.drawPlot();
  }

  remember() {
    const { target, best } = this;
    return {
      target: target && { kind: target.kind, grey: toText(target.grey) },
      best: best && { z: plain(best.z), error: best.error, picture: toText(best.picture) },
      course: this.course,
      log: this.logbook.remember(),
    };
  }

  recall({ target, best, course, log } = {}) {
    if (target) this.target = { kind: target.kind, grey: fromText(target.grey) };
    if (best?.z.length === this.studio.model?.latentDim) Object.assign(this, { best: { ...best, z: Float32Array.from(best.z), picture: fromText(best.picture) }, course: course ?? [] });
    this.logbook.recall(log);
    this.update();
    this.drawPlot();
  }

  /** Set a search up: `target` "own", "real" or "unseen"; `start` begins it. */
  async scene({ target = "own", start = false, seed } = {}) {
    await this.give(GIVEN.includes(target) ? target : "own", Number.isInteger(seed) ? seed % (LAST_SEED + 1) : this.studio.randomSeed());
    if (start && this.target && this.visible) this.search();
  }

  close() {
    this.leave();
    this.plot.close();
  }

  openEasel(open) {
    this.easel.element.hidden = !open;
    setAttribute(this.drawButton, "aria-expanded", String(open));
  }

  /** Take one of the given kinds of picture as the target. */
  give(kind, seed) {
    const { model } = this.studio;
    this.openEasel(false);
    return this.take(kind, kind === "own" ? model.pictures([this.studio.fresh(seed)], { lane: "target" }).then((pictures) => pictures?.[0]) : storedTarget(kind, seed));
  }

  /** Take a drawing or a file as the target. */
  async frame(kind, picture) {
    await this.take(kind, framedTarget(picture));
    if (this.target?.kind === kind && this.error.hidden) this.openEasel(false);
  }

  /** Wait for a target, and show it unless another was asked for meanwhile. */
  async take(kind, coming) {
    const asked = (this.asked = {});
    this.stop();
    this.fail(null);
    try {
      const grey = await coming;
      if (asked !== this.asked || !grey) return;
      this.target = { kind, grey };
      this.forget();
      this.update();
    } catch (error) {
      if (asked === this.asked) this.fail(error.code ?? "offline");
    }
  }

  fail(code) {
    this.error.hidden = !code;
    setText(this.error, code ? this.say(`find_error_${code}`) : "");
  }

  /** Drop what the last search found. */
  forget() {
    Object.assign(this, { best: null, course: [], film: [] });
    this.drawPlot();
  }

  async search() {
    const { model } = this.studio;
    const { target } = this;
    if (!target || model.remote) return;
    this.stop();
    this.forget();
    const job = (this.job = new AbortController());
    this.progress = null;
    this.update();
    const onProgress = (progress) => job === this.job && this.follow(progress);
    const found = await model.search(fromGrey(target.grey), { seed: this.studio.randomSeed() }, { onProgress, signal: job.signal });
    if (job !== this.job) return;
    this.job = null;
    if (found) this.finish(found, target, model);
    else this.fail("search");
    this.update();
  }

  follow(progress) {
    this.progress = progress;
    this.best = progress.best;
    this.course.push([progress.step, progress.best.error]);
    if (this.film.length < MOST_FRAMES - 1) this.film.push(progress.best.picture);
    this.update();
    this.drawPlot();
  }

  finish(found, target, model) {
    this.best = found;
    this.course.push([this.progress?.steps ?? 1, found.error]);
    this.film.push(found.picture);
    this.logbook.add({ kind: target.kind, generator: model.card.name, asked: model.isTold ? model.digit : null, error: found.error, target: target.grey, found: found.picture });
    setText(this.spoken, this.say("find_done", { error: decimals(found.error, 4) }));
  }

  /** End the search under way; the best so far stays. */
  stop() {
    const { job } = this;
    this.job = null;
    job?.abort();
    if (job) this.update();
  }

  update() {
    const { target, best, job } = this;
    const remote = Boolean(this.studio.model?.remote);
    this.remote.hidden = !remote;
    this.told.hidden = !this.studio.model?.isTold;
    this.start.disabled = !target || remote;
    this.showRunning(Boolean(job));
    this.there.disabled = !best || Boolean(job);
    this.given.forEach((button, index) => setAttribute(button, "aria-pressed", String(target?.kind === GIVEN[index])));
    this.targetView.thumb.show(target?.grey ?? null, this.say("find_target"));
    setText(this.targetView.kind, target ? this.say(`find_kind_${target.kind}`) : "");
    this.bestView.thumb.show(best?.picture ?? null, this.say("find_best"));
    setText(this.bestView.kind, best ? this.say("find_error_is", { error: decimals(best.error, 4), norm: decimals(norm(best.z), 1) }) : "");
    this.heat.show(target?.grey ?? null, best?.picture ?? null, this.say("find_difference"));
    this.measure.hidden = remote;
    setText(this.measure, this.say(best ? "find_measure" : target ? "find_ready" : "find_choose", { error: best && decimals(best.error, 4) }));
    this.plot.element.hidden = this.course.length < 2;
    if (this.visible) this.studio.frames = !job && this.film.length > 1 ? async () => this.film : null;
    if (job) this.writeProgress();
  }

  /** Search and Cancel change places; the keyboard's focus goes along. */
  showRunning(running) {
    const [away, here] = running ? [this.start, this.cancel] : [this.cancel, this.start];
    const focused = this.element.getRootNode().activeElement === away;
    here.hidden = false;
    if (focused) here.focus({ preventScroll: true });
    away.hidden = true;
    this.running.hidden = !running;
  }

  writeProgress() {
    const { progress } = this;
    if (!progress) {
      this.bar.removeAttribute("value");
      setText(this.step, this.say("find_begin"));
      return;
    }
    this.bar.max = progress.steps;
    this.bar.value = progress.step;
    setText(this.step, this.say("find_step", { step: grouped(progress.step), steps: grouped(progress.steps), seconds: Math.ceil(progress.secondsLeft) }));
  }

  drawPlot() {
    const { theme } = this;
    if (!theme || !this.visible || this.course.length < 2) return;
    const most = Math.max(...this.course.map((point) => point[1]));
    const steps = this.progress?.steps ?? this.course.at(-1)[0];
    this.plot.draw({ curves: [{ points: this.course, colour: theme.text, dash: [] }], xRange: [0, steps], yRange: [0, 1.1 * most || 1] }, theme);
    this.plot.describe(`${this.say("find_curve")}: ${decimals(this.course.at(-1)[1], 4)}`);
  }
}
