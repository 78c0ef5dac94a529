import { element, setAttribute } from "../dom.js";

const SIDE = 28;
// Five stops of cividis (Nuñez, Anderton & Renslow 2018): even in lightness, and the same to colour-blind eyes.
const STOPS = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [165, 149, 107], [254, 232, 56]];

/** The colour of a value from 0 to 1. */
function colourOf(value) {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1);
  const below = Math.min(STOPS.length - 2, Math.floor(place));
  return STOPS[below].map((channel, index) => channel + (place - below) * (STOPS[below + 1][index] - channel));
}

/** Where two pictures differ, pixel by pixel, with the scale that says how much. */
export class Heat {
  constructor(title) {
    this.canvas = element("canvas", { width: SIDE, height: SIDE, class: "heat", role: "img" });
    const bar = element("span", { class: "heat-bar", style: `background: linear-gradient(to right, ${STOPS.map((stop) => `rgb(${stop.join()})`).join()})` });
    const numbers = element("span", { class: "heat-numbers" }, ...["0", "0.5", "1"].map((text) => element("span", {}, text)));
    this.frame = element("span", { class: "thumb" }, this.canvas);
    this.element = element("figure", { class: "compared" }, element("figcaption", {}, title), this.frame, element("span", { class: "heat-scale", "aria-hidden": "true" }, bar, numbers));
    this.show(null, null);
  }

  /** Draw |one − other| of two grey pictures; with null nothing. */
  show(one, other, description = "") {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    this.frame.classList.toggle("blank", !one || !other);
    setAttribute(this.canvas, "aria-label", description || null);
    if (!one || !other) return;
    const image = context.createImageData(SIDE, SIDE);
    one.forEach((value, pixel) => image.data.set([...colourOf(Math.abs(value - other[pixel]) / 255), 255], 4 * pixel));
    context.putImageData(image, 0, 0);
  }
}
