import { element, setText } from "./dom.js";
import { mounter } from "./mount.js";
import { decimals } from "./numbers.js";
import { readTheme } from "./theme.js";
import { lowered, slider } from "./widgets.js";
import { speaker } from "./words.js";

const ROWS = ["minimax", "non_saturating"];

/** Both players' losses and their sum, for two games, at chosen verdicts of D. */
class Sums {
  constructor(parent, data) {
    this.root = element("div", { class: "gan-sums" });
    parent.append(this.root);
    Object.assign(this, { real: 0, fake: 0 });
    this.refresh(data);
  }

  refresh(data) {
    const sign = JSON.stringify(data);
    if (sign !== this.sign) {
      this.sign = sign;
      Object.assign(this, { say: speaker(data.words), table: data.table });
      if (!this.chosen) Object.assign(this, { chosen: true, real: this.nearest(0.8), fake: this.nearest(0.1) });
      this.build();
      this.write();
    }
    requestAnimationFrame(() => readTheme(this.root));
  }

  /** The row of the table for a verdict. */
  nearest(verdict) {
    const gaps = this.table.verdict.map((value) => Math.abs(value - verdict));
    return gaps.indexOf(Math.min(...gaps));
  }

  build() {
    const { say, table } = this;
    const last = table.verdict.length - 1;
    const format = (place) => decimals(table.verdict[place], 3);
    const part = (key, label, help) => slider({ label: say(label), help: say(help), min: 0, max: last, step: 1, value: this[key], format, onInput: (place) => this.set(key, place) });
    this.sliders = [part("fake", "d_fake", "d_fake_help"), part("real", "d_real", "d_real_help")];
    this.cells = Object.fromEntries(ROWS.map((key) => [key, ["d", "g", "sum"].map((column) => element("td", { class: column }))]));
    const head = element("tr", {}, ...["game", "loss_d", "loss_g", "sum"].map((word) => element("th", { scope: "col" }, ...lowered(say(word)))));
    const rows = ROWS.map((key) => element("tr", { "data-game": key }, element("th", { scope: "row" }, ...lowered(say(key))), ...this.cells[key]));
    this.sentence = element("p", { class: "small", role: "status" });
    this.root.replaceChildren(element("div", { class: "sliders" }, ...this.sliders.map((one) => one.element)), element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)), this.sentence);
  }

  set(key, place) {
    this[key] = place;
    this.write();
  }

  write() {
    const { table, real, fake } = this;
    const loss = table.on_real[real] + table.on_fake[fake];
    // In the min-max game G minimises V itself; log D(x) is in it, though G cannot change that.
    const players = { minimax: table.minimax[fake] - table.on_real[real], non_saturating: table.non_saturating[fake] };
    const shown = (value) => decimals(Math.abs(value) < 5e-5 ? 0 : value, 4);
    for (const key of ROWS) [loss, players[key], loss + players[key]].forEach((value, index) => setText(this.cells[key][index], shown(value)));
    setText(this.sentence, this.say("sentence", { sum: shown(loss + players.non_saturating) }));
  }

  close() {
    this.root.remove();
  }
}

export default mounter((parent, data) => new Sums(parent, data));
