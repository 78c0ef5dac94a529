import { Affine, Convolution, LeakyReLU, Linear, LinearOfClass, MaxPool, product, Reshape, Tanh, TransposedConvolution } from "./layers.js";

const FORMAT = "gan-course-network-1";
// Enough examples to use each weight many times, few enough to stay in the processor's cache.
const BLOCK = 16;
const BYTES = { F16: 2, F32: 4 };

const isCount = (value) => Number.isInteger(value) && value > 0;
const isShape = (value) => Array.isArray(value) && value.every(isCount);
const isPicture = (shape) => shape.length === 3;
const isPerChannel = (tensor, channels) => tensor === null || (tensor.shape.length === 1 && tensor.shape[0] === channels);

/** Say whether a convolution's kernels are square and its settings whole numbers; `out` is the weight's axis of output channels. */
function fitsPicture(shape, { weight, bias, stride, padding }, out) {
  const square = weight.shape.length === 4 && weight.shape[2] === weight.shape[3];
  const whole = isCount(stride) && (padding === 0 || isCount(padding));
  return isPicture(shape) && square && whole && weight.shape[1 - out] === shape[0] && isPerChannel(bias, weight.shape[out]);
}

/** Say whether a linear layer has a weight or a bias for each class, in one more axis than it would have otherwise. */
function fitsClasses(shape, { weight, bias }) {
  const more = [weight.shape.length - 2, bias.shape.length - 1];
  const counts = [weight, bias].filter((_, index) => more[index] === 1).map((tensor) => tensor.shape[0]);
  const known = more.every((axes) => axes === 0 || axes === 1) && counts.length > 0 && counts.every((count) => count === counts[0]);
  return known && shape.length === 1 && shape[0] === weight.shape.at(-1) && weight.shape.at(-2) === bias.shape.at(-1);
}

/** op → the layer, the tensors it needs (a "?" says it may be null) and whether its settings fit the shape before it. */
const LAYERS = {
  linear: {
    Layer: Linear,
    tensors: ["weight", "bias?"],
    fits: (shape, { weight, bias }) => weight.shape.length === 2 && shape.length === 1 && shape[0] === weight.shape[1] && isPerChannel(bias, weight.shape[0]),
  },
  linear_of_class: { Layer: LinearOfClass, tensors: ["weight", "bias"], fits: fitsClasses },
  conv: {
    Layer: Convolution,
    tensors: ["weight", "bias?"],
    fits: (shape, layer) => fitsPicture(shape, layer, 0) && Math.min(shape[1], shape[2]) + 2 * layer.padding >= layer.weight.shape[2],
  },
  conv_transpose: {
    Layer: TransposedConvolution,
    tensors: ["weight", "bias?"],
    fits: (shape, layer) => fitsPicture(shape, layer, 1) && (Math.min(shape[1], shape[2]) - 1) * layer.stride + layer.weight.shape[2] > 2 * layer.padding,
  },
  affine: {
    Layer: Affine,
    tensors: ["scale", "shift"],
    fits: (shape, { scale, shift }) => isPerChannel(scale, shape[0]) && isPerChannel(shift, shape[0]),
  },
  leaky_relu: { Layer: LeakyReLU, tensors: [], fits: (shape, { slope }) => Number.isFinite(slope) && slope >= 0 },
  tanh: { Layer: Tanh, tensors: [], fits: () => true },
  max_pool: { Layer: MaxPool, tensors: [], fits: (shape, { size }) => isPicture(shape) && isCount(size) && size <= Math.min(shape[1], shape[2]) },
  reshape: { Layer: Reshape, tensors: [], fits: (before, { shape }) => isShape(shape) && product(shape) === product(before) },
};

/** A network file that cannot be used. `code`: "truncated", "foreign", "damaged" or "unknown_layer". */
export class NetworkError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function demand(condition, code, message) {
  if (!condition) throw new NetworkError(code, message);
}

