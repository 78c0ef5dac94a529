import { Chart } from "../curves.js";
import { decimals, grouped } from "../numbers.js";

const SOLID = [];
const DASHED = [9, 5];
/** One chart for each; the colour is that of the player, or of the data. */
const CURVES = [
  { name: "d_loss", colour: "d" },
  { name: "g_loss", colour: "g" },
  { name: "d_real", colour: "real" },
  { name: "d_fake", colour: "fake" },
];
const VERDICTS = ["d_real", "d_fake"];

/** Both twins' course of one quantity: A solid with a filled end, B dashed with a hollow one. */
export function twinCurves(name, colour) {
  return [
    { name: `a.${name}`, label: "A", colour, dash: SOLID, mark: "filled" },
    { name: `b.${name}`, label: "B", colour, dash: DASHED, mark: "hollow" },
  ];
}

/** What a chart asks for its points, answered from what either twin holds in `part`. */
export function twinHistory(halves, part) {
  return {
    points: (name, iteration) => {
      const half = halves[name[0]];
      return half[part].points(name.slice(2), Math.min(iteration, half.answer?.iteration ?? 0));
    },
  };
}

/** The dotted line where B left A. */
export function forkMark(say, forkedAt) {
  return forkedAt === null ? [] : [{ x: forkedAt, label: say("fork_mark", { iteration: grouped(forkedAt) }) }];
}

/** The curves of two runs, one chart for each quantity. */
export class TwinCharts {
  constructor(say, data, onResize) {
    this.say = say;
    this.charts = CURVES.map(({ name, colour }) => ({ name, chart: this.makeChart(name, colour, data, onResize) }));
    this.elements = this.charts.map(({ chart }) => chart.element);
  }

  makeChart(name, colour, data, onResize) {
    const { say } = this;
    const curve = VERDICTS.includes(name) ? "verdict" : name;
    const range = curve === "verdict" ? (data.verdict_range ?? null) : null;
    const lines = (data.lines ?? []).filter((line) => line.curve === curve);
    return new Chart({ title: say(`chart_${name}`), empty: say("chart_empty"), axis: say("axis_iteration"), curves: twinCurves(name, colour), lines, range, onResize });
  }

  draw(halves, iteration, marked, forkedAt, theme) {
    for (const { name, chart } of this.charts) {
      const value = (half) => decimals(half.answer?.report?.[name], 3);
      chart.describe(this.say("twin_alt", { title: chart.title, a: value(halves.a), b: value(halves.b), iteration: grouped(iteration) }));
      chart.moments = forkMark(this.say, forkedAt);
      chart.draw(twinHistory(halves, "history"), iteration, marked, theme);
    }
  }

  close() {
    for (const { chart } of this.charts) chart.close();
  }
}
