import { drawArrows, drawLabels, drawLine, drawMarkers, drawPoints } from "./chart_marks.js";
import { element, setAttribute, setText } from "./dom.js";
import { Handle } from "./handle.js";
import { drawText, textWidth } from "./labels.js";
import { layOut } from "./scales.js";
import { Surface } from "./surface.js";

const SIZE = 14;

/**
 * A chart of lines, points and arrows over two named axes, drawn on canvas in the next frame.
 *
 * An axis is `{label, range: [low, high], log}`; without `range` it follows the data. `{equal: true}` makes one
 * unit as long on x as on y. `right` is a second axis of y for lines with `axis: "right"`.
 */
export class Chart {
  constructor({ title, x = {}, y = {}, right = null, alt = "", equal = false, className = "" }) {
    Object.assign(this, { axes: { x, y, right }, equal, content: {}, handles: new Map() });
    this.surface = new Surface("graph", () => this.redraw());
    this.caption = element("figcaption", { class: "graph-title" }, title ?? "");
    this.element = element("figure", { class: `graph-figure ${className}`.trim() }, this.caption, this.surface.box);
    this.describe(alt);
  }

  /** Describe the chart for those who cannot see it. */
  describe(text) {
    setAttribute(this.surface.canvas, "aria-label", text);
  }

  rename(title) {
    setText(this.caption, title);
  }

  /**
   * Show new content: `lines` {x, y, colour, dash, label, fill, width, alpha, dots, axis, at}, `points` {x, y, colour, mark, label},
   * `arrows` {x, y, dx, dy, colour}, `markers` {x | y, label, axis}, and optionally the axes' ranges as `xRange`, `yRange`.
   */
  show(content) {
    this.content = content;
    this.redraw(content.theme);
  }

  /** Draw again in the next frame, with new colours if `theme` is given. */
  redraw(theme = this.theme) {
    this.theme = theme;
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  /** Draw now; `drawn` counts the pictures made, for those who measure. */
  draw() {
    this.frame = null;
    if (!this.theme) return;
    const { context, width, height } = this.surface.begin();
    if (width < 60 || height < 60) return;
    const plot = (this.plot = layOut(this, context, width, height, (text) => textWidth(context, text, this.theme, SIZE)));
    const { lines = [], points = [], arrows = [], markers = [] } = this.content;
    this.drawAxes(context, plot);
    context.save();
    context.beginPath();
    context.rect(plot.left - 1, plot.top - 1, plot.right - plot.left + 2, plot.bottom - plot.top + 2);
    context.clip();
    drawArrows(context, plot, arrows, this.theme);
    for (const line of lines) drawLine(context, plot, line, this.theme);
    context.restore();
    drawMarkers(context, plot, markers, this.theme);
    drawPoints(context, plot, points, this.theme);
    drawLabels(context, plot, this.content, this.theme);
    for (const handle of this.handles.values()) handle.place(plot);
    this.surface.canvas.dataset.drawn = (Number(this.surface.canvas.dataset.drawn) || 0) + 1;
  }

  drawAxes(context, plot) {
    const { theme } = this;
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule, fillStyle: theme["theory-text"] });
    context.setLineDash([]);
    context.beginPath();
    const write = (text, x, y) => drawText(context, text, x, y, theme, { size: SIZE });
    for (const { value, text } of plot.ticks.y) {
      const y = Math.round(plot.y(value)) + 0.5;
      context.moveTo(plot.left, y);
      context.lineTo(plot.right, y);
      write(text, plot.left - 6 - textWidth(context, text, theme, SIZE), y);
    }
    for (const { value, text } of plot.ticks.x) {
      const x = Math.round(plot.x(value)) + 0.5;
      context.moveTo(x, plot.bottom);
      context.lineTo(x, plot.bottom + 5);
      const wide = textWidth(context, text, theme, SIZE);
      write(text, Math.min(plot.width - wide, Math.max(0, x - wide / 2)), plot.bottom + 15);
    }
    for (const { value, text } of plot.ticks.right) write(text, plot.right + 6, plot.rightY(value));
    context.stroke();
    write(this.axes.y.label ?? "", 0, 8);
    if (this.axes.right) write(this.axes.right.label, plot.width - textWidth(context, this.axes.right.label, theme, SIZE), 8);
    const name = this.axes.x.label ?? "";
    write(name, plot.right - textWidth(context, name, theme, SIZE), plot.bottom + 34);
  }

  /** The value of x (or y) at a place inside the canvas, in CSS pixels. */
  toX(pixel) {
    return this.plot.fromX(pixel);
  }

  toY(pixel) {
    return this.plot.fromY(pixel);
  }

  /**
   * Call back with `{x, y, phase, event}` while a pointer is held down inside the plot; phase is "start", "move" or "end".
   * For touch, `pan` names the direction that still scrolls the page ("pan-y", "none").
   */
  onDrag(callback, pan = "pan-y") {
    const { canvas } = this.surface;
    canvas.style.touchAction = pan;
    canvas.classList.add("draggable");
    const tell = (phase) => (event) => {
      if (!this.plot || (phase !== "start" && !canvas.hasPointerCapture?.(event.pointerId))) return;
      if (phase === "start") canvas.setPointerCapture(event.pointerId);
      const box = canvas.getBoundingClientRect();
      callback({ x: this.toX(event.clientX - box.left), y: this.toY(event.clientY - box.top), phase, event });
    };
    canvas.addEventListener("pointerdown", tell("start"));
    canvas.addEventListener("pointermove", tell("move"));
    canvas.addEventListener("pointerup", tell("end"));
    canvas.addEventListener("pointercancel", tell("end"));
  }

  /**
   * Put draggable handles over the plot, one for each `{key, x, y, label, text, colour, mark, step, ends, onMove}`;
   * handles whose key is gone are taken away. They are real elements: Tab reaches them, arrow keys move them.
   */
  setHandles(wanted) {
    for (const [key, handle] of this.handles) {
      if (wanted.some((one) => one.key === key)) continue;
      handle.element.remove();
      this.handles.delete(key);
    }
    for (const one of wanted) {
      if (!this.handles.has(one.key)) {
        const handle = new Handle(this);
        this.handles.set(one.key, handle);
        this.surface.box.append(handle.element);
      }
      this.handles.get(one.key).set(one);
      if (this.plot) this.handles.get(one.key).place(this.plot);
    }
  }

  /** Stop watching the size. */
  close() {
    cancelAnimationFrame(this.frame);
    this.surface.close();
  }
}
