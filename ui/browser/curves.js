import { element, setAttribute } from "./dom.js";
import { joined } from "./history.js";
import { drawText, labelSpot, spread, textWidth } from "./labels.js";
import { niceStep, robustRange, ticks, tickText } from "./numbers.js";
import { Surface } from "./surface.js";
import { drawBand, drawEndMark, drawLine, drawSpikes, trace } from "./strokes.js";

const SHORTEST_AXIS = 20;
const PIXELS_PER_POINT = 4;
/** How far before the newest end, in pixels, a curve may end and still be named beside the plot. */
const STILL_BESIDE = 60;

/** A line chart of up to 512 buckets per curve, with theory lines, drawn on canvas. */
export class Chart {
  /**
   * @param {{title: string, empty: string, axis: string, range: number[] | null, onResize: () => void,
   *   curves: {name: string, label: string, colour: string, dash: number[], mark: string | null}[],
   *   lines: {value: number, label: string}[], moments?: {x: number, label: string}[]}} options
   */
  constructor(options) {
    Object.assign(this, { moments: [] }, options);
    this.surface = new Surface("chart", options.onResize);
    this.emptyNote = element("p", { class: "empty" }, options.empty);
    this.surface.box.append(this.emptyNote);
    this.element = element("figure", { class: "curves" }, element("figcaption", { class: "title" }, options.title), this.surface.box);
    this.spots = new Map();
  }

  /** Describe the chart for those who cannot see it. */
  describe(description) {
    setAttribute(this.surface.canvas, "aria-label", description);
  }

  /** Draw everything anew; `marked` is an iteration to point at, or null. */
  draw(history, iteration, marked, theme) {
    if (!this.surface.seen) return;
    const { context, width, height } = this.surface.begin();
    if (width < 80 || height < 60) return;
    const raw = this.curves.map((curve) => ({ ...curve, points: history.points(curve.name, iteration) }));
    const courses = raw.map((curve) => ({ ...curve, points: joined(curve.points, width / PIXELS_PER_POINT) }));
    this.emptyNote.hidden = courses.some((course) => course.points.some(Boolean));
    const plot = this.layOut(context, width, height, raw, iteration, theme);
    this.drawAxes(context, plot, theme);
    this.drawTheory(context, plot, theme);
    for (const moment of this.moments) drawMoment(context, plot, moment, theme);
    if (marked !== null) drawMarker(context, plot, marked, theme);
    this.drawCourses(context, plot, courses, theme);
    this.drawTheoryLabels(context, plot, courses, theme);
    this.drawNames(context, plot, courses, theme);
    for (const moment of this.moments) nameMoment(context, plot, moment, theme);
  }

  /** Choose ranges and margins; returns the plot with its two scales. */
  layOut(context, width, height, courses, iteration, theme) {
    const values = courses.flatMap((course) => course.points.flatMap((point) => (point ? [point.low, point.high] : [])));
    const [low, high] = this.range ?? robustRange(values, this.lines.map((line) => line.value));
    const yStep = niceStep(high - low, (height - 40) / 44);
    const bottomValue = this.range ? low : Math.floor(low / yStep + 1e-9) * yStep;
    const topValue = this.range ? high : Math.ceil((high + 0.02 * (high - low)) / (yStep / 2)) * (yStep / 2);
    const yTicks = ticks(bottomValue, topValue, yStep).map((value) => ({ value, text: tickText(value, yStep) }));
    const names = courses.map((course) => textWidth(context, course.label, theme, 14));
    const right = Math.max(16 + Math.max(...names), 26 + textWidth(context, this.axis, theme));
    const left = 10 + Math.max(...yTicks.map((tick) => textWidth(context, tick.text, theme)));
    const plot = { left, right: width - right, top: 12, bottom: height - 26, yTicks };
    const last = Math.max(SHORTEST_AXIS, iteration);
    plot.xStep = Math.max(1, niceStep(last, (plot.right - plot.left) / 84));
    plot.xTicks = ticks(0, last, plot.xStep);
    plot.x = (value) => plot.left + ((plot.right - plot.left) * value) / last;
    plot.y = (value) => plot.bottom - ((plot.bottom - plot.top) * (value - bottomValue)) / (topValue - bottomValue);
    plot.inside = (value) => Math.min(plot.bottom, Math.max(plot.top, plot.y(value)));
    return plot;
  }

