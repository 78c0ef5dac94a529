import { niceStep, ticks, tickText } from "./numbers.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const TICK_WIDTH = 64;
const TICK_HEIGHT = 40;

/** 10 to a whole power as text: 1, 10, 100, otherwise with a raised exponent. */
function powerText(exponent) {
  if (exponent >= -2 && exponent <= 3) return String(Number((10 ** exponent).toFixed(2)));
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** The smallest and largest finite value of some lists; null when there is none. */
export function extent(lists, log = false) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const value of list) {
      if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

/** The range of an axis: given, or that of the data with a little air. */
function rangeOf(axis, given, lists) {
  if (given ?? axis.range) return given ?? axis.range;
  const found = extent(lists, axis.log) ?? (axis.log ? [0.1, 1] : [0, 1]);
  if (axis.log) return found[1] > found[0] * 1.5 ? found : [found[0] / 2, found[1] * 2];
  const air = (found[1] - found[0]) * 0.05 || Math.abs(found[0]) * 0.1 || 1;
  return [found[0] >= 0 && found[0] < found[1] / 2 ? Math.min(0, found[0]) : found[0] - air, found[1] + air];
}

/** Ticks of an axis with about `room` pixels for each. */
function ticksOf(axis, [low, high], length, room) {
  const count = Math.max(2, length / (axis.room ?? room));
  if (!axis.log) {
    const step = niceStep(high - low, count);
    return ticks(low, high, step).map((value) => ({ value, text: tickText(Math.abs(value) < step * 1e-9 ? 0 : value, step) }));
  }
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first) / count));
  const powers = Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, index) => first + index * step);
  if (powers.length > 2 || count < 3) return powers.map((power) => ({ value: 10 ** power, text: powerText(power) }));
  return between(low, high);
}

/** Ticks at 1, 2 and 5 times powers of ten, for a logarithmic axis of less than three decades. */
function between(low, high) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  const all = Array.from({ length: last - first + 1 }, (_, index) => [1, 2, 5].map((factor) => factor * 10 ** (first + index))).flat();
  return all.filter((value) => value >= low * 0.999 && value <= high * 1.001).map((value) => ({ value, text: String(Number(value.toPrecision(3))) }));
}

/** A scale from values to pixels and back. */
function scale(axis, [low, high], from, to) {
  const [into, out] = axis.log ? [(value) => Math.log10(Math.max(value, 1e-300)), (value) => 10 ** value] : [(value) => value, (value) => value];
  const [start, span] = [into(low), into(high) - into(low)];
  return {
    place: (value) => from + ((to - from) * (into(value) - start)) / span,
    value: (pixel) => out(start + ((pixel - from) / (to - from)) * span),
  };
}

/** Choose ranges, margins and ticks of a chart; returns the plot with its scales. */
export function layOut(chart, context, width, height, wide) {
  const { lines = [], points = [], xRange, yRange } = chart.content;
  const { x, y, right } = chart.axes;
  const left = lines.filter((line) => line.axis !== "right");
  let across = rangeOf(x, xRange, [...lines.map((line) => line.x), points.map((point) => point.x)]);
  let up = rangeOf(y, yRange, [...left.map((line) => line.y), points.map((point) => point.y)]);
  const plot = { width, height, top: y.label || right ? 24 : 12, bottom: height - (x.label ? 46 : 28) };
  plot.ticks = { y: ticksOf(y, up, plot.bottom - plot.top, TICK_HEIGHT), right: [] };
  plot.left = 8 + Math.max(14, ...plot.ticks.y.map((tick) => wide(tick.text)));
  plot.right = width - Math.max(10, marginOf(lines, across, right, wide));
  if (chart.equal) [across, up] = equalised(plot, across, up);
  if (chart.equal) plot.ticks.y = ticksOf(y, up, plot.bottom - plot.top, TICK_HEIGHT);
  plot.ticks.x = ticksOf(x, across, plot.right - plot.left, TICK_WIDTH);
  const [xScale, yScale] = [scale(x, across, plot.left, plot.right), scale(y, up, plot.bottom, plot.top)];
  Object.assign(plot, { x: xScale.place, fromX: xScale.value, y: yScale.place, fromY: yScale.value, across, up });
  if (right) {
    plot.rightY = scale(right, right.range, plot.bottom, plot.top).place;
    plot.ticks.right = ticksOf(right, right.range, plot.bottom - plot.top, TICK_HEIGHT);
  }
  return plot;
}

/** The room that names beside the plot need: of lines that end at its right edge, and of a second axis. */
function marginOf(lines, across, right, wide) {
  const ended = lines.filter((line) => line.label && endsAtEdge(line, across));
  const names = ended.map((line) => 16 + wide(line.label));
  return Math.max(0, right ? 8 + wide("0.0") : 0, ...names) + (right && names.length ? 8 + wide("0.0") : 0);
}

/** Whether a line's last measured point lies at the right edge. */
export function endsAtEdge(line, [low, high]) {
  if (line.at) return false;
  for (let index = line.x.length - 1; index >= 0; index -= 1) {
    if (line.y[index] === null || !Number.isFinite(line.y[index])) continue;
    return line.x[index] > low + 0.97 * (high - low) && line.x[index] <= high + 1e-9 * (high - low);
  }
  return false;
}

/** Widen one of two ranges so that a unit is as long on both axes. */
function equalised(plot, across, up) {
  const [wide, high] = [plot.right - plot.left, plot.bottom - plot.top];
  const unit = Math.max((across[1] - across[0]) / wide, (up[1] - up[0]) / high);
  const grown = ([low, top], length) => [(low + top - unit * length) / 2, (low + top + unit * length) / 2];
  return [grown(across, wide), grown(up, high)];
}
