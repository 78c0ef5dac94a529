const SIZES = { i2: 2, u1: 1 };
const NOTHING = 255;

/** Cut the bytes of a look into its blocks: {name: {numbers, shape}}. */
function cut(blocks, bytes) {
  let offset = bytes.byteOffset;
  const found = {};
  for (const [name, kind, shape] of blocks) {
    const count = shape.reduce((product, side) => product * side, 1);
    const numbers = kind === "i2" ? new Int16Array(bytes.buffer, offset, count) : new Uint8Array(bytes.buffer, offset, count);
    found[name] = { numbers, shape };
    offset += count * SIZES[kind];
  }
  return found;
}

/** Stretch a verdict so that 0 is the surest fake, ½ is "cannot tell" and 1 is the surest real. */
function lean(verdict, { low, high, middle }) {
  const half = verdict < middle ? (verdict - middle) / (middle - low || 1) : (verdict - middle) / (high - middle || 1);
  return 0.5 + half / 2;
}

/**
 * Turn what a look's JSON and bytes say into places in the plane and grids of numbers.
 *
 * real, fake, arrows.places, arrows.ways, sheet.places: x, y, x, y, …; verdict, best: `side` × `side` from the lowest row up.
 */
export function decodeLook(head, bytes) {
  const blocks = cut(head.blocks, bytes);
  const scaled = (name, unit) => Float32Array.from(blocks[name]?.numbers ?? [], (number) => (number * unit) / 32767);
  const grid = (name, value) => blocks[name] && { side: blocks[name].shape[0], values: Float32Array.from(blocks[name].numbers, value) };
  const fake = scaled("generated", head.reach);
  const { low, high } = head;
  return {
    iteration: head.iteration,
    real: scaled("real", head.reach),
    fake,
    arrows: blocks.arrows ? { places: fake.subarray(0, blocks.arrows.numbers.length), ways: scaled("arrows", head.arrow) } : null,
    sheet: blocks.manifold ? sheetOf(head.manifold, blocks.manifold.shape, scaled("manifold", head.reach)) : null,
    verdict: grid("verdict", (byte) => lean(low + (byte * (high - low)) / 255, head)) ?? null,
    best: grid("optimal", (byte) => (byte === NOTHING ? NaN : byte / 254)) ?? null,
    bestAt: head.optimal_at,
    range: { low, high, middle: head.middle },
  };
}

function sheetOf(kind, shape, places) {
  return kind === "line" ? { kind, rows: 1, columns: shape[0], places } : { kind, rows: shape[0], columns: shape[1], places };
}
