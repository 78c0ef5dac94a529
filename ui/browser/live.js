import { element } from "./dom.js";
import { History } from "./history.js";
import { listenForKeys } from "./keys.js";
import { mounter } from "./mount.js";
import { Pace } from "./pace.js";
import { Poller, RunClient } from "./poll.js";
import { MeterHistory } from "./readings.js";
import { readTheme, themeSign } from "./theme.js";
import { View } from "./view.js";

const ALL = { picture: true, real: true, curves: true, meter: true, theme: true };
// A number that changes more often than this cannot be read; a curve grows by less than its width.
const READABLE = 250;
// Streamlit tells of a new theme, but the browser may bring its colours later.
const THEME_PACE = 1000;

/** One live run on the page: holds what the server sent, and keeps the view in step with it. */
export class Live {
  constructor(parent, data, { kind = "", pace, keys = true } = {}) {
    this.root = element("div", { class: `gan-live ${kind}`.trim(), tabindex: -1 });
    parent.append(this.root);
    this.client = new RunClient(data.token);
    this.frames = 0;
    Object.assign(this, { changed: { ...ALL }, readable: new Pace(READABLE), themes: new Pace(THEME_PACE), grown: false });
    this.forget();
    Object.assign(this, { state: "loading", answer: null, posting: 0 });
    this.show(data);
    this.stopKeys = keys ? listenForKeys(this.root, (verb) => this.view.transport.press(verb)) : () => {};
    this.poller = new Poller(this.client, {
      pace,
      held: () => this.held(),
      answer: (news) => this.take(news),
      lost: () => this.enter("lost"),
      gone: () => this.enter("gone"),
    });
  }

  /** What this page holds already, for the server to leave out. */
  held() {
    return { ...this.history.held, ...this.meter.held, picture: this.pictureId };
  }

  /** Drop what was held of the run, as after a reset. */
  forget() {
    this.history = new History();
    this.meter = new MeterHistory();
    Object.assign(this, { runId: null, pictureId: 0, latest: null, shown: null, lookedBack: null, real: null, realAsked: 0, layout: { rows: 8, columns: 8, by_class: false } });
    this.album = new Map();
  }

  /** Build the view for these words; what was held of the run stays. */
  show(data) {
    this.data = data;
    this.sign = JSON.stringify(data);
    this.view?.close();
    const actions = { verb: (verb) => this.post(verb), choose: (iteration) => this.lookAt(iteration), resize: () => this.redraw(ALL), repaint: () => this.redraw({ picture: true }) };
    this.view = this.makeView(data, actions);
    this.root.replaceChildren(this.view.element);
    this.view.update(this);
    this.redraw(ALL);
  }

  makeView(data, actions) {
    return new View(data, this.client, actions);
  }

  /** Take a new set of data from Streamlit: new words make a new view, anything else a new coat of paint. */
  refresh(data) {
    if (JSON.stringify(data) !== this.sign) this.show(data);
    this.redraw(ALL);
  }

  async take({ state: answer, picture }) {
    if (this.runId !== null && this.runId !== answer.run_id) {
      this.forget();
      this.redraw(ALL);
    }
    const before = this.runId === null ? null : this.answer;
    this.runId = answer.run_id;
    this.history.merge(answer.history);
    // The last bucket is sent again with every answer: only a move makes it worth drawing.
    const progress = [this.history.width, this.history.mean.length, answer.iteration, answer.d_moves, answer.g_moves].join();
    this.grown ||= progress !== this.progress;
    this.progress = progress;
    // The server answered for what we held before a reset: ask again for everything.
    if (answer.history?.start > 0 && this.history.width === 0) this.poller.soon();
    if (this.meter.merge(answer.meter)) this.redraw({ meter: true });
    this.answer = answer;
    if (answer.picture && picture) await this.takePicture(answer.picture, picture);
    if (this.data.show?.real !== false && !this.real) this.fetchReal();
    this.glow(before, answer);
    this.enter(answer.state);
  }

  async takePicture(picture, bytes) {
    this.pictureId = picture.id;
    this.latest = { iteration: picture.iteration, bitmap: await this.open(picture, bytes) };
    if (this.lookedBack !== null) return;
    this.shown = this.latest;
    this.redraw({ picture: true });
  }

