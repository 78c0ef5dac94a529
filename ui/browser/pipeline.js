import { element, icon, setText } from "./dom.js";
import { STILL } from "./motion.js";
import { mounter } from "./mount.js";
import { readTheme } from "./theme.js";
import { speaker } from "./words.js";

const EVERY = 3000;
const PATIENCE = 60000;
const LARGEST_SEED = 9999;
// The seed that scripts/record_pipeline.py made the recorded pictures from.
const RECORDED_SEED = 3;

/** Two outlines of a network: across for wide pages, down for phones; `ends` are its widths in per cent. */
function shape(ends) {
  const [first, last] = ends.map((size) => [50 - size / 2, 50 + size / 2]);
  const across = [[0, first[0]], [100, last[0]], [100, last[1]], [0, first[1]]];
  const corners = (points) => points.map((point) => point.join()).join(" ");
  const holder = element("span", { class: "shape", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 100 100" preserveAspectRatio="none">
    <polygon class="across" points="${corners(across)}"/>
    <polygon class="down" points="${corners(across.map(([x, y]) => [y, x]))}"/></svg>`;
  return holder;
}

/** A network: its outline, its letter large and its name ("Generator G" → G, Generator). */
function network(player, ends, title) {
  const [, name, letter] = title.match(/^(.*\S)\s+(\S)$/) ?? [null, title, ""];
  return element("div", { class: `network ${player}` }, shape(ends), element("b", {}, letter), element("span", { class: "name" }, name));
}

/** An arrow; the dot is drawn only while a pulse travels along it. */
function arrow(place) {
  return element("div", { class: `arrow ${place}`, "aria-hidden": "true" }, element("span", { class: "line" }), element("span", { class: "head" }), element("span", { class: "dot" }));
}

/** A button with a sign and a word. */
function button(name, act) {
  const node = element("button", { class: `button ${name}`, type: "button" });
  node.addEventListener("click", act);
  return node;
}

/** Say what a button does now. */
function label(node, sign, text) {
  node.replaceChildren(icon(sign), element("span", {}, text));
  node.setAttribute("aria-label", text);
}

/** The diagram noise → G → fake → D ← real: builds it once and then only changes what differs. */
class Diagram {
  constructor(data, { renew, toggle }) {
    const say = (this.say = speaker(data.words));
    this.slots = Object.fromEntries(["noise", "fake", "real"].map((name) => [name, element("div", { class: `picture ${name}` })]));
    this.status = element("p", { class: "status", role: "status" });
    this.toggle = button("toggle", toggle);
    const again = button("renew", renew);
    label(again, "reset", say("new_noise"));
    this.element = element("figure", { class: "diagram", "aria-label": say("alt") },
      element("div", { class: "label noise" }, say("noise")), this.slots.noise, arrow("noise-g"),
      network("g", [58, 100], say("generator")), arrow("g-fake"),
      element("div", { class: "label fake" }, icon("hollow"), say("fake")), this.slots.fake, arrow("fake-d"),
      element("div", { class: "controls" }, element("div", { class: "buttons" }, again, this.toggle), this.status),
      element("div", { class: "label real" }, element("span", { class: "sign" }, icon("filled"), say("real")), element("span", { class: "note" }, say("real_note"))),
      this.slots.real, arrow("real-d"),
      network("d", [100, 50], say("discriminator")), arrow("d-verdict"),
      element("div", { class: "verdict" }, element("span", { class: "signs" }, icon("filled"), icon("hollow")), element("span", {}, say("question"))));
    this.put("real", Object.assign(new Image(), { src: data.recorded.real }), say("real_alt"));
  }

  put(name, image, alt) {
    image.alt = alt;
    this.slots[name].replaceChildren(image);
  }

  /** Show noise and what G made of it, both from the same seed. */
  show({ noise, fake, seed, live }) {
    this.put("noise", noise, this.say("noise_alt", { seed }));
    this.put("fake", fake, this.say("fake_alt", { seed }));
    setText(this.status, live ? this.say("live", { seed }) : this.say("recorded"));
  }

  /** Offer what the second button does next; a screen reader hears only what its user asked for. */
  play(playing) {
    label(this.toggle, playing ? "pause" : "play", this.say(playing ? "pause" : "play"));
    this.status.setAttribute("aria-live", playing ? "off" : "polite");
  }

  /** Send one pulse from the noise through G to D; CSS keeps it still for those who asked for that. */
  pulse() {
    this.element.classList.remove("pulse");
    this.element.getBoundingClientRect(); // without this the browser would not start the animations anew
    this.element.classList.add("pulse");
  }
}

/** A picture of the shipped generator, ready to be shown; refuses when none comes in time. */
async function shipped(kind, seed) {
  const image = new Image();
  image.src = new URL(`api/shipped/${kind}/${seed}.png`, document.baseURI).href;
  // An emptied source ends the request and makes decode() refuse.
  const limit = setTimeout(() => image.removeAttribute("src"), PATIENCE);
  await image.decode().finally(() => clearTimeout(limit));
  return image;
}

/** The living diagram: fetches new pictures, keeps the time, and survives new words and themes. */
class Pipeline {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-pipeline" });
    parent.append(this.root);
    // Fresh pictures are owed at first and after "New noise", even while paused.
    Object.assign(this, { playing: !STILL.matches, owed: true, busy: false, seed: RECORDED_SEED, live: false });
    this.wake = () => this.schedule(0);
    document.addEventListener("visibilitychange", this.wake);
    this.refresh(data);
    this.schedule(0);
  }

  /** Take new words or recorded pictures; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      this.sign = sign;
      this.diagram = new Diagram(data, { renew: () => this.renew(), toggle: () => this.toggle() });
      this.root.replaceChildren(this.diagram.element);
      const [noise, fake] = ["noise", "fake"].map((name) => Object.assign(new Image(), { src: data.recorded[name] }));
      if (!this.live) this.pictures = { noise, fake };
      this.diagram.play(this.playing);
      this.show();
    }
    requestAnimationFrame(() => readTheme(this.root));
  }

  show() {
    this.diagram.show({ ...this.pictures, seed: this.seed, live: this.live });
    Object.assign(this.root.dataset, { seed: this.seed, state: this.live ? "live" : "recorded" });
  }

  renew() {
    this.owed = true;
    this.schedule(0);
  }

  toggle() {
    this.playing = !this.playing;
    this.diagram.play(this.playing);
    this.schedule(0);
  }

  /** Set the clock for the next pictures, if any are wanted. */
  schedule(wait) {
    clearTimeout(this.timer);
    if (this.owed || this.playing) this.timer = setTimeout(() => this.draw(), wait);
  }

  /** Fetch new noise and its fakes; show both or, if either fails, keep the last ones and try again. */
  async draw() {
    if (this.busy || this.closed || document.hidden) return;
    this.busy = true;
    const seed = Math.floor(Math.random() * (LARGEST_SEED + 1));
    try {
      const [noise, fake] = await Promise.all([shipped("noise", seed), shipped("fake", seed)]);
      if (this.closed) return;
      Object.assign(this, { pictures: { noise, fake }, seed, live: true, owed: false });
      readTheme(this.root);
      this.show();
      this.diagram.pulse();
    } catch {
      // Nothing is lost: the last pictures stay, and the next attempt follows.
    } finally {
      this.busy = false;
      if (!this.closed) this.schedule(EVERY);
    }
  }

  /** Leave the page: no timer or listener stays behind. */
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    this.root.remove();
  }
}

export default mounter((parent, data) => new Pipeline(parent, data));
