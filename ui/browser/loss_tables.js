import { element, setText } from "./dom.js";
import { breakUp } from "./mathml.js";
import { decimals } from "./numbers.js";
import { button } from "./widgets.js";

const CELLS = ["says", "g_loss", "g_slope", "d_fake", "d_real"];

/** A cell that carries its column's name along, for pages too narrow for columns. */
function cell(label, content) {
  const name = mathLabel(label);
  name.className = "cell-label";
  return element("td", {}, name, content);
}

function named(loss) {
  return element("th", { scope: "row", style: `color: var(--overlay-${loss.colour})` }, loss.name);
}

function head(labels) {
  return element("thead", {}, element("tr", {}, ...labels.map((label) => element("th", { scope: "col" }, mathLabel(label)))));
}

/** A label in which L_D stands for L with subscript D. */
export function mathLabel(text) {
  const holder = element("span");
  for (const part of text.split(/(L_[DG])/)) holder.append(/^L_[DG]$/.test(part) ? element("span", { class: `${part[2].toLowerCase()}-word` }, "L", element("sub", {}, part[2])) : part);
  return holder;
}

/** The numbers at the marker, one row a loss. */
export class Numbers {
  constructor(lab) {
    this.lab = lab;
    this.body = element("tbody");
    const table = element("table", { class: "numbers" }, head(["loss", ...CELLS].map((key) => lab.say(key))), this.body);
    this.notes = { compares: element("p", { class: "small" }, lab.say("compares")), scores: element("p", { class: "small" }, lab.say("scores")) };
    this.element = element("section", { class: "at-marker" }, element("h3", {}, lab.say("numbers")), table, ...Object.values(this.notes));
  }

  draw(all) {
    const { lab } = this;
    if (all) this.build();
    for (const { loss, cells } of this.rows) {
      const at = (list) => decimals(list[lab.index], 3);
      const verdict = loss.verdict[lab.index];
      setText(cells.says, loss.probability ? decimals(verdict, 3) : lab.say("score", { value: decimals(verdict, 2) }));
      setText(cells.g_loss, at(loss.generator.values));
      setText(cells.g_slope, at(loss.generator.slopes));
      setText(cells.d_fake, at(loss.on_fake.values));
      setText(cells.d_real, at(loss.on_real.values));
    }
  }

  build() {
    const { lab } = this;
    const { chosen } = lab;
    this.rows = chosen.map((loss) => {
      const cells = Object.fromEntries(CELLS.map((key) => [key, element("span")]));
      return { loss, cells, row: element("tr", {}, named(loss), ...CELLS.map((key) => cell(lab.say(key), cells[key]))) };
    });
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    this.notes.compares.hidden = !chosen.some((loss) => loss.compares);
    this.notes.scores.hidden = chosen.every((loss) => loss.probability);
  }
}

/** What the chosen losses are: formulas, source, value at p = q, kind of verdict, settings. */
export class SideBySide {
  constructor(lab) {
    Object.assign(this, { lab, made: new Map() });
    this.formulas = element("div", { class: "formulas" });
    this.body = element("tbody");
    const labels = ["loss", "source", "equal", "kind", "recommended"].map((key) => lab.say(key));
    const table = element("table", {}, head(labels), this.body);
    this.element = element("section", { class: "side" }, element("h3", {}, lab.say("formulas")), this.formulas, element("h3", {}, lab.say("side_title")), table);
  }

  draw(all) {
    if (!all) return;
    const { lab } = this;
    for (const loss of lab.chosen) if (!this.made.has(loss.key)) this.made.set(loss.key, { card: formulaCard(loss), row: this.row(loss) });
    const made = lab.chosen.map((loss) => this.made.get(loss.key));
    this.formulas.replaceChildren(...made.map(({ card }) => card));
    this.body.replaceChildren(...made.map(({ row }) => row));
  }

  row(loss) {
    const { say } = this.lab;
    const source = loss.link ? element("a", { href: loss.link, target: "_blank", rel: "noreferrer" }, loss.source) : loss.source;
    const { d, g, verdict } = loss.equilibrium;
    const values = element("span", { class: "stack" }, mathLabel(d.label), mathLabel(g ? g.label : say("equal_any")));
    const kind = say(loss.probability ? "kind_probability" : "kind_score");
    const at = verdict === null ? say("at_equal_any") : say("at_equal", { verdict });
    const settings = element("ul", {}, ...loss.recommended.map((text) => element("li", {}, text)));
    const train = button({ label: say("train"), help: say("train_help"), sign: "play", kind: "train", onClick: () => this.lab.train(loss.key) });
    train.element.setAttribute("aria-label", say("train_label", { loss: loss.name }));
    return element("tr", {}, named(loss), cell(say("source"), source), cell(say("equal"), values), cell(say("kind"), element("span", { class: "stack" }, kind, element("span", {}, at))), cell(say("recommended"), element("span", { class: "stack" }, settings, train.element)));
  }
}

function formulaCard(loss) {
  const strips = ["d", "g"].map((player) => {
    const math = element("div", { class: "math" });
    math.innerHTML = loss.formulas[player];
    for (const node of math.querySelectorAll("math")) breakUp(node);
    return element("div", { class: `formula ${player}` }, element("span", { class: "player", "aria-hidden": "true" }, player.toUpperCase()), math);
  });
  return element("article", { class: "card" }, element("h4", { style: `color: var(--overlay-${loss.colour})` }, loss.name), ...strips);
}