/** Read a network file (ArrayBuffer) and return its Network. Throws a NetworkError if it is not one. */
export function parseNetwork(buffer) {
  const { header, data } = split(buffer);
  const plan = readPlan(header.__metadata__);
  const tensors = new Tensors(header, data);
  const layers = [];
  let shape = plan.input;
  for (const entry of plan.layers) {
    layers.push(buildLayer(entry, shape, tensors));
    shape = layers.at(-1).outputShape;
  }
  demand(shape.join() === plan.output.join(), "damaged", `the layers end in ${shape}, the header says ${plan.output}`);
  return new Network(layers, plan);
}

/** Split a safetensors file into its JSON header and the bytes after it. */
function split(buffer) {
  demand(buffer.byteLength >= 8, "truncated", "shorter than the length of a header");
  const view = new DataView(buffer);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  demand(length > 1 && length < 1e8 && (buffer.byteLength === 8 || view.getUint8(8) === 0x7b), "foreign", "not a safetensors file");
  demand(8 + length <= buffer.byteLength, "truncated", "the header is cut off");
  return { header: readJson(new TextDecoder().decode(new Uint8Array(buffer, 8, length))), data: buffer.slice(8 + length) };
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new NetworkError("damaged", "the header is not JSON");
  }
}

function readPlan(metadata) {
  demand(metadata?.format === FORMAT, "foreign", `not in the format ${FORMAT}`);
  const [input, output, parts, layers] = ["input", "output", "parts", "layers"].map((key) => readJson(metadata[key] ?? "null"));
  demand(isShape(input) && isShape(output) && Array.isArray(layers) && layers.length > 0, "damaged", "the header lacks a shape or its layers");
  const rising = isShape(parts) && parts.every((end, index) => index === 0 || end > parts[index - 1]);
  demand(rising && parts.at(-1) === layers.length, "damaged", "the parts do not cover the layers");
  return { input, output, parts, layers };
}

function buildLayer(entry, shape, tensors) {
  demand(entry && typeof entry === "object" && Object.hasOwn(LAYERS, entry.op), "unknown_layer", `no layer is called ${entry?.op}`);
  const kind = LAYERS[entry.op];
  const settings = { ...entry };
  for (const name of kind.tensors) {
    const role = name.replace("?", "");
    const absent = name.endsWith("?") && (entry[role] ?? null) === null;
    settings[role] = absent ? null : tensors.read(entry[role]);
  }
  demand(kind.fits(shape, settings), "damaged", `${entry.op} does not fit the shape ${shape}`);
  return new kind.Layer(shape, settings);
}

/** The tensors of a file, decoded one by one as the layers ask for them. */
class Tensors {
  constructor(header, data) {
    Object.assign(this, { header, data });
    let whole = 0;
    for (const [name, entry] of Object.entries(header)) if (name !== "__metadata__") whole += this.check(name, entry);
    demand(whole === data.byteLength, "damaged", "there are bytes that belong to no tensor");
  }

  /** Return the length of a tensor in bytes, after a look at all that is said of it. */
  check(name, entry) {
    const known = isShape(entry?.shape) && Object.hasOwn(BYTES, entry.dtype) && Array.isArray(entry.data_offsets);
    demand(known, "damaged", `the tensor ${name} is of an unknown kind`);
    const [begin, end] = entry.data_offsets;
    demand(Number.isInteger(begin) && Number.isInteger(end) && begin >= 0, "damaged", `the tensor ${name} lies nowhere`);
    demand(end <= this.data.byteLength, "truncated", `the tensor ${name} is cut off`);
    demand(end - begin === product(entry.shape) * BYTES[entry.dtype], "damaged", `the tensor ${name} has another length than its shape`);
    return end - begin;
  }

  /** Return {shape, values: Float32Array}. */
  read(name) {
    demand(typeof name === "string" && name !== "__metadata__" && Object.hasOwn(this.header, name), "damaged", `there is no tensor ${name}`);
    const { dtype, shape, data_offsets: [begin, end] } = this.header[name];
    // A copy: it starts at an address that a typed array can have.
    const bytes = this.data.slice(begin, end);
    return { shape, values: dtype === "F16" ? decodeHalves(new Uint16Array(bytes)) : new Float32Array(bytes) };
  }
}

