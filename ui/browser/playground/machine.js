import { element, icon, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { Pace } from "../pace.js";
import { lowered } from "../widgets.js";
import { Thumb } from "./plot.js";

const THUMBS = { noise: ["noise"], fake: ["fake"], real: ["real"], d: ["verdict"] };
const GLOW = 420;
/** Half the width of the noise's plane, by kind: a normal number leaves it once in 370 times. */
const NOISE_VIEW = { gaussian: 3, uniform: 1.25 };
// The thumbnails need not keep step with the plot, which shows the same in large.
const PACE = 150;

/** Which parts of the machine a micro-step uses; "back" marks those that a gradient runs through backwards. */
export const USED = {
  d: {
    sample: ["real", "noise"],
    generate: ["noise", "noise-g", "g", "g-fake", "fake"],
    judge: ["real", "real-d", "fake", "fake-d", "d"],
    loss: ["d", "d-loss", "loss-d"],
    gradient: ["loss-d", "d-loss back", "d"],
    move: ["d moving"],
  },
  g: {
    generate: ["noise", "noise-g", "g", "g-fake", "fake"],
    judge: ["fake", "fake-d", "d"],
    loss: ["d", "d-loss", "loss-g"],
    gradient: ["loss-g", "d-loss back", "d", "fake-d back", "fake", "g-fake back", "g"],
    move: ["g moving"],
  },
};

function flow(name) {
  return element("div", { class: `flow ${name}`, "data-part": name, "aria-hidden": "true" }, element("span", { class: "line" }), element("span", { class: "head" }));
}

/** The pipeline as a diagram: noise → G → fake → D ← real → losses, with living thumbnails and arrows that light up. */
export class Machine {
  constructor(say, view, noise, resize) {
    this.say = say;
    this.pace = new Pace(PACE);
    const views = { noise: NOISE_VIEW[noise.kind] };
    this.thumbs = Object.fromEntries(Object.keys(THUMBS).map((name) => [name, new Thumb(name, views[name] ?? view, resize)]));
    this.losses = Object.fromEntries(["d", "g"].map((player) => [player, element("b", {}, "–")]));
    const node = (name, title, sign, ...inside) => element("div", { class: `node ${name}`, "data-part": name }, element("span", { class: "node-name" }, sign ? icon(sign) : null, title), ...inside);
    const loss = (player) => element("div", { class: `node loss ${player}-loss-box`, "data-part": `loss-${player}` }, element("span", { class: "node-name" }, element("span", {}, ...lowered(`L_${player.toUpperCase()}`))), this.losses[player]);
    this.element = element("figure", { class: "machine", "aria-label": say("machine_alt") },
      node("noise", say("machine_noise"), null, this.thumbs.noise.element, ...this.noiseNotes(noise)), flow("noise-g"),
      element("div", { class: "node net g", "data-part": "g" }, element("b", {}, "G"), element("span", {}, say("machine_g"))), flow("g-fake"),
      node("fake", say("machine_fake"), "hollow", this.thumbs.fake.element), flow("fake-d"),
      node("real", say("machine_real"), "filled", this.thumbs.real.element), flow("real-d"),
      element("div", { class: "node net d", "data-part": "d" }, element("b", {}, "D"), element("span", {}, say("machine_d")), this.thumbs.d.element), flow("d-loss"),
      element("div", { class: "losses-box" }, loss("d"), loss("g")));
    this.parts = new Map([...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  }

  /** What the noise is, and which part of it is drawn. */
  noiseNotes(noise) {
    const notes = [this.say(`noise_${noise.kind}`, { count: noise.count }), noise.count > 2 ? this.say("noise_first_two") : null];
    return notes.map((text) => text && element("span", { class: "note" }, text));
  }

  /** Write the losses of the latest move. */
  update(answer) {
    for (const player of ["d", "g"]) setText(this.losses[player], decimals(answer?.report?.[`${player}_loss`], 3));
  }

  /** Draw the thumbnails: those that stay the same all through a run only if it is another one, or `all`; if `calm`, at an easy pace. */
  draw(look, theme, { all, calm }) {
    const anew = all || look.real !== this.real;
    if (calm && !anew && !this.pace.due()) return;
    this.real = look.real;
    for (const name of anew ? ["fake", "d", "real"] : ["fake", "d"]) this.thumbs[name].draw(look, new Set(THUMBS[name]), theme);
    if (anew) this.thumbs.noise.draw({ real: look.noise }, new Set(["real"]), { ...theme, real: theme.theory });
  }

  /** Light up what one micro-step uses; with null, nothing. */
  light(player, kind) {
    const used = new Map((USED[player]?.[kind] ?? []).map((part) => part.split(" ")));
    for (const [name, part] of this.parts) {
      if (used.has(name)) part.dataset.lit = used.get(name) ?? "on";
      else delete part.dataset.lit;
    }
    this.element.dataset.player = player ?? "";
  }

  /** Show the half moves just made, D's first: each runs through the machine once. */
  pulse(players) {
    if (this.held || this.running || !this.thumbs.fake.surface.seen) return;
    this.running = true;
    const steps = players.flatMap((player) => ["generate", "judge", "gradient", "move"].map((kind) => [player, kind]));
    const pace = players.length > 1 ? GLOW / 2 : GLOW;
    const next = () => {
      const step = steps.shift();
      if (this.held || this.closed || !step) {
        this.running = false;
        if (!this.held) this.light(null, null);
        return;
      }
      this.light(...step);
      setTimeout(next, pace);
    };
    next();
  }

  /** Hold the light on one micro-step, as slow motion does; null lets it go. */
  hold(player, kind) {
    this.held = player !== null;
    this.light(player, kind);
  }

  close() {
    this.closed = true;
    for (const thumb of Object.values(this.thumbs)) thumb.close();
  }
}
