export const CELLS = 15;

const middle = (index) => (index + 0.5) / CELLS;

/** The places of a sheet, the nearest to (u, v) first, so that the digits spread from the handle. */
function outwards({ u, v }) {
  const places = Array.from({ length: CELLS * CELLS }, (_, index) => ({ row: Math.floor(index / CELLS), column: index % CELLS }));
  const away = ({ row, column }) => Math.hypot(middle(column) - u, middle(row) - v);
  return places.sort((a, b) => away(a) - away(b));
}

/**
 * Make the 15 × 15 digits of a slice; `paint(row, column, grey)` gets each as it comes.
 *
 * @param {(u: number, v: number) => Float32Array} cut from a place on the square to its point
 * @returns {Promise<Uint8Array[] | null>} row by row; null when another slice came in between
 */
export async function sheetOf(model, cut, from, paint) {
  const order = outwards(from);
  const onSome = (index, grey) => paint(order[index].row, order[index].column, grey);
  const greys = await model.pictures(order.map(({ row, column }) => cut(middle(column), middle(row))), { lane: "sheet", onSome });
  if (!greys) return null;
  const sheet = new Array(CELLS * CELLS);
  order.forEach(({ row, column }, index) => (sheet[row * CELLS + column] = greys[index]));
  return sheet;
}

/** Once around the border of the square, clockwise, for a share from 0 to 1. */
export function border(share) {
  const [side, along] = [Math.floor(share * 4), (share * 4) % 1];
  return [[along, 0], [1, along], [1 - along, 1], [0, 1 - along]][side];
}

/** Once around the middle. */
export const circle = (share) => [0.5 + 0.5 * Math.cos(2 * Math.PI * share), 0.5 + 0.5 * Math.sin(2 * Math.PI * share)];
