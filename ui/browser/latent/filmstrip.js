import { element, setAttribute } from "../dom.js";
import { Thumb } from "./thumb.js";

/** Where t lies on a strip of `count` pictures, as a part of its width: t = 0 in the middle of the first picture. */
export const placeOf = (t, count) => (0.5 + t * (count - 1)) / count;

/** The t at a part of the width; the inverse of {@link placeOf}. */
export const tAt = (place, count) => Math.min(1, Math.max(0, (place * count - 0.5) / (count - 1)));

/** A row of pictures along a walk from t = 0 to t = 1, with a marker that can be dragged. */
export class Filmstrip {
  /** @param {{count: number, onHold: () => void, onPick: (t: number, settled: boolean) => void, onCancel: () => void}} options */
  constructor(studio, { count, onHold, onPick, onCancel }) {
    Object.assign(this, { count, onHold, onPick, onCancel });
    this.thumbs = Array.from({ length: count }, () => new Thumb(studio));
    this.marker = element("span", { class: "film-marker" });
    this.element = element("div", { class: "film", role: "img" }, ...this.thumbs.map((thumb) => thumb.element), this.marker);
    this.listen();
  }

  listen() {
    const pick = (event, settled) => {
      const { left, width } = this.element.getBoundingClientRect();
      this.onPick(tAt((event.clientX - left) / width, this.count), settled);
    };
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.element.setPointerCapture(event.pointerId);
      this.held = event.pointerId;
      this.onHold();
      pick(event, false);
    });
    this.element.addEventListener("pointermove", (event) => event.pointerId === this.held && pick(event, false));
    const end = (event, act) => {
      if (event.pointerId !== this.held) return;
      this.held = null;
      act();
    };
    this.element.addEventListener("pointerup", (event) => end(event, () => pick(event, true)));
    // The finger was scrolling the page: it meant no place on the strip.
    this.element.addEventListener("pointercancel", (event) => end(event, () => this.onCancel()));
  }

  /** Describe the strip for those who cannot see it. */
  describe(description) {
    setAttribute(this.element, "aria-label", description);
  }

  /** Show one picture of the walk. */
  show(index, grey) {
    this.thumbs[index].show(grey);
  }

  /** Take all pictures away. */
  clear() {
    for (const thumb of this.thumbs) thumb.show(null);
  }

  /** Put the marker at t; null hides it. */
  mark(t) {
    this.marker.hidden = t === null;
    if (t !== null) this.marker.style.left = `${100 * placeOf(t, this.count)}%`;
  }
}
