import { element } from "../dom.js";
import { digitCanvas, paintGrey } from "./files.js";
import { Follower } from "./follower.js";

export const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

/** The ten digits that G can be asked for, each drawn from the same z; one of them is the big picture's. */
export class Asked {
  /** @param {(digit: number) => void} choose */
  constructor(say, choose) {
    Object.assign(this, { choose, model: null });
    this.options = DIGITS.map((digit) => this.makeOption(digit));
    this.follower = new Follower((option) => this.draw(option));
    const group = element("div", { class: "ten", role: "radiogroup", "aria-label": say("asked") }, ...this.options.map(({ label }) => label));
    const lead = element("p", { class: "small" }, say("asked_lead"), " ", element("span", { class: "keys" }, say("asked_keys")));
    this.element = element("section", { class: "asked", hidden: true }, group, lead);
  }

  makeOption(digit) {
    const input = element("input", { type: "radio", name: "gan-asked", value: digit, "data-asked": digit });
    input.addEventListener("change", () => this.choose(digit));
    const canvas = digitCanvas({ "aria-hidden": "true" });
    return { digit, input, canvas, label: element("label", { class: "one" }, input, canvas, element("span", {}, digit)) };
  }

  /** Another generator: one that is told no digit cannot be asked for one. */
  set(model) {
    this.model = model;
    this.element.hidden = !model.isTold;
    this.mark();
  }

  /** Show which digit is asked for. */
  mark() {
    for (const { digit, input } of this.options) input.checked = digit === this.model.digit;
  }

  /** Draw the newest point; a drag never waits for this, and the server is asked only when it rests. */
  follow(z, settled) {
    this.z = z;
    if (this.element.hidden) return;
    if (!this.model.remote) this.follower.follow(this.options);
    else if (settled) this.fetch();
  }

  draw({ digit, canvas }) {
    if (this.model.isTold && !this.model.remote) paintGrey(canvas, this.model.picture(this.z, digit));
  }

  async fetch() {
    const greys = await this.model.pictures(DIGITS.map(() => this.z), { lane: "asked", digits: DIGITS });
    greys?.forEach((grey, index) => paintGrey(this.options[index].canvas, grey));
  }

  close() {
    this.follower.close();
  }
}
