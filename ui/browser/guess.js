import { asker } from "./ask.js";
import { element, icon, setText } from "./dom.js";
import { verdictForKey } from "./guess_keys.js";
import { Tally } from "./guess_tally.js";
import { fromText } from "./latent/bytes.js";
import { paintGrey } from "./latent/files.js";
import { mounter } from "./mount.js";
import { decimals, grouped } from "./numbers.js";
import { readTheme } from "./theme.js";
import { button, chips } from "./widgets.js";
import { speaker } from "./words.js";

const SIDE = 28;
const PERCENT = 100;
// A second click so soon was meant for the answer, not for the next picture.
const PAUSE = 350;

/** A probability in per cent, with a decimal where a whole number would mislead: near 0, 50 and 100. */
function percent(share) {
  const value = PERCENT * share;
  return decimals(value, [0, 50, PERCENT].some((edge) => value !== edge && Math.abs(value - edge) < 1) ? 1 : 0);
}

/** Be the discriminator: one picture at a time, the student's word, then the truth and D's. */
class Guess {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-guess", tabindex: -1 });
    parent.append(this.root);
    this.ask = asker("api/guess/answer");
    this.tallies = Object.fromEntries(data.stages.map(({ key }) => [key, new Tally()]));
    this.total = new Tally();
    this.stage = "middle";
    this.onKey = (event) => this.press(event);
    document.addEventListener("keydown", this.onKey);
    this.refresh(data);
    this.next();
  }

  /** Take new words; with the same ones only look at the theme again. */
  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      this.sign = sign;
      this.data = data;
      this.say = speaker(data.words);
      this.build();
      this.show();
    }
    requestAnimationFrame(() => readTheme(this.root));
  }

  build() {
    const { say } = this;
    const named = this.data.stages.map(({ key, iteration }) => ({ key, label: say(`stage_${key}`, { iteration: grouped(iteration) }), help: say(`stage_${key}_help`) }));
    this.stages = chips({ label: say("stage"), options: named, value: this.stage, onChange: (key) => this.choose(key) });
    this.canvas = element("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": say("picture_alt") });
    this.stamp = element("div", { class: "stamp" });
    this.picture = element("div", { class: "picture" }, this.canvas, this.stamp);
    this.buttons = {
      real: this.choice("real", "filled", "←"),
      fake: this.choice("fake", "hollow", "→"),
    };
    this.again = button({ label: say("next"), kind: "primary next", onClick: () => this.next() });
    this.again.element.append(element("kbd", {}, say("enter")));
    this.needle = element("div", { class: "needle" });
    this.belief = element("b", {});
    this.gauge = element("div", { class: "gauge", role: "img" }, element("div", { class: "middle" }), this.needle);
    this.news = element("div", { class: "news", role: "status", "aria-live": "polite" });
    this.score = element("div", { class: "score" });
    this.sentence = element("p", { class: "sentence" });
    // After a click the arrow keys shall answer, not change the stage; who came with the keyboard stays.
    this.stages.element.addEventListener("click", (event) => event.detail && this.root.focus({ preventScroll: true }));
    const left = element("div", { class: "play" }, this.picture, element("div", { class: "answers" }, this.buttons.real.element, this.buttons.fake.element, this.again.element));
    const verdict = element("div", { class: "verdict" },
      element("div", { class: "verdict-head" }, element("span", {}, say("d_says")), this.belief), this.gauge,
      element("div", { class: "ends" }, element("span", { class: "fake-word" }, icon("hollow"), say("sure_fake")), element("span", { class: "real-word" }, icon("filled"), say("sure_real"))));
    this.root.replaceChildren(this.stages.element, element("div", { class: "table" }, left, element("div", { class: "side" }, this.news, verdict, this.score, this.sentence)), element("p", { class: "small source" }, say("source")));
    if (this.round) paintGrey(this.canvas, fromText(this.round.picture));
  }

  choice(key, sign, letter) {
    const made = button({ label: this.say(key), sign, kind: `choice-${key}`, onClick: () => this.answer(key) });
    made.element.append(element("kbd", { "aria-hidden": "true" }, letter));
    return made;
  }

  /** Play at another stage; the scores of all stages are kept. */
  choose(stage) {
    this.stage = stage;
    this.told = null;
    this.ahead = null;
    this.next();
  }

  press(event) {
    const verdict = verdictForKey(event, this.root);
    if (!verdict) return;
    if (verdict === "next" ? !this.told : this.told || !this.round) return;
    event.preventDefault();
    if (verdict === "next") this.next();
    else this.answer(verdict);
  }

  /** Fetch a round; null when the server cannot be reached. */
  async fetchRound(stage) {
    try {
      const response = await fetch(new URL(`api/guess/round?stage=${stage}`, document.baseURI));
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /** Show the next picture; one is always fetched ahead. */
  async next() {
    if (this.told && performance.now() - this.told.at < PAUSE) return;
    const stage = this.stage;
    const ready = this.ahead?.stage === stage ? this.ahead.round : this.fetchRound(stage);
    this.ahead = null;
    Object.assign(this, { round: null, told: null, failed: false });
    this.show();
    const round = await ready;
    if (this.closed || stage !== this.stage || this.round) return;
    this.failed = !round;
    this.round = round;
    if (round) paintGrey(this.canvas, fromText(round.picture));
    this.show();
  }

  async answer(says) {
    const { round } = this;
    if (!round || this.told || this.busy) return;
    this.busy = true;
    const told = await this.ask({ round: round.round, says });
    this.busy = false;
    if (this.closed || round !== this.round) return;
    if (!told || told.failed) {
      this.failed = true;
      this.round = null;
    } else {
      this.told = { ...told, at: performance.now() };
      for (const tally of [this.tallies[round.stage], this.total]) tally.add(told);
      this.ahead = { stage: round.stage, round: this.fetchRound(round.stage) };
    }
    this.show();
  }

  show() {
    const { told, round, say } = this;
    const waiting = !round && !this.failed;
    Object.assign(this.root.dataset, { state: this.failed ? "failed" : told ? "told" : round ? "asking" : "waiting", truth: told?.truth ?? "" });
    for (const made of Object.values(this.buttons)) made.enable(Boolean(round) && !told);
    this.again.element.hidden = !told && !this.failed;
    for (const made of Object.values(this.buttons)) made.element.hidden = Boolean(told) || this.failed;
    this.canvas.classList.toggle("blank", !round);
    this.stamp.replaceChildren(...(told ? [icon(told.truth === "real" ? "filled" : "hollow"), say(told.truth)] : []));
    this.gauge.classList.toggle("hidden-needle", !told);
    setText(this.belief, told ? say("per_cent", { share: percent(told.d_probability) }) : "?");
    if (told) this.needle.style.left = `${PERCENT * told.d_probability}%`;
    this.gauge.setAttribute("aria-label", told ? say("gauge_alt", { share: percent(told.d_probability) }) : say("gauge_hidden"));
    this.news.replaceChildren(...this.newsOf(told, waiting));
    this.showScore();
  }

  newsOf(told, waiting) {
    const { say } = this;
    if (this.failed) return [element("p", { class: "notice" }, say("failed"))];
    if (waiting) return [element("p", { class: "headline" }, say("waiting"))];
    if (!told) return [element("p", { class: "headline" }, say("ask"))];
    const truth = element("span", { class: `${told.truth}-word` }, say(told.truth === "real" ? "it_is_real" : "it_is_fake"));
    return [
      element("p", { class: "headline" }, truth),
      element("p", {}, say(told.student_right ? "you_right" : "you_wrong"), " ", say(told.d_right ? "d_right" : "d_wrong")),
    ];
  }

  showScore() {
    const { say, total } = this;
    const rows = this.data.stages.map(({ key, iteration }) => [say(`stage_${key}`, { iteration: grouped(iteration) }), this.tallies[key], key === this.stage]);
    const cell = (tag, text, kind) => element(tag, { class: kind, scope: tag === "th" ? "row" : null }, text);
    const share = (right, count) => (count ? say("of", { right, count }) : "–");
    const line = ([name, tally, current]) =>
      element("tr", { class: current ? "current" : null }, cell("th", name), cell("td", share(tally.student, tally.count)), cell("td", share(tally.d, tally.count), "d-word"));
    const head = element("tr", {}, element("td"), ...[["you", ""], ["d", "d-word"]].map(([key, kind]) => element("th", { scope: "col", class: kind }, say(key))));
    const table = element("table", {}, element("caption", {}, say("score")), element("thead", {}, head), element("tbody", {}, ...rows.map(line), line([say("all_rounds"), total, false])));
    const recent = element("div", { class: "recent" }, ...this.strip());
    this.score.replaceChildren(recent, table);
    setText(this.sentence, this.comparison());
  }

  /** The last rounds as two rows of signs: a disc for right, a cross for wrong. */
  strip() {
    const { say, total } = this;
    if (!total.last.length) return [];
    const signs = (who) => total.last.map((round) => element("i", { class: round[who] ? "right" : "wrong" }));
    const row = (who, name, kind) => {
      const right = total.last.filter((round) => round[who]).length;
      const text = say("last_alt", { who: name, right, count: total.last.length });
      return element("div", { class: `signs ${kind}`, role: "img", "aria-label": text }, element("span", { class: "who" }, name), ...signs(who), element("b", {}, `${right}/${total.last.length}`));
    };
    return [element("p", { class: "small" }, say("last", { count: total.last.length }), " ", say("streak", { now: total.streak, best: total.best })), row("student", say("you"), ""), row("d", say("d"), "d-word")];
  }

  /** What this stage's numbers say so far. */
  comparison() {
    const tally = this.tallies[this.stage];
    const facts = this.data.stages.find(({ key }) => key === this.stage);
    const measured = this.say("measured", { all: percent(facts.accuracy_all), real: percent(facts.accuracy_real), fake: percent(facts.accuracy_fake), pairs: percent(facts.accuracy_pairs) });
    const found = tally.verdict();
    return found === "few" ? this.say("few", { missing: tally.missing }) : `${this.say(`compare_${found}`)} ${measured}`;
  }

  close() {
    this.closed = true;
    document.removeEventListener("keydown", this.onKey);
    this.root.remove();
  }
}

export default mounter((parent, data) => new Guess(parent, data));
