import { element, setAttribute, setText } from "./dom.js";
import { Easel } from "./latent/easel.js";
import { digitCanvas, paintGrey } from "./latent/files.js";
import { Heat } from "./latent/heat.js";
import { framedTarget, storedTarget } from "./latent/targets.js";
import { mounter } from "./mount.js";
import { decimals, grouped } from "./numbers.js";
import { readTheme } from "./theme.js";
import { button } from "./widgets.js";
import { speaker } from "./words.js";

const DIGITS = [...Array(10).keys()];
// Odd to most who learned one digit, and the one of the page's question.
const FIRST = [7, 0];
const LAST_SEED = 9999;

/** A picture of one's own, or one of the test, and what each scorer says of it. */
class Odd {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-odd", "data-state": "empty" });
    parent.append(this.root);
    this.seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && this.begin());
    this.refresh(data);
    this.seen.observe(this.root);
  }

  /** Take new words, or another experiment: it is asked about the same picture. */
  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      const other = this.data && this.data.token !== data.token;
      Object.assign(this, { sign, data, say: speaker(data.words) });
      this.build();
      if (this.grey) this.show();
      if (this.grey && other) this.judge();
      else if (this.verdicts) this.tell();
    }
    requestAnimationFrame(() => readTheme(this.root));
  }

  build() {
    const { say } = this;
    this.easel = new Easel(say, { use: (picture) => this.take(framedTarget(picture)) });
    this.error = element("p", { class: "trouble", role: "alert", hidden: true });
    this.picture = digitCanvas({ role: "img", "aria-label": say("framed") });
    this.rows = Object.entries(this.data.scorers).map(([key, name]) => new Row(say, key, name, this.data.usual[key]));
    this.missing = element("p", { class: "small", hidden: true }, say("missing"));
    this.spoken = element("p", { class: "unseen", role: "status" });
    const heads = ["scorer", "expected", "differs", "place"].map((key) => element("span", { class: "column", role: "columnheader" }, say(key)));
    const table = element("div", { class: "rows", role: "table", "aria-label": say("verdicts") }, element("div", { class: "line heads", role: "row" }, ...heads), ...this.rows.map((row) => row.element));
    const framed = element("figure", { class: "framed" }, element("figcaption", {}, say("framed")), this.picture, element("p", { class: "small" }, say("framed_why")));
    const given = element("div", { class: "given" }, this.easel.element, this.makeChoice(), this.error);
    this.root.replaceChildren(element("p", {}, say("lead")), element("div", { class: "halves" }, given, element("div", { class: "said" }, framed, table, this.missing, this.spoken)));
  }

  makeChoice() {
    const { say } = this;
    this.file = element("input", { type: "file", accept: "image/png,image/jpeg", hidden: true, "aria-label": say("find_upload") });
    this.file.addEventListener("change", () => {
      const [picture] = this.file.files;
      this.file.value = "";
      if (picture) this.take(framedTarget(picture));
    });
    const upload = button({ label: say("find_upload"), help: say("find_upload_help"), onClick: () => this.file.click() });
    const letter = button({ label: say("letter"), help: say("letter_help"), onClick: () => this.take(storedTarget("unseen", chance())) });
    const digits = DIGITS.map((digit) => {
      const normal = this.data.normal.includes(digit);
      const one = button({ label: normal ? `${digit} ●` : String(digit), help: say("digit_help", { digit }), onClick: () => this.take(this.digit(digit)) });
      one.element.dataset.digit = digit;
      if (normal) one.element.classList.add("normal");
      return one.element;
    });
    const tests = element("div", { class: "digits", role: "group", "aria-label": say("digits") }, element("span", { class: "what" }, say("digits")), ...digits);
    return element("div", { class: "choices" }, upload.element, letter.element, this.file, tests);
  }

  /** Begin with a digit of the test set, once this is in sight. */
  begin() {
    this.seen.disconnect();
    const digit = FIRST.find((one) => !this.data.normal.includes(one)) ?? FIRST[0];
    if (!this.asked) this.take(this.digit(digit, 0));
  }

  /** Ask for a digit of the test set: 784 grey bytes. */
  async digit(digit, seed = chance()) {
    const response = await fetch(new URL(`api/anomaly/digit/${this.data.data}/${digit}/${seed}`, document.baseURI));
    if (!response.ok) throw new Error(response.status);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Wait for a picture and have it judged, unless another was asked for meanwhile. */
  async take(coming) {
    const asked = (this.asked = {});
    this.fail(null);
    this.root.dataset.state = "busy";
    try {
      const grey = await coming;
      if (asked !== this.asked || this.closed) return;
      this.grey = grey;
      this.show();
      await this.judge();
    } catch (error) {
      if (asked === this.asked) this.fail(error.code ?? "offline");
    }
  }

  async judge() {
    const asked = (this.asked = {});
    const { token } = this.data;
    this.root.dataset.state = "busy";
    const response = await fetch(new URL(`api/anomaly/judge/${encodeURIComponent(token)}`, document.baseURI), { method: "POST", body: this.grey, headers: { "Content-Type": "application/octet-stream" } }).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (asked !== this.asked || this.closed) return;
    if (!answer) {
      this.fail(response?.status === 404 ? "gone" : "offline");
      return;
    }
    this.fail(null);
    this.verdicts = answer.verdicts;
    this.tell();
    this.root.dataset.state = "judged";
    this.root.dataset.count = Number(this.root.dataset.count ?? 0) + 1;
  }

  show() {
    paintGrey(this.picture, this.grey);
  }

  /** Write down what the scorers said. */
  tell() {
    const found = new Map(this.verdicts.map((verdict) => [verdict.scorer, verdict]));
    for (const row of this.rows) row.show(found.get(row.key), this.grey);
    this.missing.hidden = this.rows.every((row) => found.has(row.key));
    setText(this.spoken, this.rows.filter((row) => found.has(row.key)).map((row) => `${row.name}: ${row.sentence}`).join(". "));
  }

  /** Say why there is no verdict; with null there is one. */
  fail(code) {
    this.error.hidden = !code;
    setText(this.error, code ? (code === "gone" ? this.say("gone") : this.say(`find_error_${code}`)) : "");
    if (code) this.root.dataset.state = "failed";
  }

  close() {
    this.closed = true;
    this.seen.disconnect();
    this.root.remove();
  }
}

