import { element, setText } from "./dom.js";
import { mounter } from "./mount.js";
import { decimals, grouped } from "./numbers.js";
import { PairClient, RunClient } from "./poll.js";
import { readTheme } from "./theme.js";
import { speaker } from "./words.js";

const PACES = { running: 1200, resting: 2000, hidden: 6000 };
// More than this nobody reads while the samples move; the most telling come first.
const MOST = 2;
const SHARES = new Set(["share"]);
const COUNTS = new Set(["iteration", "moves", "readings", "modes", "centres", "covered"]);
const DIGITS = [..."⁰¹²³⁴⁵⁶⁷⁸⁹"];

/** A number as it stands in a sentence: shares in percent, counts whole, others with two digits that matter. */
export function written(name, value) {
  if (value === null || value === undefined) return "–";
  if (SHARES.has(name)) return `${decimals(100 * value, 0)} %`;
  if (COUNTS.has(name)) return Number.isInteger(value) ? grouped(value) : decimals(value, 1);
  const size = Math.abs(value);
  if (size === 0 || size >= 0.1) return size >= 1000 ? grouped(value) : decimals(value, 2);
  if (size >= 0.0001) return decimals(value, Math.min(5, 1 - Math.floor(Math.log10(size))));
  const power = Math.floor(Math.log10(size));
  return `${decimals(value / 10 ** power, 0)} · 10⁻${[...String(-power)].map((digit) => DIGITS[digit]).join("")}`;
}

/** What the doctor says of one run, or of two, asked again every second or two; no script of the page runs for it. */
class Doctor {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-doctor" });
    parent.append(this.root);
    this.wake = () => this.soon();
    document.addEventListener("visibilitychange", this.wake);
    this.refresh(data);
    this.ask();
  }

  /** Take new words; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      Object.assign(this, { sign, data, say: speaker(data.words) });
      this.client ??= new (data.kind === "pair" ? PairClient : RunClient)(data.token);
      this.build();
    }
    requestAnimationFrame(() => readTheme(this.root));
  }

  build() {
    const { data, say } = this;
    this.patients = data.marks.map((mark) => new Patient(say, mark));
    const title = element("h3", { class: "doctor-title" }, say("title"));
    this.root.replaceChildren(title, element("div", { class: `patients ${data.kind}` }, ...this.patients.map((patient) => patient.element)));
    this.update();
  }

  soon() {
    clearTimeout(this.timer);
    this.ask();
  }

  async ask() {
    if (this.busy) return;
    this.busy = true;
    const answer = await this.client.json("/diagnosis").catch((error) => ({ gone: error.status === 404 }));
    this.busy = false;
    if (this.closed || answer.gone) return;
    if (answer.runs) this.runs = answer.runs;
    this.update();
    const running = this.runs?.some((run) => run.state === "running" || run.state === "loading");
    this.timer = setTimeout(() => this.ask(), PACES[document.hidden ? "hidden" : running ? "running" : "resting"]);
  }

  update() {
    this.patients.forEach((patient, index) => patient.update(this.runs?.[index]));
    this.root.dataset.asked = Number(this.root.dataset.asked ?? 0) + (this.runs ? 1 : 0);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    this.root.remove();
  }
}

/** What is said of one run. Names of findings are told to a screen reader, their moving numbers are not. */
class Patient {
  constructor(say, mark) {
    this.say = say;
    this.list = element("ul", { class: "findings" });
    this.names = element("span", { class: "unseen", role: "status" });
    this.mark = mark;
    this.element = element("section", { class: "patient", "aria-label": mark || say("title") }, mark ? element("b", { class: "mark" }, mark) : "", this.list, this.names);
  }

  update(run) {
    const sentences = this.sentences(run);
    const names = sentences.map(({ name }) => name).filter(Boolean).join(", ");
    this.element.dataset.findings = sentences.map(({ key }) => key).join(" ");
    setText(this.names, names);
    if (this.list.children.length !== sentences.length) this.list.replaceChildren(...sentences.map(() => element("li", {}, element("b"), element("span"))));
    sentences.forEach(({ key, name, text }, index) => {
      const row = this.list.children[index];
      row.dataset.finding = key;
      setText(row.firstChild, name && `${name} `);
      setText(row.lastChild, text);
    });
  }

  sentences(run) {
    const { say } = this;
    const alone = (key) => [{ key, name: "", text: say(key) }];
    if (!run || run.state === "loading") return alone("waiting");
    const found = run.findings.slice(0, MOST).map(({ key, values }) => this.finding("kl" in values ? `${key}_classes` : key, key, values));
    if (found.length) return found;
    if (run.too_early) return alone("too_early");
    return alone(run.measured ? "nothing" : "nothing_measured");
  }

  finding(says, key, values) {
    const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, written(name, value)]));
    return { key, name: this.say(`name_${key}`), text: this.say(`says_${says}`, numbers) };
  }
}

export default mounter(
  (parent, data) => new Doctor(parent, data),
  (doctor, data) => doctor.data.token === data.token,
);
