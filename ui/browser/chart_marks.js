import { drawText, labelSpot, spread, textWidth } from "./labels.js";
import { endsAtEdge } from "./scales.js";

const SIZE = 14;
const DASHES = { solid: [], dashed: [9, 5], dotted: [2, 4], dashdot: [10, 4, 2, 4], long: [16, 5], short: [5, 3], dashdotdot: [10, 3, 2, 3, 2, 3], sparse: [2, 7] };
/** What tells eight overlaid lines apart without colour. */
export const PATTERNS = Object.keys(DASHES);

const isNumber = (value) => value !== null && Number.isFinite(value);

/** A colour by name ("d", "real", …), or by number from 0 to 7 for overlays. */
export function colourOf(theme, name) {
  return theme[typeof name === "number" ? `overlay-${name % 8}` : name] ?? name ?? theme.text;
}

/** The colour in which a line's name can be read. */
function textColour(theme, name) {
  return theme[`${name}-text`] ?? colourOf(theme, name);
}

/** The finite places of a line in pixels, as runs between its gaps. */
function runsOf(plot, line) {
  const up = line.axis === "right" ? plot.rightY : plot.y;
  const runs = [];
  let open = null;
  for (let index = 0; index < line.x.length; index += 1) {
    if (!isNumber(line.x[index]) || !isNumber(line.y[index])) {
      open = null;
      continue;
    }
    if (!open) runs.push((open = []));
    // Canvas loses track of places that are millions of pixels away.
    const y = Math.max(-1e5, Math.min(1e5, up(line.y[index])));
    open.push([Math.max(-1e5, Math.min(1e5, plot.x(line.x[index]))), y]);
  }
  return runs;
}

export function drawLine(context, plot, line, theme) {
  const colour = colourOf(theme, line.colour);
  const runs = runsOf(plot, line);
  if (line.fill) {
    Object.assign(context, { fillStyle: colour, globalAlpha: 0.16 });
    for (const run of runs) {
      context.beginPath();
      context.moveTo(run[0][0], plot.bottom);
      for (const [x, y] of run) context.lineTo(x, y);
      context.lineTo(run.at(-1)[0], plot.bottom);
      context.fill();
    }
  }
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: line.width ?? 2.5, lineJoin: "round", globalAlpha: line.alpha ?? 1 });
  context.setLineDash(DASHES[line.dash ?? "solid"]);
  for (const run of runs) {
    context.beginPath();
    if (run.length === 1) context.arc(...run[0], 3, 0, 2 * Math.PI);
    else for (const [x, y] of run) context.lineTo(x, y);
    if (run.length === 1) context.fill();
    else context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (line.dots) for (const [x, y] of runs.flat()) context.fillRect(x - 1.5, y - 1.5, 3, 3);
}

/** Arrows of one colour are one path and one stroke. */
export function drawArrows(context, plot, arrows, theme) {
  const paths = new Map();
  for (const { x, y, dx, dy, colour = "theory" } of arrows) {
    const [fromX, fromY, toX, toY] = [plot.x(x), plot.y(y), plot.x(x + dx), plot.y(y + dy)];
    const length = Math.hypot(toX - fromX, toY - fromY);
    if (!(length > 0.5)) continue;
    const [ux, uy] = [(toX - fromX) / length, (toY - fromY) / length];
    const head = Math.min(5, length / 2);
    if (!paths.has(colour)) paths.set(colour, new Path2D());
    const path = paths.get(colour);
    path.moveTo(fromX, fromY);
    path.lineTo(toX, toY);
    path.moveTo(toX - head * (ux + 0.6 * uy), toY - head * (uy - 0.6 * ux));
    path.lineTo(toX, toY);
    path.lineTo(toX - head * (ux - 0.6 * uy), toY - head * (uy + 0.6 * ux));
  }
  context.lineWidth = 1.5;
  for (const [colour, path] of paths) {
    context.strokeStyle = colourOf(theme, colour);
    context.stroke(path);
  }
}

/** Dotted lines across the plot at one value of x or y. */
export function drawMarkers(context, plot, markers, theme) {
  for (const marker of markers) {
    const strong = marker.x !== undefined && !marker.quiet;
    Object.assign(context, { lineWidth: strong ? 2 : 1.5, strokeStyle: strong ? theme.text : theme.theory });
    context.setLineDash(strong ? [] : [2, 4]);
    const y = marker.axis === "right" ? plot.rightY(marker.y) : plot.y(marker.y);
    context.beginPath();
    if (marker.x !== undefined) {
      if (plot.x(marker.x) < plot.left - 1 || plot.x(marker.x) > plot.right + 1) continue;
      context.moveTo(plot.x(marker.x), plot.top);
      context.lineTo(plot.x(marker.x), plot.bottom);
    } else {
      context.moveTo(plot.left, y);
      context.lineTo(plot.right, y);
    }
    context.stroke();
  }
  context.setLineDash([]);
}

