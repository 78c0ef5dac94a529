import { Chart } from "./chart.js";
import { element, icon, setAttribute, setText } from "./dom.js";
import { mounter } from "./mount.js";
import { readTheme, themeSign } from "./theme.js";
import { button } from "./widgets.js";
import { speaker } from "./words.js";

const PACES = { running: 250, resting: 1000, hidden: 3000 };
const SLOWEST_RETRY = 4000;
const MOVING = ["loading", "running", "paused"];
const SIGNS = { loading: "wait", running: "play", paused: "pause", done: "filled", cancelled: "stop", diverged: "warning", failed: "warning", lost: "warning", gone: "stop" };
const TROUBLE = ["diverged", "failed", "lost", "gone"];

/** How long in words: so many seconds, or minutes and seconds. */
function duration(say, seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return say("seconds", { seconds: whole });
  return say("minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

/** A long experiment: how far it is, the time left, its buttons, its curves and pictures as they come. */
class Job {
  constructor(parent, data, tell) {
    this.root = element("div", { class: "gan-job" });
    parent.append(this.root);
    Object.assign(this, { tell, version: -1, failures: 0, told: data.is_over });
    this.path = `api/job/${encodeURIComponent(data.token)}`;
    this.wake = () => this.soon();
    document.addEventListener("visibilitychange", this.wake);
    this.refresh(data);
    this.soon();
  }

  /** Take new words; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify([data.words, data.stages, data.charts, data.pictures, data.may_steer]);
    this.data = data;
    if (sign !== this.sign) {
      Object.assign(this, { sign, say: speaker(data.words), sayStage: speaker(data.stages) });
      this.build();
      if (this.news) this.show(this.news);
    }
    requestAnimationFrame(() => this.repaint());
  }

  build() {
    const { data, say } = this;
    for (const { chart } of this.charts ?? []) chart.close();
    this.mark = element("span");
    this.sentence = element("span");
    this.state = element("p", { class: "state", role: "status", "aria-live": "polite" }, this.mark, this.sentence);
    this.left = element("span", { class: "left" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": say("progress") });
    const post = (verb) => () => this.post(verb);
    this.buttons = {
      pause: button({ label: say("pause"), help: say("pause_help"), sign: "pause", onClick: post("pause") }),
      resume: button({ label: say("resume"), help: say("resume_help"), sign: "play", kind: "primary", onClick: post("resume") }),
      cancel: button({ label: say("cancel"), help: say("cancel_help"), sign: "stop", onClick: post("cancel") }),
    };
    for (const [verb, one] of Object.entries(this.buttons)) one.element.dataset.verb = verb;
    this.steering = element("div", { class: "buttons" }, ...Object.values(this.buttons).map((one) => one.element));
    this.charts = data.charts.map((wanted) => ({ wanted, chart: new Chart({ title: wanted.title, alt: wanted.alt, x: { label: wanted.x }, y: { label: wanted.y } }) }));
    this.pictures = data.pictures.map(({ name, caption, alt }) => ({ name, version: 0, image: element("img", { alt, hidden: true }), caption: element("figcaption", {}, caption) }));
    const figures = this.pictures.map((one) => (one.figure = element("figure", { class: "shot", hidden: true }, one.caption, one.image)));
    this.shots = element("div", { class: "shots" }, ...figures);
    this.graphs = element("div", { class: "graphs" }, ...this.charts.map(({ chart }) => chart.element));
    const head = element("div", { class: "head" }, this.state, this.left);
    this.root.replaceChildren(element("div", { class: "progress" }, head, this.bar, this.steering), this.shots, this.graphs);
    if (!this.news) this.announce("loading");
  }

  soon() {
    clearTimeout(this.timer);
    this.ask();
  }

  async ask() {
    if (this.busy || this.closed) return;
    this.busy = true;
    try {
      const response = await fetch(new URL(`${this.path}?version=${this.version}`, document.baseURI), { cache: "no-store" });
      if (this.closed) return;
      if (response.status === 404) {
        this.closed = true;
        this.announce("gone");
        this.allow("gone", false);
        return;
      }
      if (!response.ok) throw new Error(`${response.status} for ${this.path}`);
      if (this.failures > 1 && this.news) this.show(this.news);
      this.failures = 0;
      if (response.status !== 204) this.show(await response.json());
    } catch {
      this.failures += 1;
      if (this.failures > 1 && !this.closed) this.announce("lost");
    } finally {
      this.busy = false;
      if (!this.closed && !this.isOver()) this.timer = setTimeout(() => this.ask(), this.pace());
    }
  }

  isOver() {
    return this.news && !MOVING.includes(this.news.state);
  }

  pace() {
    if (this.failures) return Math.min(SLOWEST_RETRY, 250 * 2 ** this.failures);
    if (document.hidden) return PACES.hidden;
    return this.news?.state === "paused" ? PACES.resting : PACES.running;
  }

  async post(verb) {
    await fetch(new URL(`${this.path}/${verb}`, document.baseURI), { method: "POST" }).catch(() => null);
    this.soon();
  }

  /** Show an answer of the server. */
  show(news) {
    this.news = news;
    this.version = news.version;
    const { say } = this;
    this.root.dataset.state = news.state;
    this.root.dataset.done = news.done;
    this.announce(news.state);
    setAttribute(this.bar, "value", news.total ? news.done / news.total : 0);
    this.bar.hidden = news.state === "done";
    const left = news.state === "done" ? say("took", { time: duration(say, news.seconds) }) : news.left === null ? "" : say("left", { time: duration(say, news.left) });
    const part = news.total && news.state !== "done" ? `${Math.floor((100 * news.done) / news.total)} %` : "";
    setText(this.left, [part, left].filter(Boolean).join(" · "));
    this.allow(news.state, news.may_control);
    this.showPictures(news.pictures);
    this.draw();
    if (this.isOver() && !this.told) {
      this.told = true;
      this.tell("ended", news.state);
    }
  }

  announce(state) {
    this.mark.replaceChildren(icon(SIGNS[state] ?? "wait"));
    this.state.className = `state ${state} ${TROUBLE.includes(state) ? "trouble" : ""}`;
    const stage = this.news?.stage ? this.sayStage(this.news.stage) : "";
    const reason = this.news?.reason;
    setText(this.sentence, this.say(`state_${state}`, { stage, iteration: reason?.iteration ?? "", detail: reason?.detail ?? "" }));
  }

  allow(state, mayControl) {
    this.steering.hidden = !mayControl || !MOVING.includes(state);
    this.buttons.pause.element.hidden = state === "paused";
    this.buttons.resume.element.hidden = state !== "paused";
    this.buttons.pause.enable(state === "running");
  }

  showPictures(versions) {
    for (const one of this.pictures) {
      const version = versions[one.name] ?? 0;
      if (version <= one.version) continue;
      one.version = version;
      const address = new URL(`${this.path}/picture/${encodeURIComponent(one.name)}.png?version=${version}`, document.baseURI).href;
      // Decoded before it takes the other's place: no flicker.
      const next = new Image();
      next.src = address;
      next.decode().then(() => {
        one.image.src = address;
        one.image.hidden = one.figure.hidden = false;
        one.image.dataset.version = version;
      }).catch(() => null); // a newer one has taken its place
    }
  }

  repaint() {
    if (themeSign(this.root) !== this.themeSign) {
      this.themeSign = themeSign(this.root);
      this.theme = readTheme(this.root);
    }
    this.draw();
  }

  draw() {
    if (!this.theme || !this.news) return;
    const { curves } = this.news;
    for (const { wanted, chart } of this.charts) {
      const lines = wanted.lines.filter((line) => curves[line.name]).map((line) => ({ ...line, ...curves[line.name] }));
      chart.element.hidden = lines.length === 0;
      if (lines.length) chart.show({ lines, theme: this.theme });
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    for (const { chart } of this.charts) chart.close();
    this.root.remove();
  }
}

export default mounter(
  (parent, data, tell) => new Job(parent, data, tell),
  (job, data) => job.data.token === data.token,
);
