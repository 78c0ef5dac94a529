import { element, setText } from "./dom.js";
import { listenForKeys } from "./keys.js";
import { mounter } from "./mount.js";
import { Caption } from "./playground/caption.js";
import { PairClient } from "./poll.js";
import { readTheme, themeSign } from "./theme.js";
import { LookBack, Transport } from "./transport.js";
import { TwinCharts } from "./twins/charts.js";
import { Half } from "./twins/half.js";
import { Readings } from "./twins/readings.js";
import { button } from "./widgets.js";
import { speaker } from "./words.js";

// Two looks of points at a time: each twin is asked half as often as the playground is.
const PACES = { points: 160, pictures: 200 };
const MARKS = { a: "A", b: "B" };
/** What a pair is doing, from what its twins do: the first of these that one of them is in. */
const LOUDEST = ["gone", "lost", "loading", "running", "detached", "paused"];
const WAIT_FOR_FORK = 300;

/** Two runs side by side, steered as one: two stages, their curves in the same charts, their readings in one table. */
class Twins {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-live gan-twins", tabindex: -1 });
    parent.append(this.root);
    this.client = new PairClient(data.token);
    Object.assign(this, { forkedAt: null, mayControl: data.may_steer, lookedBack: null, layers: null, halves: null });
    this.show(data);
    this.stopKeys = listenForKeys(this.root, (verb) => this.transport.press(verb));
    this.ask();
  }

  /** Build everything for these words; what the twins hold of their runs stays where that is possible. */
  show(data) {
    this.clear();
    this.data = data;
    this.sign = JSON.stringify(data);
    const say = (this.say = sayer(data));
    this.caption = data.kind === "points" ? new Caption(say, () => this.repaint()) : null;
    if (this.layers) this.caption?.set(this.layers);
    this.transport = new Transport(say, (verb) => this.post(verb));
    this.lookBack = new LookBack(say, (iteration) => this.lookAt(iteration));
    this.goOn = button({ label: say("go_on"), help: say("go_on_help"), kind: "small go-on", onClick: () => this.post(`rewind?to=${this.lookedBack}`) });
    this.charts = new TwinCharts(say, data, () => this.redraw());
    this.readings = new Readings(say, () => this.redraw());
    this.stages = element("div", { class: "stages" });
    this.root.replaceChildren(this.assemble());
    const owner = { news: () => this.update(), curves: () => this.redraw(), layers: () => this.caption.shown };
    this.halves = Object.fromEntries(["a", "b"].map((twin) => [twin, new Half(this.stages, this.dataOf(twin), owner, PACES[data.kind])]));
    this.update();
    this.redraw();
  }

  dataOf(twin) {
    const { kind, words } = this.data;
    return { token: this.data[twin].token, title: this.say("title", { twin: MARKS[twin], what: this.data[twin].title }), kind, words, show: { real: false } };
  }

  assemble() {
    const { data, say } = this;
    const changes = data.changes.map(({ label, a, b }) => element("li", {}, say("change", { label, a, b })));
    const count = changes.length;
    const head = element("div", { class: "twin-head" }, element("p", {}, say(count > 1 ? "several" : count ? "one" : "same")), element("ul", { class: "changes" }, ...changes));
    const past = element("div", { class: "past-row" }, this.lookBack.element, data.may_steer ? this.goOn.element : null);
    this.step = element("p", { class: "in-step", role: "status" });
    const panel = element("section", { class: "panel" }, this.transport.element, past, this.step);
    const charts = element("section", { class: "twin-charts" }, ...this.charts.elements);
    return element("div", { class: "twin-grid" }, head, this.caption?.buttons ?? "", this.stages, panel, this.readings.element, charts);
  }

  /** Take a new set of data from Streamlit: new words make a new view, anything else a new coat of paint. */
  refresh(data) {
    if (JSON.stringify(data) !== this.sign) this.show(data);
    this.repaint();
  }

  /** Ask where the fork was made; just after it was asked for, it may not be known yet. */
  async ask() {
    const told = await this.client.json().catch(() => null);
    if (this.closed) return;
    if (told) Object.assign(this, { forkedAt: told.forked_at, mayControl: told.may_control });
    if (!told || (told.is_fork && told.forked_at === null)) this.timer = setTimeout(() => this.ask(), WAIT_FOR_FORK);
    this.update();
    this.redraw();
  }

  get iteration() {
    return Math.max(...Object.values(this.halves).map((half) => half.answer?.iteration ?? 0));
  }

  get state() {
    const states = Object.values(this.halves).map((half) => half.state);
    return LOUDEST.find((state) => states.includes(state)) ?? states[0];
  }

  /** Iterations of which either has a recorded look. */
  get album() {
    const all = Object.values(this.halves).flatMap((half) => half.answer?.album ?? []);
    return [...new Set(all)].sort((one, other) => one - other);
  }

  /** Write the words and numbers that go with the present state of both. */
  update() {
    if (!this.halves) return;
    const { halves, state, iteration } = this;
    const begun = iteration - (this.forkedAt ?? 0);
    this.transport.update(state, { iteration: begun, may_control: this.mayControl });
    this.lookBack.update(this.album, this.lookedBack, iteration);
    const kept = (halves.a.answer?.kept ?? []).filter((moment) => halves.b.answer?.kept?.includes(moment));
    this.goOn.element.hidden = kept.length === 0;
    this.goOn.enable(this.lookedBack !== null && kept.some((moment) => moment <= this.lookedBack));
    setText(this.step, this.sentence());
    this.readings.update(halves);
    const [a, b] = [halves.a, halves.b].map((half) => half.answer?.iteration ?? 0);
    Object.assign(this.root.dataset, { state, iteration, a, b, stateA: halves.a.state, stateB: halves.b.state, fork: this.forkedAt ?? "" });
  }

  /** Say how the two stand to each other. */
  sentence() {
    const over = Object.entries(this.halves).filter(([, half]) => ["diverged", "failed", "stopped"].includes(half.state)).map(([twin]) => MARKS[twin]);
    if (over.length === 2) return this.say("both_over");
    if (over.length === 1) return this.say("one_over", { over: over[0], other: over[0] === "A" ? "B" : "A" });
    return this.say("in_step");
  }

  lookAt(iteration) {
    this.lookedBack = iteration;
    for (const half of Object.values(this.halves)) half.lookAt(iteration);
    this.update();
    this.redraw();
  }

  async post(verb) {
    if (verb.startsWith("rewind") || verb === "reset") this.lookedBack = null;
    await this.client.post(verb).catch((error) => console.warn("twins:", error.message));
    for (const half of Object.values(this.halves)) half.poller.soon();
  }

  repaint() {
    for (const half of Object.values(this.halves ?? {})) half.redraw({ picture: true });
    this.redraw();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    if (!this.halves) return;
    if (themeSign(this.root) !== this.themeSign) {
      this.themeSign = themeSign(this.root);
      this.theme = readTheme(this.root);
    }
    const { halves, iteration, lookedBack, forkedAt, theme } = this;
    const look = halves.a.shown?.bitmap;
    if (look) this.caption?.offer("best", look.best ? null : this.say("best_missing"));
    this.charts.draw(halves, iteration, lookedBack, forkedAt, theme);
    this.readings.draw(halves, iteration, lookedBack, forkedAt, theme);
    this.root.dataset.drawn = Number(this.root.dataset.drawn ?? 0) + 1;
  }

  /** Take the view apart; the pair itself goes on. */
  clear() {
    if (!this.halves) return;
    this.layers = this.caption && [...this.caption.shown];
    for (const part of [...Object.values(this.halves), this.charts, this.readings]) part.close();
    this.halves = null;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopKeys();
    cancelAnimationFrame(this.frame);
    this.clear();
    this.root.remove();
  }
}

/** The words, with those of the reset button as they are true for a pair. */
function sayer(data) {
  const say = speaker(data.words);
  const own = { reset_help: data.is_fork ? "reset_fork_help" : "reset_both_help" };
  return (key, values) => say(own[key] ?? key, values);
}

export default mounter(
  (parent, data) => new Twins(parent, data),
  (twins, data) => twins.data.token === data.token,
);
