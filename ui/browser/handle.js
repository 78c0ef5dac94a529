import { element, setAttribute } from "./dom.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1], PageDown: [0, -10], PageUp: [0, 10], Home: [-10, 0], End: [10, 0] };
const FAST = 5;

/** A point of a chart that can be dragged, or moved with the arrow keys (Shift: five times as far). */
export class Handle {
  constructor(chart) {
    this.chart = chart;
    this.element = element("div", { class: "handle", tabindex: 0, role: "slider" });
    this.element.addEventListener("pointerdown", (event) => this.grab(event));
    this.element.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.element.addEventListener(end, (event) => this.release(event));
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  /** Take a new place and what it stands for; see `Chart.setHandles`. */
  set(options) {
    Object.assign(this, { step: { x: 0.1, y: 0.1 }, mark: "filled" }, options);
    const { label, text, x, ends = [-1, 1], colour, mark } = this;
    for (const [name, value] of Object.entries({ "aria-label": label, "aria-valuetext": text, "aria-valuenow": x.toFixed(3), "aria-valuemin": ends[0], "aria-valuemax": ends[1], title: label })) setAttribute(this.element, name, value);
    Object.assign(this.element.dataset, { key: options.key, mark });
    this.element.style.setProperty("--ink", typeof colour === "number" ? `var(--overlay-${colour})` : `var(--${colour})`);
  }

  /** Stand where the chart now draws this point, but never outside the plot. */
  place(plot) {
    const x = Math.max(plot.left, Math.min(plot.right, plot.x(this.x)));
    const y = Math.max(plot.top, Math.min(plot.bottom, plot.y(this.y)));
    this.element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    this.at = [x, y];
  }

  grab(event) {
    if (!this.at) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.offset = [this.at[0] - event.clientX, this.at[1] - event.clientY];
    this.tell(this.x, this.y, "start");
  }

  drag(event) {
    if (!this.offset) return;
    const x = this.chart.toX(event.clientX + this.offset[0]);
    this.tell(x, this.chart.toY(event.clientY + this.offset[1]), "move");
  }

  release() {
    if (!this.offset) return;
    this.offset = null;
    this.tell(this.x, this.y, "end");
  }

  onKey(event) {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const factor = event.shiftKey ? FAST : 1;
    this.tell(this.x + move[0] * factor * this.step.x, this.y + move[1] * factor * this.step.y, "move");
    this.tell(this.x, this.y, "end");
  }

  onWheel(event) {
    if (!this.onTurn) return;
    event.preventDefault();
    this.onTurn(event.deltaY < 0 ? 1 : -1);
  }

  tell(x, y, phase) {
    this.onMove?.({ x, y, phase });
  }
}
