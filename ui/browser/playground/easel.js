import { element, setText } from "../dom.js";
import { grouped } from "../numbers.js";
import { button } from "../widgets.js";

/** GAN Lab's spread of a drawn dot, in the units of the plot. */
const SPREAD = 0.048;
const APART = 0.03;
const MOST = 3000;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const STRIDE = 0.05;

/** Two normal random numbers (Box and Muller). */
function scatter() {
  const radius = SPREAD * Math.sqrt(-2 * Math.log(1 - Math.random()));
  const angle = 2 * Math.PI * Math.random();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** Draw data by hand on the plot (mouse, finger, arrow keys), or take a file. */
export class Easel {
  /** @param {{use: (points: number[][]) => void, file: (file: File) => void, change: () => void, begin: () => void}} actions */
  constructor(say, plot, actions) {
    Object.assign(this, { say, plot, actions, strokes: [], open: false, pen: [0, 0] });
    this.start = button({ label: say("draw_start"), help: say("draw_start_help"), kind: "small draw", onClick: () => this.set(true) });
    this.upload = element("label", { class: "button small upload", title: say("draw_file_help") }, say("draw_file"));
    this.file = element("input", { type: "file", accept: ".csv,.txt,text/csv,text/plain", class: "unseen" });
    this.file.addEventListener("change", () => this.takeFile());
    this.upload.append(this.file);
    this.use = button({ label: say("draw_use"), kind: "primary small", onClick: () => this.actions.use(this.points()) });
    this.undo = button({ label: say("draw_undo"), kind: "small", onClick: () => this.keep(this.strokes.slice(0, -1)) });
    this.clear = button({ label: say("draw_clear"), kind: "small", onClick: () => this.keep([]) });
    this.cancel = button({ label: say("draw_cancel"), kind: "small", onClick: () => this.set(false) });
    this.count = element("span", { class: "small", role: "status" });
    this.help = element("p", { class: "small" }, say("draw_help"));
    this.message = element("p", { class: "trouble-line", role: "alert", hidden: "" });
    this.element = element("div", { class: "row easel" }, this.start.element, this.upload);
    const row = element("div", { class: "row" }, this.use.element, this.undo.element, this.clear.element, this.cancel.element, this.count);
    this.opened = [row, this.help];
    // Beside the plot: whoever draws shall not have to look for these.
    this.bench = element("div", { class: "bench" }, row, this.help, this.message);
    plot.onDrag(() => this.open, (at) => this.touch(at));
    plot.surface.canvas.addEventListener("keydown", (event) => this.onKey(event));
    this.set(false);
  }

  /** Begin to draw, or put the pen away. */
  set(open) {
    this.open = open;
    this.element.hidden = open;
    for (const part of this.opened) part.hidden = !open;
    this.plot.holdStill(open);
    const { canvas } = this.plot.surface;
    canvas.tabIndex = open ? 0 : -1;
    if (open) {
      this.actions.begin();
      canvas.focus({ preventScroll: true });
    }
    this.complain(null);
    this.keep([]);
  }

  /** What has been drawn, for the plot; null while nothing is being drawn. */
  get drawn() {
    return this.open ? Float32Array.from(this.points().flat()) : null;
  }

  points() {
    return this.strokes.flatMap((stroke) => stroke.dots);
  }

  touch({ x, y, phase }) {
    if (phase === "start") this.strokes.push({ last: null, dots: [] });
    if (phase === "end" || !this.strokes.length) return;
    this.stamp(x, y);
  }

  /** Add a dot near a place that is far enough from the last one; a fast hand leaves dots all the way. */
  stamp(x, y) {
    const stroke = this.strokes.at(-1);
    const [fromX, fromY] = stroke.last ?? [x - APART, y];
    const way = Math.hypot(x - fromX, y - fromY);
    if (way < APART) return;
    const count = stroke.last ? Math.floor(way / APART) : 1;
    for (let step = 1; step <= count && this.points().length < MOST; step += 1) {
      const [dx, dy] = scatter();
      stroke.dots.push([fromX + ((x - fromX) * step) / count + dx, fromY + ((y - fromY) * step) / count + dy]);
    }
    stroke.last = [x, y];
    this.pen = [x, y];
    this.keep(this.strokes);
  }

  /** Arrow keys carry the pen, the space bar sets five dots. */
  onKey(event) {
    if (!this.open) return;
    const move = KEYS[event.key];
    if (!move && event.key !== " " && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.set(false);
    else if (move) {
      const reach = (value) => Math.max(-1.4, Math.min(1.4, value));
      this.pen = [reach(this.pen[0] + STRIDE * move[0]), reach(this.pen[1] + STRIDE * move[1])];
      this.write();
    } else {
      this.strokes.push({ last: null, dots: Array.from({ length: 5 }, scatter).map(([dx, dy]) => [this.pen[0] + dx, this.pen[1] + dy]) });
      this.keep(this.strokes);
    }
  }

  keep(strokes) {
    this.strokes = strokes;
    this.write();
  }

  write() {
    const count = this.points().length;
    setText(this.count, this.say("draw_count", { count: grouped(count) }));
    this.use.enable(count > 0);
    this.undo.enable(count > 0);
    this.clear.enable(count > 0);
    this.actions.change();
  }

  takeFile() {
    const [file] = this.file.files;
    this.file.value = "";
    if (file) this.actions.file(file);
  }

  /** Say what is wrong with what was drawn or chosen; null takes it back. */
  complain(sentence) {
    this.message.hidden = sentence === null;
    setText(this.message, sentence ?? "");
  }
}
