/** The buckets of the curves held by this page; only new ones travel. */
export class History {
  constructor() {
    this.clear();
  }

  /** Forget everything, as after a reset. */
  clear() {
    Object.assign(this, { width: 0, first: 1, names: [], low: [], high: [], mean: [] });
  }

  /** What to tell the server: the bucket width and the last bucket held. */
  get held() {
    return { width: this.width, from: Math.max(0, this.mean.length - 1) };
  }

  /** Take in what the server sent. After a gap nothing is held, so that the next question asks for all. */
  merge(update) {
    if (!update || update.mean.length === 0) return;
    if (update.width !== this.width) this.clear();
    if (update.start > this.mean.length) {
      this.clear();
      return;
    }
    this.width = update.width;
    this.first = update.first_iteration;
    this.names = update.names;
    for (const part of ["low", "high", "mean"]) this[part].splice(update.start, Infinity, ...update[part]);
  }

  /** One curve as points {x, mean, low, high}; null where nothing was measured. x is in iterations. */
  points(name, lastIteration) {
    const column = this.names.indexOf(name);
    if (column < 0) return [];
    return this.mean.map((row, index) => {
      if (row[column] === null) return null;
      const x = this.first + index * this.width + (this.width - 1) / 2;
      return { x: Math.min(x, lastIteration), mean: row[column], low: this.low[index][column], high: this.high[index][column] };
    });
  }
}

/** Join neighbouring points until at most `most` are left, so that noise becomes a band and the mean a line. */
export function joined(points, most) {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => join(points.slice(index * size, (index + 1) * size)));
}

function join(group) {
  const measured = group.filter(Boolean);
  if (!measured.length) return null;
  const average = (key) => measured.reduce((sum, point) => sum + point[key], 0) / measured.length;
  return { x: average("x"), mean: average("mean"), low: Math.min(...measured.map((point) => point.low)), high: Math.max(...measured.map((point) => point.high)) };
}
