/** Keeps something from happening more often than once in `gap` milliseconds. */
export class Pace {
  constructor(gap) {
    Object.assign(this, { gap, last: -Infinity });
  }

  /** Whether it is time again; if so, the next time is a gap away. */
  due(now = performance.now()) {
    if (now - this.last < this.gap) return false;
    this.last = now;
    return true;
  }
}
