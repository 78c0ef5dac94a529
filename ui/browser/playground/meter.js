import { Chart } from "../curves.js";
import { element, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";

const percent = (value) => `${decimals(100 * value, 1)} %`;
/** A sampler that is perfect has this share of its samples within 3σ in two dimensions: 1 - exp(-9/2). */
const PERFECT_SHARE = 1 - Math.exp(-4.5);
const GOAL = 0.1;

/** What is measured: its column, how it is written, and the dotted lines of its chart, from the newest row. */
export const MEASURES = [
  { key: "js_bits", write: (value) => decimals(value, 3), lines: (row) => [["line_goal", GOAL], ["line_floor", row.js_floor_bits]], note: "note_js", values: (row) => ({ floor: decimals(row.js_floor_bits, 3) }), range: (top) => [0, Math.max(0.25, Math.min(1, top))] },
  { key: "modes", write: (value) => String(Math.round(value)), lines: (row) => [["line_all", row.centres]], note: "note_modes", values: (row) => ({ centres: row.centres, lenient: row.modes_lenient ?? "–" }), range: (top, row) => [0, (row.centres ?? 8) * 1.08] },
  { key: "high_quality", write: percent, lines: () => [["line_perfect", PERFECT_SHARE]], note: "note_quality", values: () => ({ perfect: percent(PERFECT_SHARE) }), range: () => [0, 1.05] },
  { key: "reverse_kl", write: (value) => decimals(value, 3), lines: () => [["line_even", 0]], note: "note_kl", values: () => ({}), range: null },
  { key: "sliced_w1", write: (value) => decimals(value, 3), lines: () => [["line_none", 0]], note: "note_w1", values: () => ({}), range: null },
];

/** Numbers that do not flatter: each beside the value of a perfect generator, one of them as a curve. */
export class Meter {
  constructor(say, actions) {
    Object.assign(this, { say, actions, chosen: "js_bits" });
    this.tiles = MEASURES.map((measure) => this.makeTile(measure));
    this.charts = new Map(MEASURES.map((measure) => [measure.key, this.makeChart(measure)]));
    const tiles = element("div", { class: "tiles", role: "radiogroup", "aria-label": say("meter") }, ...this.tiles.map((tile) => tile.element));
    this.element = element("section", { class: "meter" }, element("h3", { class: "part-title", title: say("meter_help") }, say("meter")), tiles, ...[...this.charts.values()].map((chart) => chart.element));
    this.choose("js_bits");
  }

  makeTile({ key }) {
    const input = element("input", { type: "radio", name: "measure", value: key });
    const value = element("b", {}, "–");
    const note = element("span", { class: "note" });
    input.addEventListener("change", () => this.choose(key));
    return { key, input, value, note, element: element("label", { class: "tile", "data-measure": key, title: this.say(`${key}_help`) }, input, element("span", { class: "tile-name" }, this.say(key)), value, note) };
  }

  makeChart({ key }) {
    const { say, actions } = this;
    const curves = [{ name: key, label: say(`${key}_short`), colour: "fake", dash: [], mark: null }];
    return new Chart({ title: say(`${key}_title`), empty: say("meter_empty"), axis: say("axis_iteration"), curves, lines: [], range: null, onResize: actions.resize });
  }

  choose(key) {
    this.chosen = key;
    for (const tile of this.tiles) tile.input.checked = tile.key === key;
    for (const [name, chart] of this.charts) chart.element.hidden = name !== key;
    this.actions.resize();
  }

  /** Write the newest numbers; a measure that this data set has not is greyed out. */
  update(history) {
    const row = history.newest;
    MEASURES.forEach(({ key, write, note, values }, index) => {
      const tile = this.tiles[index];
      const value = row?.[key] ?? null;
      setText(tile.value, value === null ? "–" : write(value));
      const missing = row !== null && value === null;
      tile.element.classList.toggle("off", missing);
      setText(tile.note, missing ? this.say(row.centres === null ? "not_here" : "not_yet") : row ? this.say(note, values(row)) : "");
      setAttribute(tile.element, "data-value", value);
    });
  }

  draw(history, iteration, marked, theme) {
    const measure = MEASURES.find(({ key }) => key === this.chosen);
    const chart = this.charts.get(this.chosen);
    const row = history.newest;
    chart.lines = (row ? measure.lines(row) : []).filter(([, value]) => Number.isFinite(value)).map(([word, value]) => ({ value, label: this.say(word, { value: decimals(value, 3) }) }));
    const top = Math.max(...history.points(this.chosen).filter(Boolean).map((point) => point.mean), 0) * 1.05;
    chart.range = row && measure.range ? measure.range(top, row) : null;
    chart.describe(this.say("meter_alt", { title: this.say(`${this.chosen}_title`), value: row?.[this.chosen] == null ? "–" : measure.write(row[this.chosen]), iteration }));
    chart.draw(history, iteration, marked, theme);
  }

  close() {
    for (const chart of this.charts.values()) chart.close();
  }
}
