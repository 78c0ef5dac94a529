import { element } from "../dom.js";

const SIDE = 280;
// About as thick on the board as the strokes of MNIST are in their 28 pixels.
const PEN = 22;

/** A drawing board: white on black, as the digits of the data are. */
export class Easel {
  /** @param {{use: (picture: Blob) => void}} actions */
  constructor(say, { use }) {
    this.strokes = [];
    this.canvas = element("canvas", { width: SIDE, height: SIDE, class: "easel", role: "img", "aria-label": say("find_easel_alt") });
    const button = (word, act) => {
      const node = element("button", { type: "button", class: "button small" }, say(word));
      node.addEventListener("click", act);
      return node;
    };
    this.undo = button("find_undo", () => this.set(this.strokes.slice(0, -1)));
    this.clear = button("find_clear", () => this.set([]));
    this.use = button("find_use", () => this.canvas.toBlob(use, "image/png"));
    this.use.classList.add("primary");
    const buttons = element("div", { class: "easel-buttons" }, this.use, this.undo, this.clear);
    this.element = element("div", { class: "easel-box" }, this.canvas, element("div", { class: "easel-side" }, element("p", { class: "aside" }, say("find_easel_help")), buttons));
    this.listen();
    this.set([]);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.held !== undefined) return;
      canvas.setPointerCapture(event.pointerId);
      this.held = event.pointerId;
      this.set([...this.strokes, [this.place(event)]]);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.held) return;
      // A fast hand moves farther than one event tells.
      const seen = event.getCoalescedEvents?.() ?? [];
      this.strokes.at(-1).push(...(seen.length ? seen : [event]).map((one) => this.place(one)));
      this.draw();
    });
    const lift = (event) => {
      if (event.pointerId === this.held) this.held = undefined;
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
  }

  place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((event.clientX - left) * SIDE) / width, ((event.clientY - top) * SIDE) / height];
  }

  set(strokes) {
    this.strokes = strokes;
    for (const button of [this.undo, this.clear, this.use]) button.disabled = !strokes.length;
    this.draw();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      // The first place once more: a touch without a move is a dot.
      for (const place of stroke) context.lineTo(...place);
      context.stroke();
    }
  }
}
