import { element, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";
import { digitCanvas } from "./files.js";

const REACH = 12;
export const PREVIEW = 6;
export const RAW_REACH = 4;

/** A slider between the two pictures that lie at its ends. */
export class Row {
  constructor(sliders, index) {
    Object.assign(this, { sliders, index, say: sliders.say });
    this.label = element("span", { class: "name", id: `direction-${index}` });
    this.value = element("output");
    this.input = element("input", { type: "range", min: -REACH, max: REACH, step: 0.1, value: 0, "aria-labelledby": `direction-${index}`, "data-direction": index });
    this.input.addEventListener("input", () => this.slide(false));
    this.input.addEventListener("change", () => this.slide(true));
    this.previews = [-PREVIEW, PREVIEW].map((amount) => this.makePreview(amount));
    this.element = element("div", { class: "direction" }, this.label, this.previews[0].button, this.input, this.previews[1].button, this.value);
  }

  makePreview(amount) {
    const canvas = digitCanvas({ "aria-hidden": "true" });
    const button = element("button", { type: "button", class: "preview" }, canvas);
    button.addEventListener("click", () => this.sliders.glide(this.index, amount));
    return { canvas, button, amount };
  }

  slide(settled) {
    this.sliders.stopGlide();
    this.sliders.slide(this.index, Number(this.input.value), settled);
  }

  name(family) {
    const { say } = this;
    const name = say("direction", { family: say(family), n: this.index + 1 });
    setText(this.label, name);
    for (const { button, amount } of this.previews) {
      const text = say("sliders_go", { direction: name, amount: decimals(amount, 0) });
      setAttribute(button, "aria-label", text);
      setAttribute(button, "title", text);
    }
    return this;
  }

  write(amount) {
    if (Number(this.input.value) !== amount) this.input.value = amount;
    setText(this.value, decimals(amount, 1));
  }
}

/** A small slider for one coordinate of z. */
export class Cell {
  constructor(sliders, index) {
    const name = sliders.say("coordinate", { n: index + 1 });
    this.value = element("output");
    this.input = element("input", { type: "range", min: -RAW_REACH, max: RAW_REACH, step: 0.05, "aria-label": name, "data-coordinate": index });
    this.input.addEventListener("input", () => sliders.slideRaw(index, Number(this.input.value), false));
    this.input.addEventListener("change", () => sliders.slideRaw(index, Number(this.input.value), true));
    this.element = element("label", { class: "cell" }, element("span", { class: "name" }, name), this.value, this.input);
  }

  write(value) {
    if (Number(this.input.value) !== value) this.input.value = value;
    setText(this.value, decimals(value, 1));
  }
}
