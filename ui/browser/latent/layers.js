/** Multiply the sizes of a shape. */
export function product(shape) {
  return shape.reduce((whole, size) => whole * size, 1);
}

/** Return the buffer if it is long enough, or a longer one: so no frame has to allocate. */
function grown(buffer, length) {
  return buffer?.length >= length ? buffer : new Float32Array(length);
}

/** Turn a (rows, columns) matrix into (columns, rows); `from` is where it starts. */
function transposed(matrix, rows, columns, target = new Float32Array(rows * columns), from = 0) {
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) target[column * rows + row] = matrix[from + row * columns + column];
  }
  return target;
}

/**
 * The one place where time goes: target[at + i·stepI + j·stepJ] = bias[i] + Σ_k left[i,k]·right[j,k].
 *
 * Four rows of `left` meet two rows of `right` at once, so that each number read serves in several products.
 */
function multiply(left, rows, right, columns, depth, bias, target, at, stepI, stepJ) {
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    let j = 0;
    for (; j + 2 <= columns; j += 2) fourByTwo(left, i, right, j, depth, bias, target, at, stepI, stepJ);
    if (j < columns) fourByOne(left, i, right, j, depth, bias, target, at, stepI, stepJ);
  }
  for (; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) target[at + i * stepI + j * stepJ] = (bias ? bias[i] : 0) + dot(left, i * depth, right, j * depth, depth);
  }
}

function fourByTwo(left, i, right, j, depth, bias, target, at, stepI, stepJ) {
  const rowA = i * depth;
  const rowB = rowA + depth;
  const rowC = rowB + depth;
  const rowD = rowC + depth;
  const first = j * depth;
  const second = first + depth;
  let a = bias ? bias[i] : 0;
  let b = bias ? bias[i + 1] : 0;
  let c = bias ? bias[i + 2] : 0;
  let d = bias ? bias[i + 3] : 0;
  let e = a;
  let f = b;
  let g = c;
  let h = d;
  for (let k = 0; k < depth; k += 1) {
    const x = right[first + k];
    const y = right[second + k];
    const wA = left[rowA + k];
    const wB = left[rowB + k];
    const wC = left[rowC + k];
    const wD = left[rowD + k];
    a += wA * x;
    b += wB * x;
    c += wC * x;
    d += wD * x;
    e += wA * y;
    f += wB * y;
    g += wC * y;
    h += wD * y;
  }
  const one = at + i * stepI + j * stepJ;
  const two = one + stepJ;
  target[one] = a;
  target[one + stepI] = b;
  target[one + 2 * stepI] = c;
  target[one + 3 * stepI] = d;
  target[two] = e;
  target[two + stepI] = f;
  target[two + 2 * stepI] = g;
  target[two + 3 * stepI] = h;
}

function fourByOne(left, i, right, j, depth, bias, target, at, stepI, stepJ) {
  const rowA = i * depth;
  const rowB = rowA + depth;
  const rowC = rowB + depth;
  const rowD = rowC + depth;
  const only = j * depth;
  let a = bias ? bias[i] : 0;
  let b = bias ? bias[i + 1] : 0;
  let c = bias ? bias[i + 2] : 0;
  let d = bias ? bias[i + 3] : 0;
  for (let k = 0; k < depth; k += 1) {
    const x = right[only + k];
    a += left[rowA + k] * x;
    b += left[rowB + k] * x;
    c += left[rowC + k] * x;
    d += left[rowD + k] * x;
  }
  const one = at + i * stepI + j * stepJ;
  target[one] = a;
  target[one + stepI] = b;
  target[one + 2 * stepI] = c;
  target[one + 3 * stepI] = d;
}

/** Four running sums: a processor can work on them at the same time. */
function dot(left, from, right, start, depth) {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    a += left[from + k] * right[start + k];
    b += left[from + k + 1] * right[start + k + 1];
    c += left[from + k + 2] * right[start + k + 2];
    d += left[from + k + 3] * right[start + k + 3];
  }
  for (; k < depth; k += 1) a += left[from + k] * right[start + k];
  return a + b + c + d;
}

/** What all layers share: shapes, and buffers that stay from frame to frame. */
class Layer {
  constructor(inputShape, outputShape) {
    Object.assign(this, { outputShape, inputSize: product(inputShape), outputSize: product(outputShape) });
  }

  /** Room for the outputs of `count` examples. */
  outputs(count) {
    return (this.output = grown(this.output, count * this.outputSize));
  }

  /** Room for the gradients that go back from `count` examples. */
  gradients(count) {
    return (this.gradient = grown(this.gradient, count * this.inputSize));
  }
}

