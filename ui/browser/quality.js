import { Chart } from "./curves.js";
import { element, icon, setAttribute, setText } from "./dom.js";
import { decimals, grouped } from "./numbers.js";

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
const EVEN = 0.1;
/** The bars reach at least so far, so that even shares are half as high as the frame. */
const TALLEST = 0.2;

/** A distance from 3 to 3,000: three digits are enough. */
const distance = (value) => (value >= 100 ? grouped(value) : decimals(value, value < 10 ? 2 : 1));
const percentOf = (value, places) => (Number.isFinite(value) ? `${decimals(100 * value, places)} %` : "–");
const percent = (value) => percentOf(value, 0);

/** What is measured: how it is written, and what real pictures score. Copies are looked for only where few pictures are trained on. */
export const MEASURES = [
  { key: "frechet", write: distance, real: (row) => row.frechet_floor },
  { key: "coverage", write: percent, real: (row) => row.coverage_floor },
  { key: "kl", write: (value) => decimals(value, 3), real: (row) => row.kl_floor, ofClasses: true },
  { key: "covered", write: grouped, real: (row) => row.centres, ofClasses: true },
  { key: "near_share", write: (value) => percentOf(value, 1), real: (row) => row.near_share_floor, ofFew: true },
];

/** How good the generated pictures are, each number beside that of other real pictures. */
export class Quality {
  constructor(say, actions) {
    this.say = say;
    this.when = element("p", { class: "small" });
    this.rows = MEASURES.map((measure) => this.makeRow(measure));
    this.chart = new Chart({
      title: say("quality_chart"), empty: say("quality_empty"), axis: say("axis_iteration"), lines: [], range: null, onResize: actions.resize,
      curves: [{ name: "frechet", label: say("quality_generated"), colour: "fake", dash: [], mark: "hollow" }],
    });
    this.bars = new Bars(say);
    this.other = element("p", { class: "small", hidden: "" }, say("quality_other"));
    this.blind = element("span", {}, say("quality_blind_digits"));
    this.copies = element("span", {}, say("quality_blind_copies"));
    this.asked = element("span", { hidden: "" }, say("quality_asked"));
    const heading = (side) => element("th", { scope: "col", class: side === "real" ? "real" : "fake", title: say(`quality_${side}_help`) }, icon(side === "real" ? "filled" : "hollow"), say(`quality_${side}`));
    const table = element("table", { class: "scores" },
      element("thead", {}, element("tr", {}, element("td"), heading("generated"), heading("real"))),
      element("tbody", {}, ...this.rows.map((row) => row.element)));
    this.element = element("section", { class: "quality" },
      element("div", { class: "quality-head" }, element("h3", { class: "part-title" }, say("quality_title")), this.when),
      element("div", { class: "quality-scores" }, table, this.other),
      this.chart.element, this.bars.element,
      element("p", { class: "small quality-note" }, say("quality_blind"), " ", this.copies, " ", this.blind, " ", this.asked));
  }

  makeRow({ key }) {
    const { say } = this;
    const [made, real] = [element("td", { class: "fake" }), element("td", { class: "real" })];
    const name = element("th", { scope: "row" }, say(`quality_${key}`), element("span", { class: "small" }, say(`quality_${key}_about`)));
    return { made, real, element: element("tr", { "data-measure": key }, name, made, real) };
  }

  /** Write the newest numbers. What concerns classes is not there where the classifier does not know them. `asked`: whether G is told classes. */
  update(history, answer, asked) {
    const { say } = this;
    const row = history.newest;
    this.element.hidden = answer?.meter === null;
    const named = history.centres !== null;
    this.other.hidden = named || !row;
    for (const part of [this.bars.element, this.blind]) part.hidden = Boolean(row) && !named;
    this.asked.hidden = this.blind.hidden || !asked;
    setText(this.when, row ? say("quality_when", { count: grouped(row.count), iteration: grouped(history.iterations.at(-1)) }) : say("quality_empty"));
    const hasFew = row?.near_share !== undefined;
    this.copies.hidden = hasFew;
    MEASURES.forEach(({ key, write, real, ofClasses, ofFew }, index) => {
      const { made, real: beside, element: line } = this.rows[index];
      line.hidden = (Boolean(row) && Boolean(ofClasses) && !named) || (Boolean(ofFew) && !hasFew);
      setText(made, row ? write(row[key]) : "–");
      setText(beside, row ? write(real(row)) : "–");
      setAttribute(line, "data-value", row?.[key] ?? null);
    });
    this.bars.update(row);
    const values = row ? `${say("quality_generated")} ${distance(row.frechet)}, ${say("quality_real")} ${distance(row.frechet_floor)}` : "–";
    this.chart.describe(say("chart_alt", { title: this.chart.title, iteration: grouped(history.iterations.at(-1) ?? 0), values }));
  }

  draw(history, theme) {
    const floor = history.newest?.frechet_floor;
    this.chart.lines = Number.isFinite(floor) ? [{ value: floor, label: this.say("quality_floor", { value: distance(floor) }) }] : [];
    this.chart.draw(history, history.iterations.at(-1) ?? 0, null, theme);
  }

  close() {
    this.chart.close();
  }
}

/** Ten small bars: which share of the pictures each digit has. */
class Bars {
  constructor(say) {
    this.say = say;
    this.columns = DIGITS.map((digit) => {
      const [share, bar] = [element("span", { class: "share" }), element("i")];
      return { share, bar, element: element("div", { class: "column" }, share, element("span", { class: "rod" }, bar), element("b", {}, String(digit))) };
    });
    this.plot = element("div", { class: "histogram", role: "img" }, ...this.columns.map((column) => column.element));
    this.even = element("p", { class: "small even" }, say("quality_even"));
    this.element = element("figure", { class: "digits" }, element("figcaption", { class: "title" }, say("quality_bars")), this.plot, this.even);
  }

  update(row) {
    const shares = DIGITS.map((digit) => row?.[`class_${digit}`] ?? null);
    const top = Math.max(TALLEST, ...shares);
    this.plot.style.setProperty("--even-share", (EVEN / top).toFixed(4));
    this.columns.forEach(({ share, bar, element: column }, digit) => {
      setText(share, shares[digit] === null ? "" : decimals(100 * shares[digit], 0));
      bar.hidden = !shares[digit];
      bar.style.height = `${((100 * (shares[digit] ?? 0)) / top).toFixed(1)}%`;
      setAttribute(column, "data-share", shares[digit]);
    });
    const told = shares.map((share, digit) => `${digit}: ${percent(share)}`).join(", ");
    setAttribute(this.plot, "aria-label", this.say("quality_bars_alt", { shares: told }));
  }
}
