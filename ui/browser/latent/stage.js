import { element, setAttribute, setText } from "../dom.js";
import { decimals, grouped } from "../numbers.js";
import { Surface } from "../surface.js";
import { digitCanvas, paintGrey } from "./files.js";
import { norm } from "./space.js";

const LARGEST_COORDINATE = 3;

const NOTES_EVERY = 100;

/** The large picture, the length of z below it, and z itself as a row of bars. */
export class Stage {
  constructor(say, { random, resize }) {
    this.say = say;
    this.canvas = digitCanvas({ class: "digit large", role: "img", "aria-label": say("picture_alt_plain") });
    this.waiting = element("p", { class: "waiting" }, say("loading"));
    this.picture = element("div", { class: "picture" }, this.canvas, this.waiting);
    this.length = element("b");
    this.typical = element("span");
    this.needle = element("i", { class: "needle" });
    this.origin = element("p", { class: "origin" });
    this.bars = new Surface("coordinates", resize);
    setAttribute(this.bars.canvas, "aria-label", say("coordinates_alt"));
    this.randomWord = element("span", {}, say("random"));
    this.random = element("button", { type: "button", class: "button primary", "data-verb": "random", title: say("random_help") }, this.randomWord, element("kbd", {}, "R"));
    this.random.addEventListener("click", random);
    this.caption = this.assemble();
    this.notes = element("div", { class: "coordinates-box" }, element("p", { class: "small" }, say("coordinates")), this.bars.box);
  }

  assemble() {
    const gauge = element("div", { class: "gauge", "aria-hidden": "true", title: this.say("gauge") }, element("i", { class: "usual" }), this.needle);
    const line = element("p", { class: "length", title: this.say("norm_help") }, this.length, this.typical);
    return element("div", { class: "caption" }, element("div", { class: "measure" }, line, gauge), this.random, this.origin);
  }

  /** Name the generator and the moment of its training. */
  name(label, { card, isTold }) {
    setText(this.randomWord, this.say(isTold ? "random_told" : "random"));
    setAttribute(this.random, "title", this.say(isTold ? "random_told_help" : "random_help"));
    this.dim = card.latent_dim;
    setText(this.origin, this.say("origin", { model: label, iteration: grouped(card.iteration), dim: card.latent_dim }));
    setText(this.typical, this.say("typical", { dim: this.dim, root: decimals(Math.sqrt(this.dim), 1).replace(/\.0$/, "") }));
  }

  /** Paint the picture. */
  show(grey) {
    paintGrey(this.canvas, grey);
    this.waiting.hidden = true;
  }

  /** Write the length of z and draw its coordinates, a few times a second: both make the browser lay out the page. */
  measure(z, theme) {
    Object.assign(this, { z, theme });
    this.timer ??= setTimeout(() => this.note(), NOTES_EVERY);
  }

  note() {
    const { z, theme } = this;
    this.timer = null;
    const length = norm(z);
    setText(this.length, `‖z‖ = ${decimals(length, 2)}`);
    this.needle.style.setProperty("--share", Math.min(1, (0.5 * length) / Math.sqrt(this.dim)));
    const { context, width, height } = this.bars.begin();
    const pitch = width / z.length;
    const middle = height / 2;
    context.fillStyle = theme.rule;
    context.fillRect(0, middle - 0.5, width, 1);
    context.fillStyle = theme.text;
    z.forEach((value, index) => {
      const high = (Math.max(-1, Math.min(1, value / LARGEST_COORDINATE)) * height) / 2;
      context.fillRect(index * pitch, Math.min(middle, middle - high), Math.max(1, pitch - 1), Math.max(1, Math.abs(high)));
    });
  }

  /** Say to those who cannot see the picture what the classifier reads in it. */
  describe(text) {
    setAttribute(this.canvas, "aria-label", text);
  }

  close() {
    clearTimeout(this.timer);
    this.bars.close();
  }
}
