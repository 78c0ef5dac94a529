/** Runs of neighbouring measured points; a null ends a run. */
export function stretches(points) {
  const runs = [];
  let open = null;
  for (const point of points) {
    if (!point) open = null;
    else if (open) open.push(point);
    else runs.push((open = [point]));
  }
  return runs;
}

/** Fill the space between each bucket's least and greatest value, faintly. */
export function drawBand(context, plot, points, colour) {
  Object.assign(context, { fillStyle: colour, globalAlpha: 0.2 });
  for (const run of stretches(points)) {
    context.beginPath();
    for (const point of run) context.lineTo(plot.x(point.x), plot.y(point.high));
    for (const point of [...run].reverse()) context.lineTo(plot.x(point.x), plot.y(point.low));
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Join the means; a point with no measured neighbour becomes a dot. */
export function drawLine(context, plot, points, colour, dash) {
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: 2.25, lineJoin: "round" });
  context.setLineDash(dash);
  for (const run of stretches(points)) {
    context.beginPath();
    if (run.length === 1) {
      context.arc(plot.x(run[0].x), plot.inside(run[0].mean), 3, 0, 2 * Math.PI);
      context.fill();
    } else {
      for (const point of run) context.lineTo(plot.x(point.x), plot.y(point.mean));
      context.stroke();
    }
  }
  context.setLineDash([]);
}

/** Point with a small triangle at every spike that leaves the plot at the top (or bottom). */
export function drawSpikes(context, plot, points, colour) {
  context.fillStyle = colour;
  let lastX = -Infinity;
  for (const point of points) {
    if (!point) continue;
    const above = plot.y(point.high) < plot.top - 1;
    const below = plot.y(point.low) > plot.bottom + 1;
    const x = plot.x(point.x);
    if ((!above && !below) || x - lastX < 9) continue;
    lastX = x;
    drawTriangle(context, x, above ? plot.top - 2 : plot.bottom + 2, above ? 9 : -9);
  }
}

function drawTriangle(context, x, tip, depth) {
  context.beginPath();
  context.moveTo(x, tip);
  context.lineTo(x - 5.5, tip + depth);
  context.lineTo(x + 5.5, tip + depth);
  context.fill();
}

/** Mark a curve's end: a filled circle for real, a hollow one for fake, a small dot otherwise. */
export function drawEndMark(context, x, y, mark, colour, ground) {
  Object.assign(context, { fillStyle: mark === "hollow" ? ground : colour, strokeStyle: colour, lineWidth: 2.5 });
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, mark ? 4.5 : 3, 0, 2 * Math.PI);
  context.fill();
  if (mark === "hollow") context.stroke();
}

/** Places [x, y] along a curve, no more than a few pixels apart: what a label should not cover. */
export function trace(plot, points) {
  const places = [];
  for (const run of stretches(points)) {
    run.forEach((point, index) => {
      const [x, y] = [plot.x(point.x), plot.inside(point.mean)];
      const [fromX, fromY] = index ? [plot.x(run[index - 1].x), plot.inside(run[index - 1].mean)] : [x, y];
      const count = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / 4));
      for (let step = 1; step <= count; step += 1) places.push([fromX + ((x - fromX) * step) / count, fromY + ((y - fromY) * step) / count]);
    });
  }
  return places;
}
