const BUDGET = 6;

/** Draws small pictures behind a drag: as many as a frame has time for, the rest in the next. */
export class Follower {
  /** @param {(entry) => void} draw draws the newest picture of one entry */
  constructor(draw) {
    Object.assign(this, { draw, waiting: [], frame: null });
  }

  /** All of these are out of date. Those that have waited longest come first, or a long drag would never reach the last. */
  follow(entries) {
    const still = this.waiting.filter((entry) => entries.includes(entry));
    this.waiting = [...still, ...entries.filter((entry) => !still.includes(entry))];
    this.frame ??= requestAnimationFrame(() => this.work());
  }

  work() {
    const began = performance.now();
    while (this.waiting.length && performance.now() - began < BUDGET) this.draw(this.waiting.shift());
    this.frame = this.waiting.length ? requestAnimationFrame(() => this.work()) : null;
  }

  close() {
    cancelAnimationFrame(this.frame);
  }
}
