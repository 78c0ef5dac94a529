import { drawText, textWidth } from "../labels.js";
import { contour } from "./contour.js";
import { heatMap } from "./heat.js";
import { stampHollow } from "./stamp.js";

/** What the plot can show, in the order of the caption, and what it shows at first. */
export const LAYERS = ["real", "fake", "verdict", "best", "sheet", "arrows", "trails"];
/** The same from the back to the front. */
const PAINTED = ["verdict", "sheet", "best", "real", "trails", "fake", "arrows"];
export const SHOWN_FIRST = ["verdict", "real", "fake", "arrows"];

const LEVELS = [0.25, 0.5, 0.75];
const TRAILS = 90;
/** How long an arrow is drawn for a gradient of length 1, as a part of the plot's half width. */
const ARROW = 0.25;
const LONGEST = 0.4;
/** The lines of D* change with every reading of the meter, not with every look. */
const lines = new WeakMap();

/** Draw the named layers of a look; `frame` says where the plot lies and how places become pixels. */
export function drawLayers(context, frame, look, shown, theme) {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.size, frame.size);
  context.clip();
  for (const layer of PAINTED) if (shown.has(layer)) DRAW[layer](context, frame, look, theme);
  context.restore();
}

const DRAW = {
  verdict(context, frame, { verdict }, theme) {
    if (!verdict) return;
    // "high" would take four times as long for a difference that nobody sees.
    Object.assign(context, { imageSmoothingEnabled: true, imageSmoothingQuality: "low" });
    context.drawImage(heatMap(verdict, theme), frame.left, frame.top, frame.size, frame.size);
  },

  best(context, frame, { best }, theme) {
    if (!best) return;
    const cell = (2 * frame.view) / best.side;
    // A sample stands in the middle of its cell.
    const place = (column, row) => [frame.x((column + 0.5) * cell - frame.view), frame.y((row + 0.5) * cell - frame.view)];
    if (!lines.has(best)) lines.set(best, new Map(LEVELS.map((level) => [level, contour(best.values, best.side, level)])));
    for (const [level, segments] of lines.get(best)) {
      Object.assign(context, { strokeStyle: theme["theory-text"], lineWidth: level === 0.5 ? 2.5 : 1.5 });
      context.setLineDash([2, 4]);
      context.beginPath();
      for (const [x, y, toX, toY] of segments) {
        context.moveTo(...place(x, y));
        context.lineTo(...place(toX, toY));
      }
      context.stroke();
      context.setLineDash([]);
      if (level === 0.5 && segments.length) nameLine(context, frame, segments.map(([x, y]) => place(x, y)), theme);
    }
  },

  sheet(context, frame, { sheet }, theme) {
    if (!sheet) return;
    if (sheet.rows === 1) drawThread(context, frame, sheet, theme);
    else drawMesh(context, frame, sheet, theme);
  },

  real(context, frame, { real }, theme) {
    // The same in every look of a run.
    frame.real.show(context, frame, [frame.left, frame.size, theme, real], (own) => drawFilled(own, frame, real, theme));
  },

  trails(context, frame, { trails = [] }, theme) {
    Object.assign(context, { strokeStyle: theme.fake, lineWidth: 1.4, lineJoin: "round" });
    const half = Math.floor(trails.length / 2);
    for (const [from, to, alpha] of [[0, half + 1, 0.3], [half, trails.length, 0.75]]) {
      context.globalAlpha = alpha;
      context.beginPath();
      for (let point = 0; point < TRAILS; point += 1) drawPath(context, frame, trails.slice(from, to), 2 * point);
      context.stroke();
    }
    context.globalAlpha = 1;
  },

  fake(context, frame, { fake }, theme) {
    // Thin enough on a thumbnail that the circle stays hollow.
    const line = 1.9 * Math.min(1, frame.scale ** 1.3);
    stampHollow(context, frame, fake, 2.9 * frame.scale, line, { ground: theme.ground, colour: theme.fake });
  },

  arrows(context, frame, { arrows }, theme) {
    if (!arrows) return;
    Object.assign(context, { strokeStyle: theme.g, lineWidth: 1.6 });
    context.beginPath();
    for (let index = 0; index < arrows.places.length; index += 2) {
      const [dx, dy] = [arrows.ways[index], arrows.ways[index + 1]];
      const length = Math.hypot(dx, dy);
      const drawn = Math.min(LONGEST, ARROW * length) / (length || 1);
      arrow(context, frame, arrows.places[index], arrows.places[index + 1], dx * drawn * frame.view, dy * drawn * frame.view);
    }
    context.stroke();
  },
};