/**
 * Turn float16 into float32.
 *
 * The exponent is written as it is into a float32, whose exponents count from 112 lower; one exact
 * product by 2¹¹² sets that right, for subnormal numbers too. Infinity and NaN get their own exponent.
 */
export function decodeHalves(halves) {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let k = 0; k < halves.length; k += 1) {
    const half = halves[k];
    bits[k] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13) | ((half & 0x7c00) === 0x7c00 ? 0x7f800000 : 0);
  }
  for (let k = 0; k < values.length; k += 1) values[k] *= 2 ** 112;
  return values;
}

/** Layers in a row, with fixed weights. Not for two callers at once: the buffers of a pass are used again by the next. */
export class Network {
  constructor(layers, plan, turns = { passes: 0 }) {
    const { input, output, parts } = plan;
    Object.assign(this, { layers, plan, parts, turns, inputShape: input, outputShape: output, known: new Map() });
    this.inputSize = product(input);
    this.outputSize = product(output);
    this.isTold = layers.some((layer) => layer.ofClass);
  }

  /**
   * The network as it is for one class, a number from 0; one that is told none is itself.
   *
   * It shares all other layers, and their buffers: a pass for one class ends that for another.
   */
  of(label) {
    if (!this.isTold) return this;
    if (!this.known.has(label)) this.known.set(label, new Network(this.layers.map((layer) => layer.ofClass?.[label] ?? layer), this.plan, this.turns));
    return this.known.get(label);
  }

  /** Run `count` examples that lie one after the other; returns Float32Array(count · outputSize). */
  forward(input, count = 1) {
    const output = new Float32Array(count * this.outputSize);
    for (let start = 0; start < count; start += BLOCK) {
      const size = Math.min(BLOCK, count - start);
      const block = this.run(input.subarray(start * this.inputSize, (start + size) * this.inputSize), size, this.layers.length);
      output.set(block.subarray(0, size * this.outputSize), start * this.outputSize);
    }
    return output;
  }

  /** Run one example; returns the output of each part. */
  forwardParts(input) {
    this.turns.passes += 1;
    let values = input;
    return this.parts.map((end, index) => {
      for (const layer of this.layers.slice(this.parts[index - 1] ?? 0, end)) values = layer.forward(values, 1);
      return values.slice(0, this.layers[end - 1].outputSize);
    });
  }

  /**
   * Run `count` examples and keep what the way back needs; returns {output, backward(gradOutput) → gradInput}.
   *
   * `part` says after which part to stop. What comes out lies in the network's own buffers:
   * it holds until the next pass.
   */
  record(input, count = 1, part = this.parts.length - 1) {
    const end = this.parts[part];
    const output = this.run(input, count, end).subarray(0, count * this.layers[end - 1].outputSize);
    const pass = this.turns.passes;
    const backward = (gradient) => {
      if (pass !== this.turns.passes) throw new Error("the network has run again since this pass");
      let values = gradient;
      for (let index = end - 1; index >= 0; index -= 1) values = this.layers[index].backward(values, count);
      return values.subarray(0, count * this.inputSize);
    };
    return { output, backward };
  }

  run(input, count, end) {
    this.turns.passes += 1;
    let values = input;
    for (let index = 0; index < end; index += 1) values = this.layers[index].forward(values, count);
    return values;
  }
}

/** Turn pixels in [-1, 1] into grey bytes; the clamped array rounds and keeps to 0 … 255. */
export function toGrey(pixels) {
  return new Uint8Array(Uint8ClampedArray.from(pixels, (value) => (value + 1) * 127.5).buffer);
}

/** Turn grey bytes into pixels in [-1, 1]. */
export function fromGrey(bytes) {
  return Float32Array.from(bytes, (byte) => byte / 127.5 - 1);
}
