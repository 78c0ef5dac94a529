/** Which edges of a cell a contour joins, by the corners that lie above the level (1, 2, 4, 8 anticlockwise from the first). */
const EDGES = { 1: [[3, 0]], 2: [[0, 1]], 3: [[3, 1]], 4: [[1, 2]], 5: [[3, 2], [1, 0]], 6: [[0, 2]], 7: [[3, 2]], 8: [[2, 3]], 9: [[2, 0]], 10: [[0, 3], [2, 1]], 11: [[2, 1]], 12: [[1, 3]], 13: [[1, 0]], 14: [[0, 3]] };
const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];

/**
 * The line along which a field has one value, by marching squares: segments [x, y, x, y] in cells.
 * Cells with a corner that is not a number have none. `values` holds rows of `side` samples; the sample (column, row) stands at (column, row).
 */
export function contour(values, side, level) {
  const segments = [];
  for (let row = 0; row + 1 < side; row += 1) {
    for (let column = 0; column + 1 < side; column += 1) {
      const corners = CORNERS.map(([right, up]) => values[(row + up) * side + column + right]);
      if (corners.some(Number.isNaN)) continue;
      const above = corners.reduce((sum, value, index) => sum + (value > level ? 2 ** index : 0), 0);
      for (const [from, to] of EDGES[above] ?? []) segments.push([...crossing(corners, from, level, column, row), ...crossing(corners, to, level, column, row)]);
    }
  }
  return segments;
}

/** Where the level is crossed on the edge from one corner to the next. */
function crossing(corners, edge, level, column, row) {
  const next = (edge + 1) % 4;
  const part = (level - corners[edge]) / (corners[next] - corners[edge] || 1);
  const [from, to] = [CORNERS[edge], CORNERS[next]];
  return [column + from[0] + part * (to[0] - from[0]), row + from[1] + part * (to[1] - from[1])];
}