/** y = W x + b. */
export class Linear extends Layer {
  constructor(inputShape, { weight, bias }) {
    super(inputShape, [weight.shape[0]]);
    Object.assign(this, { weight: weight.values, bias: bias?.values ?? null });
  }

  forward(x, count) {
    const y = this.outputs(count);
    multiply(this.weight, this.outputSize, x, count, this.inputSize, this.bias, y, 0, 1, this.outputSize);
    return y;
  }

  backward(gradient, count) {
    const back = this.gradients(count);
    this.turned ??= transposed(this.weight, this.outputSize, this.inputSize);
    multiply(this.turned, this.inputSize, gradient, count, this.outputSize, null, back, 0, 1, this.inputSize);
    return back;
  }
}

/** A linear layer for each class, numbered from 0; where all have the same weight or bias, it is there once. */
export class LinearOfClass extends Layer {
  constructor(inputShape, { weight, bias }) {
    super(inputShape, [bias.shape.at(-1)]);
    const count = (weight.shape.length > 2 ? weight : bias).shape[0];
    this.ofClass = Array.from({ length: count }, (_, label) => new Linear(inputShape, { weight: ofClass(weight, 2, label), bias: ofClass(bias, 1, label) }));
  }

  forward() {
    throw new Error("a network that is told a class runs only for one: see Network.of");
  }
}

/** The part of a tensor that is of one class, or all of it if it has no axis for them. */
function ofClass({ shape, values }, axes, label) {
  if (shape.length === axes) return { shape, values };
  const size = product(shape.slice(1));
  return { shape: shape.slice(1), values: values.subarray(label * size, (label + 1) * size) };
}

/**
 * For each place of a small grid and each cell of the window there, the index of the image's pixel; -1 is padding.
 *
 * One row per place, in a row channel by channel.
 */
function windows([channels, height, width], [gridHeight, gridWidth], { size, stride, padding }) {
  const table = new Int32Array(gridHeight * gridWidth * channels * size * size);
  let next = 0;
  for (let top = -padding; top < gridHeight * stride - padding; top += stride) {
    for (let left = -padding; left < gridWidth * stride - padding; left += stride) {
      for (let cell = 0; cell < channels * size * size; cell += 1) {
        const y = top + (Math.floor(cell / size) % size);
        const x = left + (cell % size);
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        table[next++] = inside ? (Math.floor(cell / (size * size)) * height + y) * width + x : -1;
      }
    }
  }
  return table;
}

/** A convolution between an image and a smaller grid; forward one way, backward the other. */
class Convolving extends Layer {
  /** `image` and `grid` are the shapes of the two sides. */
  connect({ weight, bias, stride, padding }, image, grid) {
    this.channels = grid[0];
    this.places = grid[1] * grid[2];
    this.cells = product(weight.shape.slice(1));
    Object.assign(this, { weight: weight.values, bias: bias?.values ?? null, imageSize: product(image), gridSize: product(grid) });
    this.table = windows(image, grid.slice(1), { size: weight.shape[2], stride, padding });
    this.patches = new Float32Array(this.table.length);
  }

  /** Look at the image through each window: grid = W · patch + b. */
  toGrid(image, count, bias, grid) {
    const { table, patches, places } = this;
    for (let example = 0; example < count; example += 1) {
      const from = example * this.imageSize;
      for (let k = 0; k < table.length; k += 1) patches[k] = table[k] < 0 ? 0 : image[from + table[k]];
      multiply(this.weight, this.channels, patches, places, this.cells, bias, grid, example * this.gridSize, places, 1);
    }
    return grid;
  }

  /** Paint each place's window into the image: the transpose of toGrid. */
  toImage(grid, count, bias, image) {
    const { table, patches, places } = this;
    this.turned ??= transposed(this.weight, this.channels, this.cells);
    this.rows = grown(this.rows, this.gridSize);
    for (let example = 0; example < count; example += 1) {
      const from = example * this.imageSize;
      transposed(grid, this.channels, places, this.rows, example * this.gridSize);
      multiply(this.turned, this.cells, this.rows, places, this.channels, null, patches, 0, 1, this.cells);
      fillChannels(image, from, this.imageSize, bias);
      for (let k = 0; k < table.length; k += 1) if (table[k] >= 0) image[from + table[k]] += patches[k];
    }
    return image;
  }
}

/** Set an image to its bias, channel by channel, or to zero. */
function fillChannels(image, from, length, bias) {
  if (!bias) return void image.fill(0, from, from + length);
  const plane = length / bias.length;
  bias.forEach((value, channel) => image.fill(value, from + channel * plane, from + (channel + 1) * plane));
}

/** A convolution with square windows. */
export class Convolution extends Convolving {
  constructor(inputShape, settings) {
    const side = (length) => Math.floor((length + 2 * settings.padding - settings.weight.shape[2]) / settings.stride) + 1;
    super(inputShape, [settings.weight.shape[0], side(inputShape[1]), side(inputShape[2])]);
    this.connect(settings, inputShape, this.outputShape);
  }

