import { element } from "./dom.js";

/** What is this near to being seen is drawn already. */
const NEAR = "200px";

/** A canvas that fills its box and stays sharp on every screen. */
export class Surface {
  constructor(className, onResize) {
    this.canvas = element("canvas", { role: "img" });
    this.box = element("div", { class: `surface ${className}` }, this.canvas);
    // Asked for here, the size is known; asked for while drawing, the browser would lay out the page.
    this.observer = new ResizeObserver(() => {
      this.measure();
      onResize();
    });
    this.observer.observe(this.box);
    // What is out of sight need not be drawn; when it comes back, `onResize` brings it up to date.
    this.seen = true;
    this.watcher = new IntersectionObserver((entries) => {
      const before = this.seen;
      this.seen = entries.at(-1).isIntersecting;
      if (this.seen && !before) onResize();
    }, { rootMargin: NEAR, scrollMargin: NEAR });
    this.watcher.observe(this.box);
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.box;
    this.size = { width, height };
  }

  /** Clear the canvas at its present size; returns {context, width, height, ratio}, lengths in CSS pixels. */
  begin() {
    const ratio = devicePixelRatio || 1;
    if (!this.size?.width) this.measure();
    const { width, height } = this.size;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height, ratio };
  }

  /** Stop watching. */
  close() {
    this.observer.disconnect();
    this.watcher.disconnect();
  }
}
