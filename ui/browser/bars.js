import { element, setAttribute, setText } from "./dom.js";
import { decimals } from "./numbers.js";
import { lowered } from "./widgets.js";

const LOG_TWO = Math.LN2;
// key, ends of the bar, whether the number may be larger than the bar, colour, words
const ROWS = [
  { key: "value", ends: [-2 * LOG_TWO, 0], colour: "d", word: "value", about: "value_about" },
  { key: "loss", ends: [0, 2 * LOG_TWO], colour: "d", word: "loss", about: "loss_about" },
  { key: "jsd", ends: [0, LOG_TWO], colour: "theory", word: "jsd", about: "jsd_about" },
  { key: "kl_pq", ends: [0, 8], open: true, colour: "theory", word: "kl_pq", about: "kl_pq_about" },
  { key: "kl_qp", ends: [0, 8], open: true, colour: "theory", word: "kl_qp", about: "kl_qp_about" },
  { key: "tv", ends: [0, 1], colour: "theory", word: "tv", about: "tv_about" },
  { key: "w1", ends: [0, 10], open: true, colour: "theory", word: "w1", about: "w1_about" },
];

const short = (value) => decimals(value, Number.isInteger(value) ? 0 : 3);

/** Numbers with bars between their smallest and largest values, and a line on what each says. */
export class Bars {
  constructor(say) {
    this.rows = ROWS.map((row) => this.makeRow(row, say));
    this.element = element("div", { class: "bars" }, ...this.rows.map((row) => row.element));
  }

  makeRow({ key, ends, open = false, colour, word, about }, say) {
    const fill = element("i");
    const number = element("b");
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span", {}, short(ends[0])), element("span", { class: "track" }, fill), element("span", {}, open ? `${short(ends[1])} …` : short(ends[1])));
    const head = element("div", { class: "bar-head" }, element("span", { class: "bar-name" }, ...lowered(say(word))), number);
    const node = element("div", { class: `bar-row ${colour}`, "data-key": key }, head, bar, element("p", { class: "small" }, say(about)));
    return { key, ends, open, fill, number, element: node };
  }

  show(answer) {
    for (const { key, ends, open, fill, number, element: node } of this.rows) {
      const share = (answer[key] - ends[0]) / (ends[1] - ends[0]);
      fill.style.transform = `scaleX(${Math.min(1, Math.max(0, share)).toFixed(4)})`;
      setAttribute(node, "data-beyond", open && share > 1.0001 ? "" : null);
      setText(number, decimals(answer[key], answer[key] >= 100 ? 1 : 4));
    }
  }
}
