/** Length of a vector: about √d for a draw of d coordinates. */
export function norm(z) {
  let sum = 0;
  for (const value of z) sum += value * value;
  return Math.sqrt(sum);
}

/** weightA · a + weightB · b. */
function weighted(a, weightA, b, weightB) {
  return Float32Array.from(a, (value, index) => weightA * value + weightB * b[index]);
}

/** Walk straight from a (t = 0) to b (t = 1). */
export function lerp(a, b, t) {
  return Float32Array.from(a, (value, index) => value + (b[index] - value) * t);
}

/** Walk along the arc from a to b; straight where no arc is defined: parallel, opposite or zero vectors. */
export function slerp(a, b, t) {
  const norms = norm(a) * norm(b);
  if (norms === 0) return lerp(a, b, t);
  const dot = a.reduce((sum, value, index) => sum + value * b[index], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / norms)));
  const sine = Math.sin(angle);
  if (sine < 1e-6) return lerp(a, b, t);
  return weighted(a, Math.sin((1 - t) * angle) / sine, b, Math.sin(t * angle) / sine);
}

/** The point of a pad: a and b are its upper corners, c and d the lower; u runs to the right, v downwards. */
export function blend([a, b, c, d], u, v) {
  return slerp(slerp(a, b, u), slerp(c, d, u), v);
}

/** base + Σ amounts[i] · directions[i]. */
export function move(base, directions, amounts) {
  const point = Float64Array.from(base);
  directions.forEach((direction, index) => {
    for (let k = 0; k < point.length; k += 1) point[k] += amounts[index] * direction[k];
  });
  return Float32Array.from(point);
}

/** The centre of some points. */
export function mean(points) {
  return Float32Array.from(points[0], (_, index) => points.reduce((sum, point) => sum + point[index], 0) / points.length);
}

/** mean(a) − mean(b) + mean(c), each a list of points. */
export function combine(a, b, c) {
  const [plus, minus, base] = [mean(a), mean(b), mean(c)];
  return Float32Array.from(plus, (value, index) => value - minus[index] + base[index]);
}

/** Random numbers in [0, 1) from a seed (mulberry32, Tommy Ettinger 2017); the seed is stirred first, so neighbours differ. */
function uniform(seed) {
  let state = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers that depend on the seed and their count alone (Box & Muller 1958). */
export function gaussian(seed, dim) {
  const random = uniform(seed);
  const z = new Float32Array(dim);
  for (let k = 0; k < dim; k += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    z[k] = radius * Math.cos(angle);
    if (k + 1 < dim) z[k + 1] = radius * Math.sin(angle);
  }
  return z;
}

/** Length of a way: the distances between neighbours, added up. */
export function pathLength(features) {
  let length = 0;
  for (let k = 1; k < features.length; k += 1) {
    const before = features[k - 1];
    length += Math.hypot(...features[k].map((value, index) => value - before[index]));
  }
  return length;
}

const scratch = new DataView(new ArrayBuffer(4));

/** Round a number to float16, ties to even, and return its 16 bits. */
function halfBits(value) {
  scratch.setFloat32(0, value);
  const sign = (scratch.getUint32(0) >>> 16) & 0x8000;
  const size = Math.abs(Math.fround(value));
  if (Number.isNaN(size)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Below 2⁻¹⁴ all steps are alike; above, there are 1024 to each power of two.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  return sign | (steps + (exponent + 14) * 1024);
}

function roundToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Write z for an address: base64url, without padding, of little-endian float16. */
export function encodePoint(z) {
  const view = new DataView(new ArrayBuffer(2 * z.length));
  z.forEach((value, index) => view.setUint16(2 * index, halfBits(value), true));
  const text = btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
