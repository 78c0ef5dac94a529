import { colourOf } from "./chart_marks.js";
import { setAttribute, element } from "./dom.js";
import { drawText, textWidth } from "./labels.js";
import { decimals } from "./numbers.js";
import { Surface } from "./surface.js";

const REACH = 8;
const UNIT = 3; // a gradient of 1 is as long as this many logits
const TOP = 30;
const BOTTOM = 26;
const EDGE = 14;
const DOT = 11;

/** The stage: a fake on the axis of D's logit, and how far each loss pushes it. */
export class Push {
  constructor(lab) {
    this.lab = lab;
    this.surface = new Surface("push", () => this.draw());
    const { canvas, box } = this.surface;
    this.element = element("figure", { class: "stage" }, element("figcaption", { class: "graph-title" }, lab.say("push_title")), box, element("p", { class: "small" }, lab.say("push_note")));
    canvas.classList.add("draggable");
    canvas.style.touchAction = "pan-y";
    const follow = (event) => canvas.hasPointerCapture(event.pointerId) && this.scale && lab.moveToLogit((event.clientX - canvas.getBoundingClientRect().left - EDGE) / this.scale - REACH);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      follow(event);
    });
    canvas.addEventListener("pointermove", follow);
  }

  draw() {
    const { lab, surface } = this;
    const { theme, chosen } = lab;
    if (!theme) return;
    const { context, width, height } = surface.begin();
    if (width < 60) return;
    this.scale = (width - 2 * EDGE) / (2 * REACH + UNIT);
    const plot = { width, height, x: (logit) => EDGE + (logit + REACH) * this.scale, unit: UNIT * this.scale };
    this.drawFrame(context, plot, theme);
    // The stage keeps its height, so that nothing below it moves: fewer losses get more room each.
    const room = (height - TOP - BOTTOM) / chosen.length;
    chosen.forEach((loss, row) => this.drawRow(context, plot, loss, TOP + row * room, room, theme));
    const pushes = chosen.map((loss) => `${loss.name} ${decimals(-loss.generator.slopes[lab.index], 3)}`).join("; ");
    setAttribute(surface.canvas, "aria-label", lab.say("push_alt", { logit: decimals(lab.logit, 2), pushes }));
    surface.canvas.dataset.drawn = (Number(surface.canvas.dataset.drawn) || 0) + 1;
  }

  drawFrame(context, plot, theme) {
    const { lab } = this;
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule, fillStyle: theme["theory-text"] });
    context.setLineDash([]);
    for (const { index, verdict } of lab.data.stops) {
      const x = plot.x(lab.data.logits[index]);
      context.beginPath();
      context.moveTo(x, TOP);
      context.lineTo(x, plot.height - BOTTOM + 4);
      context.stroke();
      const text = String(verdict);
      drawText(context, text, x - textWidth(context, text, theme, 14) / 2, plot.height - BOTTOM + 15, theme, { size: 14 });
    }
    const [sure, fooled, unit] = ["push_sure", "push_fooled", "push_unit"].map((key) => lab.say(key));
    drawText(context, sure, EDGE, 12, theme, { size: 15 });
    const right = plot.width - EDGE - textWidth(context, fooled, theme, 15);
    drawText(context, fooled, right, 12, theme, { size: 15 });
    const wide = plot.unit + 8 + textWidth(context, unit, theme, 14);
    const left = Math.max(EDGE + textWidth(context, sure, theme, 15) + 10, (plot.width - wide) / 2);
    if (left + wide > right - 8) return;
    arrow(context, left, 12, plot.unit, theme.theory, 3);
    context.fillStyle = theme["theory-text"];
    drawText(context, unit, left + plot.unit + 8, 12, theme, { size: 14 });
  }

  drawRow(context, plot, loss, top, room, theme) {
    const { lab } = this;
    const push = -loss.generator.slopes[lab.index];
    const [x, y, ink] = [plot.x(lab.logit), top + 16 + (room - 16) * 0.58, colourOf(theme, loss.colour)];
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.rule });
    context.beginPath();
    context.moveTo(EDGE, y);
    context.lineTo(plot.width - EDGE, y);
    context.stroke();
    const from = x + Math.sign(push) * (DOT + 4);
    const tip = Math.min(plot.width - 2, Math.max(2, from + push * plot.unit));
    arrow(context, from, y, tip - from, ink, 12, Math.abs(from + push * plot.unit - tip) > 1 ? theme.ground : null);
    Object.assign(context, { fillStyle: theme.ground, strokeStyle: theme.fake, lineWidth: 5 });
    context.beginPath();
    context.arc(x, y, DOT, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.fillStyle = ink;
    const wide = plot.width > 600;
    drawText(context, wide ? loss.name : loss.short, EDGE, top + 16, theme, { size: wide ? 18 : 16, halo: true });
    const number = decimals(push, 3);
    drawText(context, number, plot.width - EDGE - textWidth(context, number, theme, 20), top + 16, theme, { size: 20, halo: true });
  }

  close() {
    this.surface.close();
  }
}

/** A thick arrow along x; two cuts in `broken` say that it is longer than the picture. */
function arrow(context, x, y, length, colour, thick, broken = null) {
  if (Math.abs(length) < 1) return;
  const [side, head] = [Math.sign(length), Math.min(Math.abs(length), 2.4 * thick)];
  const neck = x + length - side * head;
  const wing = 0.56 * head;
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x, y - thick / 2);
  context.lineTo(neck, y - Math.min(wing, thick / 2));
  context.lineTo(neck, y - wing);
  context.lineTo(x + length, y);
  context.lineTo(neck, y + wing);
  context.lineTo(neck, y + Math.min(wing, thick / 2));
  context.lineTo(x, y + thick / 2);
  context.fill();
  if (!broken) return;
  Object.assign(context, { strokeStyle: broken, lineWidth: 3 });
  for (const shift of [6, 14]) {
    context.beginPath();
    context.moveTo(neck - side * shift - 3, y + thick);
    context.lineTo(neck - side * shift + 3, y - thick);
    context.stroke();
  }
}
