import { gaussian, norm } from "./space.js";

/**
 * How to look for the z of a picture.
 *
 * restarts: starting points, stepped together; steps: of each; rate: Adam's; pull: how strongly z is
 * held inside the sphere on which the generator was trained; seed: where the starting points come from.
 */
export const DEFAULTS = Object.freeze({ restarts: 8, steps: 150, rate: 0.1, pull: 0.1, seed: 0 });

// Adam's memory of the mean and of the square of the gradient (Kingma & Ba 2015).
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * Find the z whose picture is closest to `target` (pixels in [-1, 1]), by Adam on z.
 *
 * Minimises the mean squared error of pixels scaled to 0 … 1, plus pull · max(0, ‖z‖/√d − 1)².
 * After a third of the steps only the better half of the starts goes on.
 * A generator: each step yields {step, steps, errors, alive, best, done} with `done` the share of
 * the work, 0 to 1; stop asking to cancel. Returns {z, error, picture, errors}.
 */
export function* search(network, target, options = {}) {
  const settings = { ...DEFAULTS, ...options };
  const climb = new Descent(network, target, settings);
  for (let step = 1; step <= settings.steps; step += 1) {
    climb.look();
    climb.step(step);
    if (step === Math.ceil(settings.steps / 3)) climb.keepBetterHalf();
    yield climb.report(step);
  }
  climb.look();
  const { best, errors } = climb;
  return { ...best, errors: [...errors] };
}

/** Several points on their way down, held one after the other in one array. */
class Descent {
  constructor(network, target, { restarts, steps, rate, pull, seed }) {
    Object.assign(this, { network, target, steps, rate, pull, dim: network.inputSize });
    this.alive = Array.from({ length: restarts }, (_, index) => index);
    this.errors = new Array(restarts).fill(Infinity);
    this.best = { z: null, error: Infinity, picture: null };
    this.points = new Float32Array(restarts * this.dim);
    // Negative seeds: a point that the visitor drew from the same seed shall not be found for free.
    this.alive.forEach((start) => this.points.set(gaussian(-1 - (64 * seed + start), this.dim), start * this.dim));
    this.mean = new Float64Array(this.points.length);
    this.square = new Float64Array(this.points.length);
    this.output = new Float32Array(restarts * network.outputSize);
    this.gradient = new Float32Array(restarts * network.outputSize);
    this.work = 0;
  }

  /** Make the pictures of all points, measure their errors, and keep the best so far. */
  look() {
    const { alive, network } = this;
    this.pass = network.record(this.points, alive.length);
    this.work += alive.length;
    alive.forEach((start, index) => {
      const picture = this.pass.output.subarray(index * network.outputSize, (index + 1) * network.outputSize);
      this.errors[start] = this.measure(picture, index * network.outputSize);
      if (this.errors[start] < this.best.error) this.best = { z: this.point(index).slice(), error: this.errors[start], picture: picture.slice() };
    });
  }

  point(index) {
    return this.points.subarray(index * this.dim, (index + 1) * this.dim);
  }

  /** Mean squared error of one picture with pixels scaled to 0 … 1; its gradient goes to `at`. */
  measure(picture, at) {
    const { target, gradient } = this;
    let sum = 0;
    for (let k = 0; k < target.length; k += 1) {
      const gap = picture[k] - target[k];
      sum += gap * gap;
      gradient[at + k] = gap / (2 * target.length);
    }
    return sum / (4 * target.length);
  }

  /** One step of Adam for each point. */
  step(count) {
    const down = this.pass.backward(this.gradient);
    const rate = (this.rate * Math.sqrt(1 - BETA2 ** count)) / (1 - BETA1 ** count);
    for (let index = 0; index < this.alive.length; index += 1) {
      const z = this.point(index);
      const inwards = this.pullOn(z);
      for (let k = 0; k < this.dim; k += 1) {
        const at = index * this.dim + k;
        const slope = down[at] + inwards * z[k];
        this.mean[at] += (1 - BETA1) * (slope - this.mean[at]);
        this.square[at] += (1 - BETA2) * (slope * slope - this.square[at]);
        z[k] -= (rate * this.mean[at]) / (Math.sqrt(this.square[at]) + EPSILON);
      }
    }
  }

  /** What z is multiplied by in the gradient of pull · max(0, ‖z‖/√d − 1)². */
  pullOn(z) {
    const length = norm(z);
    const beyond = length / Math.sqrt(this.dim) - 1;
    return beyond > 0 ? (2 * this.pull * beyond) / (Math.sqrt(this.dim) * length) : 0;
  }

  /** Give the worse half of the points up, so that the steps left cost half. */
  keepBetterHalf() {
    const places = this.alive.map((start, index) => ({ start, index })).sort((one, other) => this.errors[one.start] - this.errors[other.start]);
    const kept = places.slice(0, Math.ceil(places.length / 2)).sort((one, other) => one.index - other.index);
    for (const values of [this.points, this.mean, this.square]) {
      kept.forEach(({ index }, place) => values.copyWithin(place * this.dim, index * this.dim, (index + 1) * this.dim));
    }
    this.alive = kept.map(({ start }) => start);
  }

  report(step) {
    const { alive, errors, best, steps } = this;
    const done = this.work / (this.work + alive.length * (steps - step));
    return { step, steps, errors: [...errors], alive: [...alive], best, done };
  }
}
