import { element, setAttribute } from "../dom.js";
import { drawText, labelSpot, textWidth } from "../labels.js";
import { niceStep, ticks, tickText } from "../numbers.js";
import { Surface } from "../surface.js";

const SIZE = 14;
const LABEL_GAP = 13;

/** A small chart of curves y(x) on canvas: title, both axes named, names on the curves. */
export class Plot {
  /** @param {{title: string, x: string, y: string, onResize: () => void}} options */
  constructor({ title, x, y, onResize }) {
    Object.assign(this, { x, y });
    this.surface = new Surface("plotted", onResize);
    this.element = element("figure", { class: "plot" }, element("figcaption", { class: "plot-title" }, title), this.surface.box);
  }

  /** Describe the chart for those who cannot see it. */
  describe(description) {
    setAttribute(this.surface.canvas, "aria-label", description);
  }

  /**
   * Draw everything anew.
   * @param {{curves: {points: number[][], colour: string, dash: number[], label?: string, at?: number, below?: boolean}[],
   *   levels?: {value: number, label: string}[], xRange: number[], yRange: number[], xStep?: number, marker?: number | null,
   *   inset?: number}} content `marker`: an x to point at, in `theme.marker`; `inset`: the part of the width left free at each side, with the ticks of y inside it
   */
  draw(content, theme) {
    const { context, width, height } = this.surface.begin();
    if (width < 80 || height < 60) return;
    const plot = this.layOut(context, width, height, content, theme);
    this.drawAxes(context, plot, theme);
    for (const level of content.levels ?? []) drawLevel(context, plot, level, theme);
    if (content.marker !== null && content.marker !== undefined) drawMarker(context, plot, content.marker, theme.marker);
    for (const curve of content.curves) drawCurve(context, plot, curve);
    const taken = content.curves.map((curve) => drawCurveName(context, plot, curve, theme)).filter(Boolean);
    const dots = content.curves.flatMap((curve) => curve.points.map(([x, y]) => [plot.x(x), plot.y(y)]));
    for (const level of content.levels ?? []) this.drawLevelName(context, plot, level, dots, taken, theme);
  }

  /** Write a level's name on its line, where it hides least of the curves. */
  drawLevelName(context, plot, { value, label }, dots, taken, theme) {
    const width = textWidth(context, label, theme, SIZE);
    const spot = labelSpot({ y: plot.y(value), width, plot, dots, taken, previous: this.spot });
    this.spot = spot.choice;
    context.fillStyle = theme["theory-text"];
    drawText(context, label, spot.x, spot.y, theme, { size: SIZE, halo: true });
  }

  layOut(context, width, height, { xRange, yRange, inset, xStep }, theme) {
    const yStep = niceStep(yRange[1] - yRange[0], (height - 60) / 30);
    const yTicks = ticks(yRange[0], yRange[1], yStep).map((value) => ({ value, text: tickText(value, yStep) }));
    const margin = 8 + Math.max(...yTicks.map((tick) => textWidth(context, tick.text, theme, SIZE)));
    const plot = { width, top: 26, bottom: height - 24, yTicks, inset };
    plot.left = inset === undefined ? margin : inset * width;
    plot.right = inset === undefined ? width - 14 : width - plot.left;
    plot.grid = inset === undefined ? [plot.left, plot.right] : [0, width];
    plot.x = (value) => plot.left + ((plot.right - plot.left) * (value - xRange[0])) / (xRange[1] - xRange[0]);
    plot.y = (value) => plot.bottom - ((plot.bottom - plot.top) * (value - yRange[0])) / (yRange[1] - yRange[0]);
    plot.xStep = xStep ?? niceStep(xRange[1] - xRange[0], (plot.right - plot.left) / 90);
    plot.xTicks = ticks(xRange[0], xRange[1], plot.xStep);
    return plot;
  }

  drawAxes(context, plot, theme) {
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule });
    context.setLineDash([]);
    context.beginPath();
    for (const tick of plot.yTicks) {
      const y = Math.round(plot.y(tick.value)) + 0.5;
      context.moveTo(plot.grid[0], y);
      context.lineTo(plot.grid[1], y);
    }
    context.stroke();
    context.fillStyle = theme["theory-text"];
    for (const tick of plot.yTicks) {
      const [x, y] = [plot.inset === undefined ? plot.left - 6 - textWidth(context, tick.text, theme, SIZE) : 0, plot.y(tick.value)];
      drawText(context, tick.text, x, plot.inset === undefined ? y : y - 9, theme, { size: SIZE });
    }
    const centred = (text, x) => drawText(context, text, x - textWidth(context, text, theme, SIZE) / 2, plot.bottom + 14, theme, { size: SIZE });
    const last = plot.xTicks.length - 1;
    plot.xTicks.forEach((value, index) => centred(tickText(value, plot.xStep), plot.x(value) - (index === last && plot.inset === undefined ? 6 : 0)));
    drawText(context, this.y, 0, 9, theme, { size: SIZE });
    this.drawXName(context, plot, theme);
  }

  /** The name of x stands half-way between the last two ticks, where no number is. */
  drawXName(context, plot, theme) {
    const [before, last] = plot.xTicks.slice(-2);
    const middle = (plot.x(before) + plot.x(last ?? before)) / 2;
    drawText(context, this.x, middle - textWidth(context, this.x, theme, SIZE) / 2, plot.bottom + 14, theme, { size: SIZE });
  }

  /** Stop watching the size. */
  close() {
    this.surface.close();
  }
}

function drawLevel(context, plot, { value }, theme) {
  Object.assign(context, { lineWidth: 1.5, strokeStyle: theme.theory });
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(plot.grid[0], plot.y(value));
  context.lineTo(plot.grid[1], plot.y(value));
  context.stroke();
  context.setLineDash([]);
}

function drawMarker(context, plot, x, colour) {
  Object.assign(context, { lineWidth: 3, strokeStyle: colour });
  context.beginPath();
  context.moveTo(plot.x(x), plot.top);
  context.lineTo(plot.x(x), plot.bottom);
  context.stroke();
}

function drawCurve(context, plot, { points, colour, dash }) {
  Object.assign(context, { strokeStyle: colour, lineWidth: 2.5, lineJoin: "round" });
  context.setLineDash(dash);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(plot.x(x), plot.y(y));
  context.stroke();
  context.setLineDash([]);
}

/** Write a curve's name above (or below) the point nearest to x = `at`; returns the place it takes. */
function drawCurveName(context, plot, { points, colour, label, at, below }, theme) {
  if (!label || !points.length) return null;
  const nearest = points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));
  const width = textWidth(context, label, theme, SIZE);
  const x = Math.min(plot.width - width, Math.max(0, plot.x(nearest[0]) - width / 2));
  context.fillStyle = colour;
  const y = plot.y(nearest[1]) + (below ? LABEL_GAP : -LABEL_GAP);
  drawText(context, label, x, y, theme, { size: SIZE, halo: true });
  return { x, y, width };
}