export function drawPoints(context, plot, points, theme) {
  for (const { x, y, colour, mark = "filled", size = 5 } of points) {
    if (!isNumber(x) || !isNumber(y)) continue;
    const [across, up] = [plot.x(x), plot.y(y)];
    if (across < plot.left - 6 || across > plot.right + 6 || up < plot.top - 6 || up > plot.bottom + 6) continue;
    const ink = colourOf(theme, colour);
    Object.assign(context, { fillStyle: mark === "hollow" ? theme.ground : ink, strokeStyle: ink, lineWidth: 2.5 });
    context.beginPath();
    if (mark === "square") context.rect(across - size, up - size, 2 * size, 2 * size);
    else if (mark === "cross") {
      for (const side of [-1, 1]) {
        context.moveTo(across - size, up - side * size);
        context.lineTo(across + size, up + side * size);
      }
    } else if (mark === "triangle") {
      for (const turn of [0, 1, 2]) context.lineTo(across + 1.3 * size * Math.sin((turn * 2 * Math.PI) / 3), up - 1.3 * size * Math.cos((turn * 2 * Math.PI) / 3));
      context.closePath();
    } else context.arc(across, up, size, 0, 2 * Math.PI);
    if (mark !== "cross") context.fill();
    context.stroke();
  }
}

/** Write the names: of lines at their ends or peaks, of points beside them, of markers on their lines. */
export function drawLabels(context, plot, { lines = [], points = [], markers = [] }, theme) {
  const named = lines.filter((line) => line.label);
  const taken = [];
  const put = (text, x, y, ink) => {
    const width = textWidth(context, text, theme, SIZE);
    const left = Math.max(0, Math.min(plot.width - width, x));
    let height = Math.max(8, Math.min(plot.bottom - 8, y));
    while (taken.some((spot) => Math.abs(spot.y - height) < 16 && left < spot.x + spot.width && spot.x < left + width) && height > 8) height -= 16;
    taken.push({ x: left, y: height, width });
    context.fillStyle = ink;
    drawText(context, text, left, height, theme, { size: SIZE, halo: true });
  };
  nameEnds(context, plot, named.filter((line) => endsAtEdge(line, plot.across)), theme);
  for (const line of named.filter((line) => !endsAtEdge(line, plot.across))) {
    const spot = spotOf(plot, line);
    const width = textWidth(context, line.label, theme, SIZE);
    if (spot) put(line.label, line.at === "peak" ? spot[0] - width / 2 : spot[0] + 9, spot[1] - 13, textColour(theme, line.colour));
  }
  for (const { x, y, label, colour } of points) {
    if (!label || !isNumber(x) || !isNumber(y)) continue;
    const width = textWidth(context, label, theme, SIZE);
    const beyond = plot.x(x) + 9 + width > plot.width;
    put(label, beyond ? plot.x(x) - 9 - width : plot.x(x) + 9, plot.y(y) - 11, textColour(theme, colour));
  }
  nameMarkers(context, plot, lines, markers, taken, put, theme);
}

function nameEnds(context, plot, lines, theme) {
  const ends = lines.map((line) => {
    const [, y] = runsOf(plot, line).at(-1).at(-1);
    return Math.max(plot.top, Math.min(plot.bottom, y));
  });
  const heights = ends.length ? spread(ends, 18, plot.top, plot.bottom - 4) : [];
  const offset = plot.ticks.right.length ? 14 + textWidth(context, "0.0", theme, SIZE) : 7;
  lines.forEach((line, index) => {
    context.fillStyle = textColour(theme, line.colour);
    drawText(context, line.label, plot.right + offset, heights[index], theme, { size: SIZE });
  });
}

/** Where a name belongs: at the highest place of the line, or at its last one. */
function spotOf(plot, line) {
  const places = runsOf(plot, line).flat().filter(([x]) => x >= plot.left && x <= plot.right);
  if (!places.length) return null;
  return line.at === "peak" ? places.reduce((best, place) => (place[1] < best[1] ? place : best)) : places.at(-1);
}

function nameMarkers(context, plot, lines, markers, taken, put, theme) {
  const dots = lines.flatMap((line) => runsOf(plot, line).flat());
  for (const marker of markers.filter((one) => one.label)) {
    const width = textWidth(context, marker.label, theme, SIZE);
    if (marker.x !== undefined) {
      const x = plot.x(marker.x);
      if (x < plot.left - 1 || x > plot.right + 1) continue;
      put(marker.label, x + 6 + width > plot.right ? x - 6 - width : x + 6, plot.top + 8, marker.quiet ? theme["theory-text"] : theme.text);
    } else {
      const y = marker.axis === "right" ? plot.rightY(marker.y) : plot.y(marker.y);
      const spot = labelSpot({ y, width, plot, dots, taken });
      put(marker.label, spot.x, spot.y, theme["theory-text"]);
    }
  }
}
