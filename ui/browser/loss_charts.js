import { Chart } from "./chart.js";
import { element } from "./dom.js";
import { mathLabel } from "./loss_tables.js";
import { decimals } from "./numbers.js";

const REACH = 8;
const LIMITS = { values: 8, slopes: 3 };
// Around the equilibrium, where the dotted lines can be told apart.
const NEAR = 3;
const NEAR_VALUES = [-1.5, 3.5];
const MOST_NAMED = 2;
const BALANCES = [
  { part: "together", player: "d", title: "together" },
  { part: "generator", player: "g", title: "g_loss_title" },
];
const COLUMNS = [
  { name: "real", part: "on_real", player: "d", titles: { values: "real_loss", slopes: "real_slope" }, axis: "axis_real", mark: "filled" },
  { name: "fake", part: "on_fake", player: "d", titles: { values: "fake_loss", slopes: "fake_slope" }, axis: "axis_fake", mark: "hollow" },
  { name: "g", part: "generator", player: "g", titles: { values: "g_loss_title", slopes: "g_slope_title" }, axis: "axis_fake", mark: "hollow" },
];

/** The range that shows all lines, but no further than `limit`. */
function rangeOf(lists, limit, others = []) {
  let [low, high] = [Math.min(0, ...others), Math.max(0, ...others)];
  for (const list of lists) {
    for (const value of list) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  [low, high] = [Math.max(-limit, low), Math.min(limit, high)];
  const air = 0.06 * (high - low) || 0.1;
  return [low - air, high + air];
}

/** Values at p = q as dotted lines; equal ones share a line and its label. */
function equilibria(chosen, player, say) {
  const groups = new Map();
  for (const { short, equilibrium } of chosen) {
    const found = equilibrium[player];
    if (!found) continue;
    const key = found.value.toFixed(6);
    groups.set(key, { y: found.value, shorts: [...(groups.get(key)?.shorts ?? []), short] });
  }
  return [...groups.values()].map(({ y, shorts }) => ({ y, label: say("at_pq", { value: decimals(y, 3), losses: chosen.length > 1 ? ` (${shorts.join(", ")})` : "" }) }));
}

/** Both players' losses and their gradients, one marker through all; and L_D with its value at the equilibrium. */
export class Charts {
  constructor(lab) {
    this.lab = lab;
    this.charts = COLUMNS.flatMap((column) => ["values", "slopes"].map((kind) => this.make(column, kind)));
    this.element = element("section", { class: "charts" }, ...this.charts.map(({ chart }) => chart.element));
    this.balances = BALANCES.map((balance) => this.makeBalance(balance));
    const notes = ["equilibrium_note", "equilibrium_necessary"].map((key) => element("p", {}, mathLabel(lab.say(key))));
    this.equilibrium = element("section", { class: "equilibrium" }, element("h3", {}, lab.say("equilibrium_title")), element("div", { class: "halves" }, ...this.balances.map(({ chart }) => chart.element)), element("div", { class: "notes" }, ...notes));
  }

  makeBalance({ part, player, title }) {
    const chart = new Chart({ title: this.lab.say(title), x: { label: this.lab.say("equilibrium_axis"), range: [-NEAR, NEAR] }, y: { range: NEAR_VALUES }, className: `balance ${player}-word` });
    this.follow(chart);
    return { chart, part, player, title };
  }

  make(column, kind) {
    const title = this.lab.say(column.titles[kind]);
    const chart = new Chart({ title, x: { range: [-REACH, REACH], room: 44 }, className: `${column.name} ${kind} ${column.player}-word` });
    this.follow(chart);
    return { chart, column, kind, title };
  }

  follow(chart) {
    chart.onDrag(({ x, phase }) => phase !== "end" && this.lab.moveToLogit(x));
  }

  /** With `all`, the losses or the theme have changed; else only the marker. */
  draw(all) {
    const { lab } = this;
    const { chosen, index, logit } = lab;
    if (all) this.prepare();
    for (const { chart, column, kind, content } of this.charts) {
      const points = chosen.map((loss) => ({ x: logit, y: loss[column.part][kind][index], colour: loss.colour, mark: column.mark }));
      chart.show({ ...content, markers: [...content.dotted, { x: logit }], points, theme: lab.theme });
    }
    for (const { chart, part, content } of this.balances) {
      const points = chosen.map((loss) => ({ x: logit, y: loss[part].values[index], colour: loss.colour, mark: "hollow" }));
      chart.show({ ...content, markers: [...content.dotted, { x: logit }], points, theme: lab.theme });
    }
  }

  prepare() {
    const { lab } = this;
    const { chosen, say } = lab;
    const losses = chosen.map(({ name }) => name).join(", ");
    const compared = chosen.filter((loss) => loss.compares).length;
    for (const entry of this.charts) {
      const { chart, column, kind, title } = entry;
      chart.axes.x.label = say(compared === 0 ? "axis_logit" : compared === chosen.length ? column.axis : "axis_mixed");
      const dotted = column.player === "g" && kind === "values" ? equilibria(chosen, "g", say) : [];
      // Where there is no room for more names, the charts of the equilibrium have them.
      if (chosen.length > MOST_NAMED) for (const line of dotted) line.label = null;
      entry.content = this.content((loss) => loss[column.part][kind], LIMITS[kind], dotted);
      chart.describe(say("chart_alt", { title, losses }));
    }
    for (const balance of this.balances) {
      const lines = this.linesOf((loss) => loss[balance.part].values).map((line) => this.near(line));
      balance.content = { lines, dotted: equilibria(chosen, balance.player, say) };
      balance.chart.describe(say("chart_alt", { title: say(balance.title), losses }));
    }
  }

  linesOf(of) {
    const { chosen, data } = this.lab;
    // Where lines coincide, the first is the wider one and shows on both sides.
    return chosen.map((loss, rank) => ({ x: data.logits, y: of(loss), colour: loss.colour, dash: loss.dash, label: loss.short, width: 2.75 + 1.25 * (chosen.length - 1 - rank) }));
  }

  /** The part of a line around the equilibrium, so that its name stands at the edge. */
  near(line) {
    const inside = line.x.map((x, index) => [x, line.y[index]]).filter(([x]) => Math.abs(x) <= NEAR);
    return { ...line, x: inside.map(([x]) => x), y: inside.map(([, y]) => y) };
  }

  content(of, limit, dotted) {
    const lines = this.linesOf(of);
    return { lines, dotted, yRange: rangeOf(lines.map((line) => line.y), limit, dotted.map((line) => line.y)) };
  }

  close() {
    for (const { chart } of [...this.charts, ...this.balances]) chart.close();
  }
}
