import { Live } from "./live.js";
import { bringIntoView } from "./motion.js";
import { mounter } from "./mount.js";
import { grouped } from "./numbers.js";
import { decodeLook } from "./playground/look.js";
import { MeterHistory } from "./playground/meter.js";
import { Stage } from "./playground/stage.js";

// Twelve looks a second while it trains: a look of points is small, and drawn quickly.
const PACE = 80;
const TRAIL = 30;
/** Iterations a second of the slower speeds; at full speed the server sets the pace. */
const SPEEDS = { slowest: 1, slow: 4 };

/** A run of points: what `Live` does for every run, with looks in place of pictures. */
class Playground extends Live {
  constructor(parent, data, tell) {
    super(parent, data, { kind: "gan-playground", pace: PACE });
    this.tell = tell;
    this.speed = "full";
  }

  /** Build the view; what the last one was set to show stays, unless the page sets a scene. */
  makeView(data, actions) {
    const kept = this.view?.choices ?? {};
    const view = new Stage(data, this.client, {
      ...actions,
      speed: (speed) => this.setSpeed(speed),
      own: (points) => this.sendOwn(JSON.stringify({ points }), "application/json"),
      file: async (file) => this.sendOwn(await file.arrayBuffer(), "text/csv"),
    });
    const scene = data.scene && data.scene.id !== this.scene ? data.scene : null;
    this.scene = data.scene?.id ?? this.scene;
    view.choose({ ...kept, ...(scene ? { layers: scene.layers } : {}) });
    if (scene && this.view) bringIntoView(this.root);
    return view;
  }

  held() {
    return { ...super.held(), ...this.meter.held };
  }

  forget() {
    super.forget();
    this.view?.slow.close();
    Object.assign(this, { meter: new MeterHistory(), trails: [] });
  }

  async take(news) {
    const { state: answer } = news;
    const fresh = this.runId !== null && this.runId !== answer.run_id;
    if (fresh) {
      this.forget();
      this.runId = answer.run_id;
      this.redraw({ picture: true, real: true, curves: true });
      // What came was told to someone who holds more: ask again for everything.
      if (answer.meter?.start > 0 || answer.history?.start > 0 || !answer.picture) {
        this.answer = answer;
        this.poller.soon();
        return;
      }
    }
    const rows = this.meter.rows.length;
    this.meter.merge(answer.meter);
    this.grown ||= this.meter.rows.length !== rows;
    await super.take(news);
    this.takeSlow(answer);
  }

  open(head, bytes) {
    const before = this.latest?.bitmap;
    const look = decodeLook(head, bytes, before);
    this.lookBefore = before ?? look;
    this.trails = [...this.trails, look.fake].slice(-TRAIL);
    this.view.slow.follow(look);
    return look;
  }

  async fetchPage(page) {
    const { state, picture } = await this.client.look(`/album/${page}.bin`);
    return decodeLook(state, picture, this.latest?.bitmap);
  }

  /** The real points travel with every look. */
  async fetchReal() {}

  /** Fetch the record of a step that was made for slow motion, once; one from before this page opened is old news. */
  async takeSlow({ slow = 0, iteration }) {
    this.slowHeld ??= slow;
    if (slow === this.slowHeld) return;
    this.slowHeld = slow;
    if (!slow) return;
    const record = await this.client.json("/slow.json").catch(() => null);
    if (!record) return;
    this.view.slow.take(record, this.lookBefore);
    if (this.latest?.iteration === iteration) this.view.slow.follow(this.latest.bitmap);
  }

  glow(before, answer) {
    if (!before) return;
    const players = ["d", "g"].filter((player) => answer[`${player}_moves`] > before[`${player}_moves`]);
    if (players.length) this.view.glow(players, answer.iteration);
  }

  /** Play at the chosen speed: below full speed this page asks for one step after the other. */
  async post(verb) {
    const steps = SPEEDS[this.speed];
    if (verb === "play" && steps) {
      this.stopClock();
      this.clock = setInterval(() => super.post("step?count=1"), 1000 / steps);
      this.enter(this.answer.state);
      return;
    }
    if (this.clock && verb !== "keep-going") this.stopClock();
    if (verb.startsWith("rewind")) this.lookedBack = null;
    await super.post(verb);
  }

  setSpeed(speed) {
    const playing = this.state === "running";
    this.stopClock();
    this.speed = speed;
    if (playing) this.post("play");
  }

  stopClock() {
    clearInterval(this.clock);
    this.clock = null;
  }

  /** Between two slow steps the run rests, but whoever watches sees it play. */
  enter(state) {
    if (!["running", "paused"].includes(state)) this.stopClock();
    super.enter(this.clock && state === "paused" ? "running" : state);
  }

  /** Send drawn points or a file; the page's script starts the run with what the server kept. */
  async sendOwn(body, kind) {
    this.view.complain(null);
    const answer = await fetch(new URL("api/points/own", document.baseURI), { method: "POST", headers: { "Content-Type": kind }, body })
      .then((response) => response.json())
      .catch(() => ({ code: "offline", detail: "" }));
    if (answer.code) {
      this.view.complain(this.view.say(`own_${answer.code}`, { detail: answer.detail ?? "" }));
      return;
    }
    this.view.easel.set(false);
    if (answer.rows > answer.kept) this.view.complain(this.view.say("own_sampled", { rows: grouped(answer.rows), kept: grouped(answer.kept) }));
    this.tell("own", answer.id);
  }

  close() {
    this.stopClock();
    super.close();
  }
}

export default mounter(
  (parent, data, tell) => new Playground(parent, data, tell),
  (live, data) => live.data.token === data.token,
);