  /** Make what came into something that can be drawn. */
  open({ rows, columns, by_class }, bytes) {
    if (rows !== this.layout.rows || columns !== this.layout.columns) this.redraw({ real: true });
    this.layout = { rows, columns, by_class };
    return createImageBitmap(new Blob([bytes], { type: "image/png" }));
  }

  /** The real samples come once; while the data is still loading they may not be there yet. */
  async fetchReal() {
    if (this.answer.state === "loading" || performance.now() < this.realAsked) return;
    this.realAsked = performance.now() + 3000;
    const bitmap = await this.client.bitmap("/real.png").catch(() => null);
    this.real = bitmap;
    this.redraw({ real: true });
  }

  /** Light up whoever moved since the last answer. */
  glow(before, answer) {
    if (!before) return;
    const players = ["d", "g"].filter((player) => answer[`${player}_moves`] > before[`${player}_moves`]);
    if (!players.length) return;
    this.view.formulas.glow(players);
    this.view.status.glow(players);
  }

  /** Show the recorded picture of an iteration, or with null the live one. */
  async lookAt(iteration) {
    this.lookedBack = iteration;
    this.redraw({ curves: true });
    if (iteration === null) this.shown = this.latest;
    this.view.update(this);
    this.redraw({ picture: true });
    if (iteration === null) return;
    const bitmap = await this.recorded(iteration).catch(() => null);
    // The slider may have moved on while this picture travelled.
    if (!bitmap || this.lookedBack !== iteration) return;
    this.shown = { iteration, bitmap };
    this.view.update(this);
    this.redraw({ picture: true });
  }

  /** A recorded picture, fetched once. */
  recorded(iteration) {
    if (!this.album.has(iteration)) {
      const coming = this.fetchPage(this.answer.album.indexOf(iteration));
      coming.catch(() => this.album.delete(iteration));
      this.album.set(iteration, coming);
    }
    return this.album.get(iteration);
  }

  fetchPage(page) {
    return this.client.bitmap(`/album/${page}.png`);
  }

  async post(verb) {
    this.posting += 1;
    try {
      await this.client.post(verb);
    } catch (error) {
      // A refusal or a lost line shows in the next answer; the page needs no second message.
      console.warn("live run:", error.message);
    } finally {
      this.posting -= 1;
      this.poller.soon();
    }
  }

  /** Enter a state and expose it to tests. Words and curves follow at once, or while it trains at a pace that can be read. */
  enter(state) {
    const settled = state !== "running" || state !== this.state;
    this.state = state;
    const { answer } = this;
    Object.assign(this.root.dataset, { state, iteration: answer?.iteration ?? 0, picture: this.pictureId, dMoves: answer?.d_moves ?? 0, gMoves: answer?.g_moves ?? 0 });
    if (this.readable.due() || settled) this.catchUp();
    if (this.themes.due() && themeSign(this.root) !== this.themeSign) this.redraw(ALL);
  }

  /** Write the words and numbers, and have the curves drawn that have grown. */
  catchUp() {
    this.view.update(this);
    this.redraw({ curves: this.grown });
    this.grown = false;
  }

  /** Ask for the named canvases to be drawn in the next frame. */
  redraw(what) {
    for (const [name, wanted] of Object.entries(what)) this.changed[name] ||= wanted;
    if (Object.values(this.changed).some(Boolean)) this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { changed } = this;
    this.frame = null;
    this.changed = {};
    // Asked for at every frame, it would make the browser work out the page's style anew.
    if (changed.theme && themeSign(this.root) !== this.themeSign) {
      this.themeSign = themeSign(this.root);
      this.theme = readTheme(this.root);
      Object.assign(changed, ALL);
    }
    this.view.draw(this, changed, this.theme);
    if (changed.picture && this.shown) this.root.dataset.frames = this.frames += 1;
  }

  /** Leave the page: no timer, listener or request stays behind. */
  close() {
    this.poller.stop();
    this.stopKeys();
    this.view.close();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }
}

export default mounter(
  (parent, data) => new Live(parent, data),
  (live, data) => live.data.token === data.token,
);
