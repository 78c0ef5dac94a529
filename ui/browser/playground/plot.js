import { setAttribute } from "../dom.js";
import { Kept } from "../kept.js";
import { drawText, textWidth } from "../labels.js";
import { Surface } from "../surface.js";
import { drawLayers } from "./layers.js";

/** Half the width of the plot, in the units of the data. */
export const VIEW = 1.5;
const MARKS = [-1, 0, 1];

/** Where a square plot lies on a canvas of {width, height, ratio}, and how a place becomes a pixel; `real` is what it keeps of the real points. */
function framed({ width, height, ratio }, view, margin, real) {
  const size = Math.max(1, Math.min(width - margin, height - margin));
  const left = margin + (width - margin - size) / 2;
  const unit = size / (2 * view);
  return {
    width, height, ratio, left, top: 0, size, view, real, scale: Math.max(0.55, Math.min(1.15, size / 480)),
    x: (value) => left + (value + view) * unit,
    y: (value) => (view - value) * unit,
    fromX: (pixel) => (pixel - left) / unit - view,
    fromY: (pixel) => view - pixel / unit,
  };
}

/** The plane with everything in it: one canvas, drawn from arrays. */
export class Plot {
  /** @param {{onResize: () => void}} options */
  constructor({ view, onResize, alt }) {
    Object.assign(this, { view, real: new Kept() });
    this.surface = new Surface("plane", onResize);
    this.element = this.surface.box;
    this.describe(alt);
  }

  describe(text) {
    setAttribute(this.surface.canvas, "aria-label", text);
  }

  /** Draw a look (null before the first) with the layers in the set `shown`, and what is being drawn by hand. */
  draw(look, shown, theme, drawn = null) {
    if (!this.surface.seen) return;
    const paper = this.surface.begin();
    const { context, width, height } = paper;
    if (width < 60 || height < 60) return;
    this.frame = framed(paper, this.view, 22, this.real);
    this.drawAxes(context, theme);
    if (look && !drawn) drawLayers(context, this.frame, look, shown, theme);
    if (drawn) drawLayers(context, this.frame, { real: drawn }, new Set(["real"]), theme);
  }

  drawAxes(context, theme) {
    const { left, size, x, y } = this.frame;
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule, fillStyle: theme["theory-text"] });
    context.setLineDash([]);
    context.strokeRect(left + 0.5, 0.5, size - 1, size - 1);
    context.beginPath();
    for (const mark of MARKS) {
      const [across, up] = [Math.round(x(mark)) + 0.5, Math.round(y(mark)) + 0.5];
      context.moveTo(across, 0);
      context.lineTo(across, size);
      context.moveTo(left, up);
      context.lineTo(left + size, up);
      const text = String(mark).replace("-", "−");
      const wide = textWidth(context, text, theme);
      drawText(context, text, x(mark) - wide / 2, size + 12, theme);
      drawText(context, text, left - 6 - wide, y(mark), theme);
    }
    context.stroke();
  }

  /** Call back with `{x, y, phase}` while a pointer is held down inside the plot and `wanted()` says so. */
  onDrag(wanted, callback) {
    const { canvas } = this.surface;
    const tell = (phase) => (event) => {
      if (!this.frame || !wanted() || (phase === "start" ? event.button !== 0 : !canvas.hasPointerCapture(event.pointerId))) return;
      if (phase === "start") canvas.setPointerCapture(event.pointerId);
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      const seen = event.getCoalescedEvents?.() ?? [];
      for (const one of seen.length ? seen : [event]) callback({ x: this.frame.fromX(one.clientX - box.left), y: this.frame.fromY(one.clientY - box.top), phase });
    };
    for (const [name, phase] of [["pointerdown", "start"], ["pointermove", "move"], ["pointerup", "end"], ["pointercancel", "end"]]) canvas.addEventListener(name, tell(phase));
  }

  /** Let fingers draw on the plot, or scroll the page. */
  holdStill(yes) {
    this.surface.canvas.style.touchAction = yes ? "none" : "";
    this.surface.canvas.classList.toggle("draggable", yes);
  }

  close() {
    this.surface.close();
  }
}

/** A small picture of the plane for the diagram; a canvas without axes. */
export class Thumb {
  constructor(name, view, onResize) {
    Object.assign(this, { view, real: new Kept() });
    this.surface = new Surface(`thumb ${name}`, onResize);
    this.element = this.surface.box;
  }

  draw(look, shown, theme) {
    if (!this.surface.seen) return;
    const paper = this.surface.begin();
    if (paper.width < 20 || !look) return;
    drawLayers(paper.context, framed(paper, this.view, 0, this.real), look, shown, theme);
  }

  describe(text) {
    setAttribute(this.surface.canvas, "aria-label", text);
  }

  close() {
    this.surface.close();
  }
}