  forward(x, count) {
    return this.toGrid(x, count, this.bias, this.outputs(count));
  }

  backward(gradient, count) {
    return this.toImage(gradient, count, null, this.gradients(count));
  }
}

/** A transposed convolution: each place paints a window of its own into a larger image. */
export class TransposedConvolution extends Convolving {
  constructor(inputShape, settings) {
    const side = (length) => (length - 1) * settings.stride - 2 * settings.padding + settings.weight.shape[2];
    super(inputShape, [settings.weight.shape[1], side(inputShape[1]), side(inputShape[2])]);
    this.connect(settings, this.outputShape, inputShape);
  }

  forward(x, count) {
    return this.toImage(x, count, this.bias, this.outputs(count));
  }

  backward(gradient, count) {
    return this.toGrid(gradient, count, null, this.gradients(count));
  }
}

/** y = scale · x + shift per channel: batch normalisation at rest. */
export class Affine extends Layer {
  constructor(inputShape, { scale, shift }) {
    super(inputShape, inputShape);
    Object.assign(this, { scale: scale.values, shift: shift.values, plane: product(inputShape.slice(1)) });
  }

  forward(x, count) {
    return this.channelwise(x, count, this.shift, this.outputs(count));
  }

  backward(gradient, count) {
    return this.channelwise(gradient, count, null, this.gradients(count));
  }

  channelwise(source, count, shift, target) {
    const channels = this.scale.length;
    for (let row = 0; row < count * channels; row += 1) {
      const scale = this.scale[row % channels];
      const more = shift ? shift[row % channels] : 0;
      for (let k = row * this.plane; k < (row + 1) * this.plane; k += 1) target[k] = scale * source[k] + more;
    }
    return target;
  }
}

/** x where it is positive, slope · x elsewhere; with slope 0 it is ReLU. */
export class LeakyReLU extends Layer {
  constructor(inputShape, { slope }) {
    super(inputShape, inputShape);
    this.slope = slope;
  }

  forward(x, count) {
    const y = this.outputs(count);
    const { slope } = this;
    for (let k = 0; k < count * this.inputSize; k += 1) y[k] = x[k] > 0 ? x[k] : slope * x[k];
    return y;
  }

  backward(gradient, count) {
    const back = this.gradients(count);
    const { slope, output } = this;
    for (let k = 0; k < count * this.inputSize; k += 1) back[k] = output[k] > 0 ? gradient[k] : slope * gradient[k];
    return back;
  }
}

export class Tanh extends Layer {
  constructor(inputShape) {
    super(inputShape, inputShape);
  }

  forward(x, count) {
    const y = this.outputs(count);
    for (let k = 0; k < count * this.inputSize; k += 1) y[k] = Math.tanh(x[k]);
    return y;
  }

  /** tanh' = 1 − tanh². */
  backward(gradient, count) {
    const back = this.gradients(count);
    const { output } = this;
    for (let k = 0; k < count * this.inputSize; k += 1) back[k] = gradient[k] * (1 - output[k] * output[k]);
    return back;
  }
}

/** The largest of each size × size square; the gradient goes back to where it stood. */
export class MaxPool extends Layer {
  constructor([channels, height, width], { size }) {
    const grid = [Math.floor(height / size), Math.floor(width / size)];
    super([channels, height, width], [channels, ...grid]);
    this.plane = height * width;
    this.table = windows([1, height, width], grid, { size, stride: size, padding: 0 });
    this.cells = size * size;
    this.winners = new Int32Array(0);
  }

  forward(x, count) {
    const y = this.outputs(count);
    if (this.winners.length < y.length) this.winners = new Int32Array(y.length);
    const { table, cells, winners } = this;
    let next = 0;
    for (let from = 0; from < count * this.inputSize; from += this.plane) {
      for (let k = 0; k < table.length; k += cells, next += 1) {
        let best = from + table[k];
        for (let cell = 1; cell < cells; cell += 1) if (x[from + table[k + cell]] > x[best]) best = from + table[k + cell];
        winners[next] = best;
        y[next] = x[best];
      }
    }
    return y;
  }

  backward(gradient, count) {
    const back = this.gradients(count).fill(0);
    for (let k = 0; k < count * this.outputSize; k += 1) back[this.winners[k]] += gradient[k];
    return back;
  }
}

/** The same numbers under another shape. */
export class Reshape extends Layer {
  constructor(inputShape, { shape }) {
    super(inputShape, shape);
  }

  forward(x) {
    return x;
  }

  backward(gradient) {
    return gradient;
  }
}
