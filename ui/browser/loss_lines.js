import { Chart } from "./chart.js";
import { element, setText } from "./dom.js";
import { decimals } from "./numbers.js";
import { slider } from "./widgets.js";

const HEIGHTS = Array.from({ length: 13 }, (_, index) => index / 12);
const TOP = 2.3;
const KINDS = [
  { key: "w1", dash: "solid", colour: 4 },
  { key: "tv", dash: "dashdot", colour: 2 },
  { key: "jsd", dash: "dashed", colour: 0 },
  { key: "kl", dash: "short", colour: 5 },
];

/** Two parallel lines of points: only the Wasserstein distance says how far to go. */
export class Lines {
  constructor(lab) {
    Object.assign(this, { lab, data: lab.data.lines, say: lab.say });
    const { theta } = this.data;
    this.index = theta.findIndex((value) => Math.abs(value - 1) < 1e-9);
    const step = theta[1] - theta[0];
    this.slider = slider({ label: this.say("theta"), help: this.say("theta_help"), min: 0, max: theta.length - 1, step: 1, value: this.index, format: (index) => `θ = ${decimals(theta[index], 2)}`, onInput: (index) => this.go(index) });
    this.scene = new Chart({ x: { label: "θ", range: [theta[0] - 0.15, theta.at(-1) + 0.15] }, y: { range: [-0.06, 1.2] }, className: "scene" });
    this.chart = new Chart({ title: this.say("lines_chart"), x: { label: "θ", range: [theta[0], theta.at(-1)] }, y: { range: [-0.08, TOP] }, className: "distances" });
    this.step = step;
    for (const chart of [this.scene, this.chart]) chart.onDrag(({ x, phase }) => phase !== "end" && this.drag(x));
    this.figures = Object.fromEntries(KINDS.map(({ key }) => [key, element("dd")]));
    const list = element("dl", { class: "distances-now" }, ...KINDS.map(({ key, colour }) => element("div", { style: `color: var(--overlay-${colour})` }, element("dt", {}, this.say(key)), this.figures[key])));
    this.told = element("p", { role: "status" });
    this.element = element("section", { class: "lines" }, element("h3", {}, this.say("lines_title")), element("p", { class: "small" }, this.say("lines_lead")), this.slider.element, element("div", { class: "halves" }, this.scene.element, this.chart.element), list, this.told);
  }

  drag(theta) {
    this.lab.stop();
    this.place(theta);
  }

  /** Move to the measured gap that is nearest. */
  place(theta) {
    const last = this.data.theta.length - 1;
    this.go(Math.max(0, Math.min(last, Math.round((theta - this.data.theta[0]) / this.step))), false);
  }

  go(index, byHand = true) {
    if (byHand) this.lab.stop();
    if (index === this.index && !byHand) return;
    this.index = index;
    this.slider.set(index);
    this.draw();
  }

  draw(all = false) {
    const { lab, data, say, index } = this;
    if (!lab.theme) return;
    if (all) this.courses = KINDS.map((kind) => this.course(kind));
    const theta = data.theta[index];
    const upright = (x, colour, dash) => ({ x: [x, x], y: [0, 1], colour, dash, width: 2 });
    const dots = (x, colour, mark) => HEIGHTS.map((y) => ({ x, y, colour, mark, size: 6 }));
    const names = [{ x: 0, y: 1, colour: "real", label: say("real"), size: 0.1 }, { x: theta, y: 1, colour: "fake", label: say("fake"), size: 0.1 }];
    this.scene.show({ lines: [upright(0, "real", "solid"), upright(theta, "fake", "dashed")], points: [...dots(0, "real", "filled"), ...dots(theta, "fake", "hollow"), ...names], arrows: [], theme: lab.theme });
    const shown = Object.fromEntries(KINDS.map(({ key }) => [key, data[key][index] === null ? "∞" : decimals(data[key][index], 3)]));
    const points = KINDS.map(({ key, colour }) => ({ x: theta, y: data[key][index] ?? TOP - 0.06, colour, mark: data[key][index] === null ? "triangle" : "filled" }));
    this.chart.show({ lines: this.courses, points, markers: [{ x: theta }], theme: lab.theme });
    this.setHandle(theta);
    for (const { key } of KINDS) setText(this.figures[key], shown[key]);
    setText(this.told, say(theta === 0 ? "lines_met" : "lines_apart"));
    this.scene.describe(say("lines_alt", { theta: decimals(theta, 2) }));
    this.chart.describe(say("lines_chart_alt", { theta: decimals(theta, 2), ...shown }));
  }

  /** A line with gaps beside θ = 0, where it jumps; what is infinite runs along the upper edge. */
  course({ key, dash, colour }) {
    const { theta } = this.data;
    const jumps = key !== "w1";
    const [x, y] = [[], []];
    theta.forEach((value, index) => {
      const here = this.data[key][index] ?? TOP - 0.06;
      const atZero = jumps && value === 0;
      x.push(...(atZero ? [value, value, value] : [value]));
      y.push(...(atZero ? [null, here, null] : [here]));
    });
    return { x, y, dash, colour, label: this.say(key === "kl" ? "kl_off" : key) };
  }

  setHandle(theta) {
    const { say, step } = this;
    const onMove = ({ x, phase }) => phase !== "end" && this.drag(x);
    this.scene.setHandles([{ key: "theta", x: theta, y: 0.5, label: say("theta"), text: decimals(theta, 2), colour: "fake", mark: "hollow", step: { x: step, y: 0 }, ends: [this.data.theta[0], this.data.theta.at(-1)], onMove }]);
  }

  close() {
    this.scene.close();
    this.chart.close();
  }
}
