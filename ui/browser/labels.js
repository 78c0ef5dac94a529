const SUBSCRIPT = /_([A-Za-z])/;

/** Width of a text in which `L_D` stands for L with subscript D. */
export function textWidth(context, text, theme, size = 13) {
  return walk(context, text, theme, size, () => {});
}

/** Draw such a text at (x, y), vertically centred; `halo` keeps it readable on top of curves. */
export function drawText(context, text, x, y, theme, { size = 13, halo = false } = {}) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  if (halo) {
    Object.assign(context, { strokeStyle: theme.ground, lineWidth: 4, lineJoin: "round" });
    context.setLineDash([]);
    walk(context, text, theme, size, (part, offset, drop) => context.strokeText(part, x + offset, y + drop));
  }
  walk(context, text, theme, size, (part, offset, drop) => context.fillText(part, x + offset, y + drop));
}

/** Visit the parts of a text: plain ones and subscripts; returns the total width. */
function walk(context, text, theme, size, visit) {
  let offset = 0;
  text.split(SUBSCRIPT).forEach((part, index) => {
    const lowered = index % 2 === 1;
    context.font = `${lowered ? 12 : size}px ${theme.font}`;
    visit(part, offset, lowered ? 4 : 0);
    offset += context.measureText(part).width;
  });
  return offset;
}

/** Move label heights apart, each as little as possible, until they are `gap` pixels from each other, inside [top, bottom]. */
export function spread(heights, gap, top, bottom) {
  const order = heights.map((_, index) => index).sort((one, other) => heights[one] - heights[other]);
  // Labels that touch form a block around the mean of where they wanted to be.
  const blocks = [];
  order.forEach((index, rank) => {
    let block = { sum: heights[index] - rank * gap, count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).count > block.sum / block.count) {
      const above = blocks.pop();
      block = { sum: above.sum + block.sum, count: above.count + block.count };
    }
    blocks.push(block);
  });
  const places = blocks.flatMap(({ sum, count }) => Array(count).fill(sum / count)).map((place, rank) => place + rank * gap);
  for (let rank = 0; rank < places.length; rank += 1) places[rank] = Math.max(places[rank], rank ? places[rank - 1] + gap : top);
  for (let rank = places.length - 1; rank >= 0; rank -= 1) places[rank] = Math.min(places[rank], rank < places.length - 1 ? places[rank + 1] - gap : bottom);
  const moved = [...heights];
  order.forEach((index, rank) => (moved[index] = places[rank]));
  return moved;
}

/** Where along a line its label may stand. */
const PARTS = [0.04, 0.5, 0.96, 0.3, 0.7];

/**
 * Find the spot on a horizontal line where its label hides least of the curves.
 * Keeps `previous` unless another spot is clearly better, so that labels do not hop.
 */
export function labelSpot({ y, width, plot, dots, taken, previous }) {
  const spots = [];
  for (const part of PARTS) {
    for (const side of [-10, 10]) spots.push({ x: plot.left + part * (plot.right - plot.left - width), y: y + side, width });
  }
  const costs = spots.map((spot) => spotCost(spot, plot, dots, taken));
  const best = costs.indexOf(Math.min(...costs));
  const choice = previous !== undefined && costs[previous] <= costs[best] + 2 ? previous : best;
  return { choice, ...spots[choice] };
}

function spotCost(spot, plot, dots, taken) {
  const outside = spot.y < plot.top + 7 || spot.y > plot.bottom - 7;
  const clashes = taken.filter((other) => Math.abs(other.y - spot.y) < 17 && spot.x < other.x + other.width + 6 && other.x < spot.x + spot.width + 6);
  const hidden = dots.filter(([x, y]) => Math.abs(y - spot.y) < 9 && x > spot.x - 3 && x < spot.x + spot.width + 3);
  return hidden.length + 1000 * (clashes.length + (outside ? 1 : 0));
}
