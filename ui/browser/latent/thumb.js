import { element, setAttribute } from "../dom.js";

/** One small picture with a description; empty until there is something to show. */
export class Thumb {
  constructor(studio, className = "") {
    this.studio = studio;
    this.canvas = element("canvas", { width: 28, height: 28 });
    this.element = element("span", { class: `thumb ${className}`.trim() }, this.canvas);
    this.show(null);
  }

  /** Paint 784 grey bytes, or with null take the picture away. */
  show(grey, description = "") {
    this.element.classList.toggle("blank", !grey);
    if (grey) this.studio.grey(this.canvas, grey);
    else this.canvas.getContext("2d").clearRect(0, 0, 28, 28);
    // A picture that its surroundings already name is left out for screen readers.
    setAttribute(this.canvas, "role", description ? "img" : null);
    setAttribute(this.canvas, "aria-label", description || null);
    setAttribute(this.canvas, "aria-hidden", description ? null : "true");
  }
}
