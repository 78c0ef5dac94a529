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

/** `Float32Array.from(numbers, value)`, several times as fast. */
function each(numbers, value) {
  const found = new Float32Array(numbers.length);
  for (let index = 0; index < found.length; index += 1) found[index] = value(numbers[index]);
  return found;
}

/** `now`, or `before` where it holds the same numbers: what is drawn of them can then be kept. */
function same(now, before) {
  return before?.length === now.length && now.every((number, index) => Object.is(number, before[index])) ? before : now;
}

/** Stretch a verdict so that 0 is the surest fake, ½ is "cannot tell" and 1 is the surest real. */
function lean(verdict, { low, high, middle }) {
  const half = verdict < middle ? (verdict - middle) / (middle - low || 1) : (verdict - middle) / (high - middle || 1);
  return 0.5 + half / 2;
}

/**
 * Turn what a look's JSON and bytes say into places in the plane and grids of numbers.
 *
 * real, fake, noise, arrows.places, arrows.ways, sheet.places: x, y, x, y, …; verdict, best: `side` × `side` from the lowest row up.
 * What is the same as in the look `before` is taken from it.
 */
export function decodeLook(head, bytes, before = null) {
  const blocks = cut(head.blocks, bytes);
  const scaled = (name, unit) => each(blocks[name]?.numbers ?? [], (number) => (number * unit) / 32767);
  const grid = (name, value) => blocks[name] && { side: blocks[name].shape[0], values: each(blocks[name].numbers, value) };
  const fake = scaled("generated", head.reach);
  const best = grid("optimal", (byte) => (byte === NOTHING ? NaN : byte / 254)) ?? null;
  const { low, high } = head;
  return {
    iteration: head.iteration,
    real: same(scaled("real", head.reach), before?.real),
    fake,
    noise: each(blocks.noise.numbers, (byte) => ((2 * byte) / 255 - 1) * head.noise_reach),
    arrows: blocks.arrows ? { places: fake.subarray(0, blocks.arrows.numbers.length), ways: scaled("arrows", head.arrow) } : null,
    sheet: blocks.manifold ? sheetOf(head.manifold, blocks.manifold.shape, scaled("manifold", head.reach)) : null,
    verdict: grid("verdict", (byte) => lean(low + (byte * (high - low)) / 255, head)) ?? null,
    best: best && before?.best && same(best.values, before.best.values) === before.best.values ? before.best : best,
    bestAt: head.optimal_at,
    range: { low, high, middle: head.middle },
  };
}

function sheetOf(kind, shape, places) {
  return kind === "line" ? { kind, rows: 1, columns: shape[0], places } : { kind, rows: shape[0], columns: shape[1], places };
}
