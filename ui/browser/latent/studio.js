import { element, setText } from "../dom.js";
import { bringIntoView } from "../motion.js";
import { readTheme, themeSign } from "../theme.js";
import { speaker } from "../words.js";
import { Asked, DIGITS } from "./asked.js";
import { Beside } from "./beside.js";
import { Choice } from "./choice.js";
import { Collection, fetchCard } from "./collection.js";
import { paintGrey } from "./files.js";
import { Keep } from "./keep.js";
import { plain, recall, remember } from "./memory.js";
import { MODES } from "./modes.js";
import { missingFeatures } from "./models.js";
import { ServerPen } from "./pen.js";
import { listenForShortcuts } from "./shortcut.js";
import { gaussian } from "./space.js";
import { Stage } from "./stage.js";
import { Tabs } from "./tabs.js";
import { Truth } from "./truth.js";

const SEEDS = 10000;
const NOTICE = 12000;

// Scenes are numbered anew with each visit, and a reload is a new visit: this must not outlive the document.
let played = null;

/** The latent studio: one point, the picture it makes, and several ways to move it. */
export class Studio {
  constructor(parent, data) {
    Object.assign(this, { data, say: speaker(data.words), model: null, entry: null, z: null, shown: null, modes: [], mode: null, moves: 0, offers: new Map(), choosing: 0 });
    this.sign = signOf(data);
    this.memory = recall("studio") ?? {};
    this.digit = DIGITS.includes(this.memory.digit) ? this.memory.digit : 0;
    this.root = element("div", { class: "gan-latent", tabindex: -1, "data-state": "loading", "data-moves": 0 });
    this.build();
    parent.append(this.root);
    this.paint();
    this.listen();
    this.start();
  }

  build() {
    const { say } = this;
    this.choice = new Choice(say, this.data.models, recall("takes") ?? [], { choose: (key) => this.choose(key), take: () => this.take() });
    this.stage = new Stage(say, { random: () => this.random(), resize: () => this.redraw() });
    this.truth = new Truth(this);
    this.beside = new Beside(say, (key) => this.choose(key));
    this.asked = new Asked(say, (digit) => this.askFor(digit));
    this.keep = new Keep(this);
    this.collection = new Collection(() => this.model && this.truth.ask());
    this.pen = new ServerPen({
      picture: (grey, settled) => this.model.remote && this.showPicture(grey, settled),
      silent: () => this.notice(say("server_silent")),
    });
    this.news = element("p", { class: "notice", role: "status" });
    const news = element("div", { class: "news" }, this.news);
    this.fallback = element("p", { class: "fallback", role: "status", hidden: true });
    this.failure = this.makeFailure();
    this.panel = element("div", { class: "panel", role: "tabpanel", id: "panel" });
    const { stage, truth } = this;
    this.work = element("section", { class: "work" }, this.panel, stage.notes);
    const glance = element("div", { class: "glance" }, stage.picture, truth.judge);
    const look = element("section", { class: "look", "aria-label": say("stage") }, glance, stage.caption, this.asked.element, this.beside.element, truth.nearest.element, truth.notes);
    this.body = element("div", { class: "studio" }, look, this.work);
    this.root.append(this.choice.element, this.fallback, this.failure, this.body, this.keep.element, news);
  }

  makeFailure() {
    this.failureText = element("span");
    const again = element("button", { type: "button", class: "button small", "data-verb": "again" }, this.say("try_again"));
    again.addEventListener("click", () => this.failed && this.choose(this.failed));
    return element("div", { class: "failure", role: "alert", hidden: true }, this.failureText, again);
  }