  drawAxes(context, plot, theme) {
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule, fillStyle: theme["theory-text"] });
    context.setLineDash([]);
    context.beginPath();
    for (const tick of plot.yTicks) {
      const y = Math.round(plot.y(tick.value)) + 0.5;
      context.moveTo(plot.left, y);
      context.lineTo(plot.right, y);
      drawText(context, tick.text, plot.left - 6 - textWidth(context, tick.text, theme), y, theme);
    }
    context.stroke();
    for (const value of plot.xTicks) {
      const text = tickText(value, plot.xStep);
      drawText(context, text, plot.x(value) - textWidth(context, text, theme) / 2, plot.bottom + 15, theme);
    }
    drawText(context, this.axis, plot.right + 24, plot.bottom + 15, theme);
  }

  drawTheory(context, plot, theme) {
    Object.assign(context, { lineWidth: 1.5, strokeStyle: theme.theory });
    context.setLineDash([2, 4]);
    context.beginPath();
    for (const line of this.lines) {
      context.moveTo(plot.left, plot.y(line.value));
      context.lineTo(plot.right, plot.y(line.value));
    }
    context.stroke();
  }

  drawTheoryLabels(context, plot, courses, theme) {
    const dots = courses.flatMap((course) => trace(plot, course.points));
    const taken = [];
    const named = new Map(this.lines.map((line) => [line.label, line])); // of two losses with one value, one name
    for (const line of named.values()) {
      const width = textWidth(context, line.label, theme, 14);
      const spot = labelSpot({ y: plot.y(line.value), width, plot, dots, taken, previous: this.spots.get(line.label) });
      this.spots.set(line.label, spot.choice);
      taken.push(spot);
      context.fillStyle = theme["theory-text"];
      drawText(context, line.label, spot.x, spot.y, theme, { size: 14, halo: true });
    }
  }

  drawCourses(context, plot, courses, theme) {
    context.save();
    context.beginPath();
    context.rect(plot.left, plot.top - 2, plot.right - plot.left + 8, plot.bottom - plot.top + 4);
    context.clip();
    for (const course of courses) drawBand(context, plot, course.points, theme[course.colour]);
    for (const course of courses) drawLine(context, plot, course.points, theme[course.colour], course.dash);
    for (const course of courses) drawSpikes(context, plot, course.points, theme[course.colour]);
    context.restore();
  }

  /** Write each curve's name at its end, pushed apart where the ends meet. */
  drawNames(context, plot, courses, theme) {
    const ended = courses.map((course) => ({ ...course, end: course.points.findLast(Boolean) })).filter((course) => course.end);
    if (!ended.length) return;
    // The name of a curve that ended long ago stands where it ended, the others beside the plot.
    const last = Math.max(...ended.map((course) => plot.x(course.end.x)));
    const early = ended.map((course) => plot.x(course.end.x) < last - STILL_BESIDE);
    const ends = ended.map((course) => plot.inside(course.end.mean));
    const beside = spread(ends.filter((_, index) => !early[index]), 19, plot.top + 4, plot.bottom - 8);
    ended.forEach((course, index) => {
      const x = plot.x(course.end.x);
      drawEndMark(context, x, ends[index], course.mark, theme[course.colour], theme.ground);
      context.fillStyle = theme[`${course.colour}-text`];
      if (early[index]) drawText(context, course.label, x + 9, ends[index], theme, { size: 14, halo: true });
      else drawText(context, course.label, plot.right + 11, beside.shift(), theme, { size: 14 });
    });
  }

  /** Stop watching the size. */
  close() {
    this.surface.close();
  }
}

function drawMarker(context, plot, iteration, theme) {
  Object.assign(context, { lineWidth: 2, strokeStyle: theme.text });
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(plot.x(iteration), plot.top);
  context.lineTo(plot.x(iteration), plot.bottom);
  context.stroke();
}

/** A dotted line down the plot at an iteration that matters. */
function drawMoment(context, plot, { x }, theme) {
  const across = plot.x(x);
  Object.assign(context, { lineWidth: 1.5, strokeStyle: theme["theory-text"] });
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(across, plot.top);
  context.lineTo(across, plot.bottom);
  context.stroke();
  context.setLineDash([]);
}

/** Its name, at the top and above all curves. */
function nameMoment(context, plot, { x, label }, theme) {
  const across = plot.x(x);
  const wide = textWidth(context, label, theme, 14);
  context.fillStyle = theme["theory-text"];
  drawText(context, label, across + 6 + wide > plot.right ? across - 6 - wide : across + 6, plot.top + 8, theme, { size: 14, halo: true });
}
