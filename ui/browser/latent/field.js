import { element, setAttribute } from "../dom.js";
import { SIDE, fillGrey } from "./files.js";
import { CELLS } from "./walks.js";

const STEP = 0.02;
const LONG_STEP = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (value) => Math.max(0, Math.min(1, value));

/** A square to walk on with mouse, finger or arrow keys; its ground can show a sheet of digits. */
export class Field {
  /** @param {(u: number, v: number, settled: boolean) => void} onMove u to the right and v downwards, from 0 to 1 */
  constructor(say, onMove) {
    Object.assign(this, { onMove, u: 0.5, v: 0.5, pointer: null, hand: null, frame: null });
    this.canvas = element("canvas", { width: CELLS * SIDE, height: CELLS * SIDE, "aria-hidden": "true" });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(SIDE, SIDE);
    this.across = element("i", { class: "line across" });
    this.down = element("i", { class: "line down" });
    this.ring = element("i", { class: "ring" });
    this.element = element("div", { class: "field", role: "slider", tabindex: 0, "aria-label": say("pad_label"), "aria-roledescription": say("pad_role"), "aria-valuemin": 0, "aria-valuemax": 100 });
    this.element.append(this.canvas, this.across, this.down, this.ring);
    this.listen();
  }

  listen() {
    const on = (name, act) => this.element.addEventListener(name, act);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => event.pointerId === this.pointer && this.drag(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => this.release(event));
    on("keydown", (event) => this.onKey(event));
    // Without this a long press on a phone opens the menu for pictures.
    on("contextmenu", (event) => event.preventDefault());
  }

  press(event) {
    if (event.button !== 0 || this.pointer !== null) return;
    this.pointer = event.pointerId;
    this.element.setPointerCapture(event.pointerId);
    this.box = this.element.getBoundingClientRect();
    this.drag(event);
  }

  /** A mouse can report several times a frame, and only the last place is seen. */
  drag(event) {
    this.hand = event;
    this.frame ??= requestAnimationFrame(() => this.follow());
  }

  follow() {
    const { left, top, width, height } = this.box;
    const { clientX, clientY } = this.hand;
    this.frame = null;
    this.onMove(within((clientX - left) / width), within((clientY - top) / height), false);
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    if (this.frame !== null) {
      cancelAnimationFrame(this.frame);
      this.follow();
    }
    this.onMove(this.u, this.v, true);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home") this.onMove(0.5, 0.5, true);
    else if (ARROWS[event.key]) this.step(ARROWS[event.key], event.shiftKey ? LONG_STEP : STEP);
    else return;
    event.preventDefault();
  }

  step([right, down], size) {
    this.onMove(within(this.u + right * size), within(this.v + down * size), true);
  }

  /** Put the handle somewhere and say where that is; null says nothing, as in the midst of a drag. */
  place(u, v, text) {
    Object.assign(this, { u, v });
    // Moved by transforms: changed places would make the browser lay out the page in every frame.
    this.element.style.setProperty("--u", u);
    this.element.style.setProperty("--v", v);
    if (text === null) return;
    setAttribute(this.element, "aria-valuenow", Math.round(100 * u));
    setAttribute(this.element, "aria-valuetext", text);
  }

  /** Paint one digit of the sheet. */
  paint(row, column, grey) {
    fillGrey(this.image, grey);
    this.context.putImageData(this.image, column * SIDE, row * SIDE);
  }

  /** Empty the ground. */
  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