/** What one scorer says: what it expected, where that differs, and the place among the normal digits. */
class Row {
  constructor(say, key, name, usual) {
    Object.assign(this, { say, key, name, usual, sentence: "" });
    this.expected = digitCanvas({ role: "img", "aria-label": say("expected_alt", { scorer: name }) });
    this.heat = new Heat(say("differs"));
    this.bar = element("span", { class: "bar" }, element("span", { class: "fill" }));
    this.place = element("span", { class: "place" });
    this.score = element("span", { class: "small" });
    const cell = (className, ...children) => element("div", { class: `cell ${className}`, role: "cell" }, ...children);
    this.element = element("div", { class: "line", role: "row", "data-scorer": key, hidden: true }, element("b", { class: "name", role: "rowheader" }, name), cell("shot", this.expected), cell("shot", this.heat.element), cell("told", this.place, this.bar, this.score));
  }

  show(verdict, grey) {
    this.element.hidden = !verdict;
    if (!verdict) return;
    const expected = Uint8Array.from(atob(verdict.expected), (letter) => letter.charCodeAt(0));
    paintGrey(this.expected, expected);
    this.heat.show(grey, expected, this.say("differs_alt", { scorer: this.name }));
    const share = verdict.odder_than;
    const count = grouped(this.usual);
    this.sentence = share === 1 ? this.say("odder_than_all", { count }) : this.say("odder_than", { share: decimals(100 * share, 1), count });
    setText(this.place, this.sentence);
    setText(this.score, this.say("score", { score: Number(verdict.score.toPrecision(3)) }));
    this.bar.firstChild.style.width = `${100 * share}%`;
    setAttribute(this.element, "data-odder", share);
  }
}

const chance = () => Math.floor(Math.random() * (LAST_SEED + 1));

export default mounter((parent, data) => new Odd(parent, data));