  listen() {
    this.onLeave = () => this.save();
    this.stopKey = listenForShortcuts({ random: () => this.random(), digit: (digit) => this.askFor(digit) });
    addEventListener("pagehide", this.onLeave);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.root);
  }

  /** Open the generator that a link, an experiment or the last visit asks for. */
  start() {
    const { data, memory } = this;
    const link = this.newLink();
    const scene = this.newScene();
    const wanted = [scene?.model, link && data.chosen, memory.model, data.chosen].find((key) => key && (key === "run" || this.choice.find(key)));
    if (wanted === "run" && this.choice.run) this.take();
    else this.choose(this.choice.find(wanted)?.key ?? this.choice.entries[0].key);
  }

  /** The point and the digit of a link, once. */
  newLink() {
    return signOfLink(this.data) && signOfLink(this.data) !== this.memory.link ? this.data : null;
  }

  /** The scene an experiment asks for, once. */
  newScene() {
    return this.data.scene && this.data.scene.id !== played ? this.data.scene : null;
  }

  /** Open a generator and show it; the latest choice wins. */
  async choose(key) {
    const entry = this.choice.find(key);
    const turn = this.begin(key);
    try {
      const model = await this.collection.open(entry);
      if (turn === this.choosing && !this.closed) this.use(entry, model);
    } catch (error) {
      if (turn === this.choosing && !this.closed) this.fail(key, error);
    }
  }

  /** Take the run as it is now and show that. */
  async take() {
    const turn = this.begin("run");
    try {
      const card = await fetchCard(this.choice.run);
      if (turn !== this.choosing || this.closed) return;
      const { entry, known, dropped } = this.choice.add(card);
      if (dropped) this.collection.drop(dropped);
      remember("takes", this.choice.takes);
      await this.choose(entry.key);
      if (known) this.notice(this.say("take_same"));
    } catch (error) {
      if (turn === this.choosing && !this.closed) this.fail("run", error);
    }
  }

  begin(key) {
    this.choice.busy(true);
    this.failure.hidden = true;
    this.failed = null;
    this.notice("");
    if (!this.model) this.root.dataset.state = "loading";
    return (this.choosing += 1);
  }

  fail(key, error) {
    this.choice.busy(false);
    this.choice.mark(this.entry?.key);
    this.failed = key === "run" ? null : key;
    const sentence = this.say(key === "run" ? `take_${error.status === 404 ? "gone" : "wait"}` : "card_failed");
    console.warn("latent studio:", error.message);
    if (this.model) return this.notice(sentence);
    // A run that is gone must not leave the page empty.
    if (key === "run" && this.choice.entries.length) {
      this.choose(this.choice.entries[0].key).then(() => this.notice(sentence));
      return undefined;
    }
    this.root.dataset.state = "failed";
    this.failure.hidden = false;
    setText(this.failureText, sentence);
    return undefined;
  }

  /** Show another generator; the point stays where the sizes allow it. */
  use(entry, model) {
    const before = this.model;
    Object.assign(this, { entry, model });
    if (!before) this.digit = this.newLink()?.digit ?? this.digit;
    this.tell();
    this.choice.busy(false);
    this.choice.mark(entry.key);
    Object.assign(this.root.dataset, { model: entry.key, state: model.remote ? "remote" : "ready" });
    this.explainFallback();
    this.stage.name(entry.name ?? entry.label, model);
    this.truth.reset(model);
    this.asked.set(model);
    if (!before) return this.settleIn();
    const fits = this.z.length === model.latentDim;
    if (!fits) this.z = this.fresh(this.randomSeed());
    this.setBeside();
    this.go(this.z, { settled: true });
    for (const mode of this.modes) mode.modelChanged();
    if (!fits) this.notice(this.say("fresh_point", { model: entry.name ?? entry.label, dim: model.latentDim, before: before.latentDim }));
    return undefined;
  }

  /** The first generator is here: find the first point, build the modes, take up what was remembered. */
  settleIn() {
    const { memory } = this;
    const [link, scene] = [this.newLink(), this.newScene()];
    const point = link?.point ?? null;
    const fits = (values) => values?.length === this.model.latentDim;
    this.untouched = !fits(point) && !fits(memory.z);
    this.z = Float32Array.from(fits(point) ? point : fits(memory.z) ? memory.z : this.fresh(0));
    this.setBeside();
    this.paint();
    this.draw();
    this.modes = MODES.map((Mode) => new Mode(this));
    for (const mode of this.modes) if (memory.modes?.[mode.key]) mode.recall(memory.modes[mode.key]);
    this.tabs = new Tabs(this.say("modes"), this.modes, (key) => this.show(key));
    this.work.prepend(this.tabs.element);
    this.show(this.modes.some((mode) => mode.key === memory.mode) ? memory.mode : this.modes[0].key);
    if (point && !fits(point)) this.notice(this.say("link_size", { dim: this.model.latentDim, before: point.length }));
    else if (point) this.notice(this.say("link_opened"));
    if (signOfLink(this.data)) memory.link = signOfLink(this.data);
    if (scene) this.play(scene);
    this.go(this.z, { settled: true });
  }

  /** Set up what an experiment of the page asks for. */
  async play(scene) {
    played = scene.id;
    const { id, mode: key, model, ...settings } = scene;
    if (model && model !== this.entry.key) await (model === "run" ? this.take() : this.choose(model));
    if (this.closed) return;
    this.show(key);
    this.untouched = false;
    this.mode.scene({ ...settings, model });
    bringIntoView(this.root);
  }

  /** Ask for another digit: z stays. Says whether the generator can be asked. */
  askFor(digit) {
    if (!this.model?.isTold) return false;
    if (digit === this.digit) return true;
    this.digit = digit;
    this.tell();
    this.asked.mark();
    this.truth.digitChanged(this.model);
    this.go(this.z, { settled: true });
    for (const mode of this.modes) mode.digitChanged();
    return true;
  }

  /** Let all generators know which digit they are asked for; most of them do not care. */
  tell() {
    this.root.dataset.digit = this.model.isTold ? this.digit : "";
    for (const model of [this.model, ...this.collection.models.values()]) model.digit = this.digit;
  }

  explainFallback() {
    const { remote, reason } = this.model;
    this.fallback.hidden = !remote;
    if (!remote) return;
    const missing = missingFeatures().join(", ");
    // A worker can be missing although the browser knows the word: forbidden here, or stuck.
    const why = reason === "weights" ? "remote_weights" : missing ? "remote_features" : "remote_worker";
    setText(this.fallback, this.say(why, { missing }));
  }

  setBeside() {
    const { models } = this.collection;
    const opened = this.choice.entries.filter(({ key }) => models.has(key));
    this.beside.set(opened.map(({ key, label }) => ({ key, label, model: models.get(key) })), this.entry.key);
  }

  /** Move to a point: the picture at once, what costs a request only when the hand rests. */
  go(z, { settled = false } = {}) {
    this.z = z;
    this.untouched = false;
    this.draw(settled);
    if (settled) this.saveSoon();
  }

  draw(settled = false) {
    const grey = this.model.picture(this.z);
    this.stage.measure(this.z, this.theme);
    this.beside.follow(this.z);
    this.asked.follow(this.z, settled);
    if (grey) this.showPicture(grey, settled);
    else this.pen.draw(this.model, this.z, settled);
  }

  showPicture(grey, settled) {
    this.shown = grey;
    this.stage.show(grey);
    this.root.dataset.moves = this.moves += 1;
    this.truth.follow(settled);
  }

  /** A standard normal point that depends on seed and size alone. */
  fresh(seed) {
    return gaussian(seed, this.model.latentDim);
  }

  randomSeed() {
    return Math.floor(Math.random() * SEEDS);
  }

  /** Another random digit, in the way of the active mode. */
  random() {
    if (!this.model) return;
    const seed = this.randomSeed();
    if (this.mode?.random) this.mode.random(seed);
    else this.go(this.fresh(seed), { settled: true });
  }

  /** Switch to a mode. */
  show(key) {
    const next = this.modes.find((mode) => mode.key === key);
    if (!next) return;
    this.mode?.leave();
    this.offers.clear();
    this.mode = next;
    this.root.dataset.mode = key;
    this.tabs.mark(key);
    this.panel.setAttribute("aria-labelledby", `tab-${key}`);
    this.panel.replaceChildren(next.element);
    next.enter();
    next.redraw(this.theme);
    this.keep.update();
    this.saveSoon();
  }

  get modelKey() {
    return this.entry?.key ?? "";
  }

  get frames() {
    return this.offers.get("frames") ?? null;
  }

  set frames(produce) {
    this.offer("frames", produce);
  }

  /** What the active mode has to take home; null withdraws it. */
  offer(name, produce) {
    if (produce) this.offers.set(name, produce);
    else this.offers.delete(name);
    this.keep.update();
  }

  grey(canvas, bytes) {
    paintGrey(canvas, bytes);
  }

  /** Say one sentence for a while; nothing moves to make room for it. */
  notice(text) {
    clearTimeout(this.silence);
    setText(this.news, text);
    if (text) this.silence = setTimeout(() => this.notice(""), NOTICE);
  }

  /** Take new data from Streamlit: perhaps a scene, perhaps only another theme. */
  refresh(data) {
    this.data = data;
    if (themeSign(this.root) !== this.themeSign) this.paint();
    this.redraw();
    const scene = this.model && this.newScene();
    if (scene) this.play(scene);
  }

  /** Read the host's colours. */
  paint() {
    this.theme = readTheme(this.root);
    this.themeSign = themeSign(this.root);
  }

  redraw() {
    if (!this.model || !this.root.isConnected) return;
    if (themeSign(this.root) !== this.themeSign) this.paint();
    this.stage.measure(this.z, this.theme);
    this.mode?.redraw(this.theme);
  }

  saveSoon() {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), 300);
  }

  /** Keep everything that a reload or another language should not lose. */
  save() {
    clearTimeout(this.saving);
    if (!this.modes.length) return;
    const { link } = this.memory;
    const modes = Object.fromEntries(this.modes.map((mode) => [mode.key, mode.remember()]));
    this.memory = { model: this.modelKey, z: plain(this.z), digit: this.digit, mode: this.mode.key, modes, link };
    remember("studio", this.memory);
  }

  /** Leave the page: no timer, listener or request stays behind. */
  close() {
    this.save();
    this.closed = true;
    clearTimeout(this.silence);
    this.stopKey();
    removeEventListener("pagehide", this.onLeave);
    this.observer.disconnect();
    this.mode?.leave();
    for (const part of [...this.modes, this.choice, this.truth, this.asked, this.beside, this.stage, this.pen, this.collection]) part.close();
    this.root.remove();
  }
}

/** What the studio is built from: another language or another run needs another one. */
export const signOf = ({ words, models }) => JSON.stringify([words, models]);

/** What tells one link from another; empty where a link says nothing of a point or a digit. */
const signOfLink = ({ point, digit }) => [point?.map((value) => value.toFixed(3)).join() ?? "", digit ?? ""].join("|").replace(/^\|$/, "");
