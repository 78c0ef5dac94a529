import { Chart } from "../curves.js";
import { element, setText } from "../dom.js";
import { decimals, grouped } from "../numbers.js";
import { MEASURES } from "../playground/meter.js";
import { MEASURES as PICTURE_MEASURES } from "../quality.js";
import { forkMark, twinCurves, twinHistory } from "./charts.js";

const OF_POINTS = new Map(MEASURES.map((measure) => [measure.key, measure]));
const OF_PICTURES = new Map(PICTURE_MEASURES.map((measure) => [measure.key, measure]));

/** The names that get a row: those that the page of one run shows too. */
function shown({ names, centres }) {
  return names.filter((name) => OF_POINTS.has(name) || (OF_PICTURES.has(name) && (centres !== null || !OF_PICTURES.get(name).ofClasses)));
}

/** What the meters of both runs read last, side by side with what a perfect generator would read. */
export class Readings {
  constructor(say, onResize) {
    Object.assign(this, { say, onResize, chosen: null, rows: new Map() });
    this.body = element("tbody");
    const head = ["reading", "a", "b", "reading_floor"].map((word) => element("th", { scope: "col", class: `column-${word}` }, say(word)));
    this.table = element("table", { class: "readings" }, element("thead", {}, element("tr", {}, ...head)), this.body);
    this.chart = new Chart({ title: "", empty: say("meter_empty"), axis: say("axis_iteration"), curves: [], lines: [], range: null, onResize });
    this.caption = this.chart.element.querySelector("figcaption");
    this.element = element("section", { class: "reading-part" }, element("h3", { class: "part-title", title: say("meter_help") }, say("meter")), element("div", { class: "reading-columns" }, this.table, this.chart.element));
  }

  /** Write the newest readings; the section stays away where nothing is measured. */
  update(halves) {
    const newest = { a: halves.a.meter.newest, b: halves.b.meter.newest };
    const names = shown((halves.a.meter.names.length ? halves.a : halves.b).meter);
    this.element.hidden = names.length === 0;
    if ([...this.rows.keys()].join() !== names.join()) this.build(names);
    for (const [name, row] of this.rows) {
      for (const twin of ["a", "b"]) setText(row[twin], this.written(name, newest[twin]?.[name] ?? null));
      setText(row.floor, this.floor(name, newest.a ?? newest.b ?? {}));
    }
  }

  build(names) {
    this.rows = new Map(names.map((name) => [name, this.makeRow(name)]));
    this.body.replaceChildren(...[...this.rows.values()].map((row) => row.element));
    if (!this.rows.has(this.chosen)) this.choose(names[0]);
  }

  makeRow(name) {
    const input = element("input", { type: "radio", name: "twin-measure", value: name });
    input.addEventListener("change", () => this.choose(name));
    const cells = Object.fromEntries(["a", "b", "floor"].map((key) => [key, element("td", { class: `column-${key}` }, "–")]));
    const label = element("label", { class: "reading-name" }, input, element("span", {}, this.called(name)));
    return { input, ...cells, element: element("tr", { "data-measure": name }, element("th", { scope: "row" }, label), ...Object.values(cells)) };
  }

  choose(name) {
    this.chosen = name;
    for (const [key, row] of this.rows) row.input.checked = key === name;
    if (!name) return;
    setText(this.caption, this.called(name));
    this.chart.curves = twinCurves(name, "fake");
    this.onResize();
  }

  called(name) {
    return this.say(OF_PICTURES.has(name) ? `quality_${name}` : name);
  }

  written(name, value) {
    return value === null ? "–" : (OF_POINTS.get(name) ?? OF_PICTURES.get(name)).write(value);
  }

  /** What the number is to be compared with, in words. */
  floor(name, row) {
    if (["modes", "covered"].includes(name) && row.centres) return this.say("note_centres", { centres: row.centres });
    if ((row[name] ?? null) === null) return "";
    const measure = OF_POINTS.get(name);
    if (measure) return this.say(measure.note, measure.values(row));
    const { write, real } = OF_PICTURES.get(name);
    return this.say("note_floor", { floor: write(real(row)) });
  }

  draw(halves, iteration, marked, forkedAt, theme) {
    if (!this.chosen) return;
    const row = halves.a.meter.newest ?? halves.b.meter.newest ?? {};
    const measure = OF_POINTS.get(this.chosen);
    const theory = measure ? measure.lines(row) : [["line_floor", OF_PICTURES.get(this.chosen).real(row)]];
    this.chart.lines = theory.filter(([, value]) => Number.isFinite(value)).map(([word, value]) => ({ value, label: this.say(word, { value: decimals(value, 3) }) }));
    const tops = ["a", "b"].flatMap((twin) => halves[twin].meter.points(this.chosen).filter(Boolean).map((point) => point.mean));
    this.chart.range = measure?.range ? measure.range(Math.max(...tops, 0) * 1.05, row) : null;
    this.chart.moments = forkMark(this.say, forkedAt);
    this.chart.describe(this.say("twin_alt", { title: this.called(this.chosen), a: this.rows.get(this.chosen).a.textContent, b: this.rows.get(this.chosen).b.textContent, iteration: grouped(iteration) }));
    this.chart.draw(twinHistory(halves, "meter"), iteration, marked, theme);
  }

  close() {
    this.chart.close();
  }
}