/** One path around all places: far quicker than a path each, where circles may run into each other. */
function drawFilled(context, frame, places, theme) {
  const radius = 2.4 * frame.scale;
  Object.assign(context, { fillStyle: theme.real, globalAlpha: 0.85 });
  context.beginPath();
  for (let index = 0; index < places.length; index += 2) {
    const [x, y] = [frame.x(places[index]), frame.y(places[index + 1])];
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

function drawPath(context, frame, moments, index) {
  moments.forEach((places, moment) => {
    if (index + 1 >= places.length) return;
    const to = [frame.x(places[index]), frame.y(places[index + 1])];
    if (moment) context.lineTo(...to);
    else context.moveTo(...to);
  });
}

function arrow(context, frame, x, y, dx, dy) {
  const [fromX, fromY, toX, toY] = [frame.x(x), frame.y(y), frame.x(x + dx), frame.y(y + dy)];
  const length = Math.hypot(toX - fromX, toY - fromY);
  if (length < 1) return;
  const [ux, uy] = [(toX - fromX) / length, (toY - fromY) / length];
  const head = Math.min(6, length / 2);
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.moveTo(toX - head * (ux + 0.6 * uy), toY - head * (uy - 0.6 * ux));
  context.lineTo(toX, toY);
  context.lineTo(toX - head * (ux - 0.6 * uy), toY - head * (uy + 0.6 * ux));
}

/** G's image of a line of noise: thicker ink where more of the noise lands. */
function drawThread(context, frame, { places }, theme) {
  Object.assign(context, { strokeStyle: theme.g, lineWidth: 3, lineCap: "round" });
  const even = (2 * frame.view) / (places.length / 2);
  for (let index = 2; index < places.length; index += 2) {
    const length = Math.hypot(places[index] - places[index - 2], places[index + 1] - places[index - 1]);
    context.globalAlpha = Math.max(0.3, Math.min(0.95, (0.35 * even) / (length || 1e-9)));
    context.beginPath();
    context.moveTo(frame.x(places[index - 2]), frame.y(places[index - 1]));
    context.lineTo(frame.x(places[index]), frame.y(places[index + 1]));
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** G's image of a grid of noise: every cell holds as much noise, so a small one is drawn dense. */
function drawMesh(context, frame, { rows, columns, places }, theme) {
  const even = (2 * frame.view) ** 2 / ((rows - 1) * (columns - 1));
  const at = (row, column) => 2 * (row * columns + column);
  context.fillStyle = theme.g;
  Object.assign(context, { strokeStyle: theme.g, lineWidth: 0.8 });
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const corners = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)].map((index) => [places[index], places[index + 1]]);
      context.globalAlpha = Math.max(0.04, Math.min(0.7, (0.12 * even) / (area(corners) || 1e-9)));
      context.beginPath();
      for (const [x, y] of corners) context.lineTo(frame.x(x), frame.y(y));
      context.closePath();
      context.fill();
      context.globalAlpha = 0.35;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

function area(corners) {
  const twice = corners.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** Write the name of the middle contour on its highest place. */
function nameLine(context, frame, places, theme) {
  const name = "D* = ½";
  const width = textWidth(context, name, theme, 14);
  const inside = places.filter(([x, y]) => x > frame.left + 4 && x + width < frame.left + frame.size - 4 && y > frame.top + 12);
  if (!inside.length) return;
  const [x, y] = inside.reduce((best, place) => (place[1] < best[1] ? place : best));
  context.fillStyle = theme["theory-text"];
  drawText(context, name, x, y - 10 < frame.top + 8 ? y + 12 : y - 10, theme, { size: 14, halo: true });
}
