import { element, icon, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { fromText } from "./bytes.js";
import { digitCanvas, paintGrey } from "./files.js";

const JUDGE_EVERY = 100;
const DEBOUNCE = 200;
const CLASSES = 10;
// Shares of the usual distance: below the first a picture is all but a copy, above the second it is as new as a new digit.
const COPY = 0.4;
const NEW = 0.9;
const LEAST_REACH = 5;

/** What others say of the picture: D, a classifier, and the nearest training image. */
export class Truth {
  constructor(studio) {
    Object.assign(this, { studio, say: studio.say, judging: false, reach: LEAST_REACH });
    this.verdict = new Verdict(this.say);
    this.classes = new Classes(this.say);
    this.nearest = new Nearest(this.say);
    this.judge = element("section", { class: "judge", "aria-label": this.say("truth") }, this.verdict.element, this.classes.element);
    this.agreement = element("span");
    this.notes = element("div", { class: "notes" }, this.verdict.note, element("p", { class: "small" }, this.say("classes_note"), " ", this.agreement));
  }

  /** Another generator: its own D, its own scale. */
  reset(model) {
    const { agreement } = model.card;
    this.reach = LEAST_REACH;
    this.verdict.reset(model);
    setText(this.agreement, agreement ? this.say("agreement", { percent: decimals(100 * agreement, 1) }) : "");
    this.classes.show(null);
    this.judge.hidden = this.notes.hidden = model.remote;
  }

  /** Another digit is asked for: of D as well. */
  digitChanged(model) {
    this.verdict.explain(model);
  }

  /** The picture has changed; only a settled one is worth a request. */
  follow(settled) {
    this.ask();
    clearTimeout(this.timer);
    this.abort?.abort();
    this.nearest.fade();
    if (settled) this.timer = setTimeout(() => this.findNearest(), DEBOUNCE);
  }

  /** Ask for the verdicts on the newest picture, one question at a time. */
  async ask() {
    if (this.judging || this.studio.model.remote) {
      this.again = true;
      return;
    }
    this.judging = true;
    this.again = false;
    const { model } = this.studio;
    const answer = await model.judge(this.studio.z).catch(() => null);
    if (this.closed) return;
    if (answer && model === this.studio.model) this.show(answer, model.card);
    // The worker shares the machine with the drag: a few verdicts a second are as good as many.
    await new Promise((resolve) => setTimeout(resolve, JUDGE_EVERY));
    this.judging = false;
    if (this.again && !this.closed) this.ask();
  }

  show({ verdict, logit, classes }, card) {
    if (logit !== null) this.reach = Math.max(this.reach, Math.abs(verdict));
    this.verdict.show(logit === null ? null : verdict, card.verdict, this.reach);
    const best = this.classes.show(softmax(classes));
    const { isTold, digit: asked } = this.studio.model;
    this.studio.stage.describe(this.say(isTold ? "picture_alt_asked" : "picture_alt", { digit: best, asked }));
  }

  async findNearest() {
    const { model, shown } = this.studio;
    if (!shown) return;
    const abort = (this.abort = new AbortController());
    try {
      const address = new URL(`api/latent/nearest/${encodeURIComponent(model.card.dataset)}`, document.baseURI);
      const response = await fetch(address, { method: "POST", body: shown, signal: abort.signal });
      if (!response.ok) throw new Error(`${response.status} for nearest`);
      const answer = await response.json();
      if (!this.closed && abort === this.abort) this.nearest.show(answer);
    } catch (error) {
      if (error.name !== "AbortError" && !this.closed) this.nearest.show({ available: false });
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.abort?.abort();
  }
}

/** Logits as probabilities. */
function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Float32Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** D's verdict as a bar: a probability from 0 to 1, or a score around 0. */
class Verdict {
  constructor(say) {
    this.say = say;
    this.value = element("b");
    this.fill = element("i", { class: "fill" });
    this.ends = [element("span", { class: "fake" }, icon("hollow"), say("fake")), element("span", { class: "real" }, icon("filled"), say("real"))];
    this.bar = element("div", { class: "bar", "aria-hidden": "true" }, this.fill, element("i", { class: "middle" }));
    this.head = element("p", { class: "head" }, element("span", {}, say("verdict")), this.value);
    this.element = element("div", { class: "verdict" }, this.head, this.bar, element("p", { class: "ends" }, ...this.ends));
    this.note = element("p", { class: "small" });
  }

  reset(model) {
    this.element.hidden = model.card.discriminator === null;
    this.explain(model);
    setText(this.value, "");
    this.fill.style.width = 0;
  }

  /** Say what D was asked. */
  explain({ card, isTold, digit }) {
    const told = isTold ? ` ${this.say("verdict_told", { digit })}` : "";
    setText(this.note, card.discriminator === null ? this.say("verdict_none") : this.say(`verdict_${card.verdict}`) + told);
  }

  show(verdict, kind, reach) {
    if (verdict === null) return;
    const share = kind === "probability" ? verdict : (verdict / reach + 1) / 2;
    setText(this.value, decimals(verdict, 2));
    const from = kind === "probability" ? 0 : Math.min(0.5, share);
    const size = kind === "probability" ? share : Math.abs(share - 0.5);
    Object.assign(this.fill.style, { left: `${100 * from}%`, width: `${100 * size}%` });
  }
}

/** Ten bars: how likely the classifier finds each digit. */
class Classes {
  constructor(say) {
    this.say = say;
    this.bars = Array.from({ length: CLASSES }, (_, digit) => this.makeBar(digit));
    this.digit = element("b");
    this.percent = element("span", { class: "percent" });
    const head = element("p", { class: "head" }, element("span", {}, say("classes")), element("span", {}, this.digit, this.percent));
    const chart = element("div", { class: "chart", "aria-hidden": "true" }, ...this.bars);
    this.element = element("div", { class: "classes" }, head, chart);
  }

  makeBar(digit) {
    return element("div", { class: "class", "data-digit": digit }, element("span", { class: "track" }, element("i")), element("span", { class: "name" }, digit));
  }

  /** Draw the probabilities; returns the most likely digit. */
  show(classes) {
    const shares = classes ?? new Float32Array(CLASSES);
    const best = shares.indexOf(Math.max(...shares));
    this.bars.forEach((bar, digit) => {
      bar.style.setProperty("--share", shares[digit].toFixed(3));
      bar.classList.toggle("best", classes !== null && digit === best);
    });
    setText(this.digit, classes ? String(best) : "");
    setText(this.percent, classes ? this.say("class_share", { percent: Math.round(100 * shares[best]) }) : "");
    return best;
  }
}

/** The training image that looks most like the picture. */
class Nearest {
  constructor(say) {
    this.say = say;
    this.canvas = digitCanvas({ role: "img", "aria-label": say("nearest") });
    this.numbers = element("p");
    this.sentence = element("p", { class: "small" });
    this.body = element("div", { class: "body" }, this.canvas, element("div", {}, this.numbers, this.sentence));
    this.absent = element("p", { class: "small", hidden: true }, say("nearest_absent"));
    this.element = element("section", { class: "nearest" }, element("p", { class: "head" }, say("nearest")), this.body, this.absent);
    this.body.hidden = true;
    this.waiting = element("p", { class: "small" }, say("nearest_wait"));
    this.element.append(this.waiting);
  }

  /** What is shown belongs to an earlier picture. */
  fade() {
    this.body.classList.add("old");
  }

  show(answer) {
    this.waiting.hidden = true;
    this.body.hidden = !answer.available;
    this.absent.hidden = answer.available;
    if (!answer.available) return;
    this.body.classList.remove("old");
    const { label, distance, usual, picture } = answer;
    paintGrey(this.canvas, fromText(picture));
    setText(this.numbers, this.say("nearest_numbers", { label, distance: decimals(distance, 1) }));
    // The built-in digits have no test set, so nothing to compare with.
    setText(this.sentence, usual ? this.say(`nearest_${kindOf(distance / usual)}`, { usual: decimals(usual, 1) }) : this.say("nearest_alone"));
    setAttribute(this.canvas, "aria-label", this.numbers.textContent);
  }
}

/** How new a picture is, from its share of the usual distance. */
const kindOf = (share) => (share < COPY ? "copy" : share < NEW ? "closer" : "new");
