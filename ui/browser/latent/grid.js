import { element } from "../dom.js";

/** A grid of buttons with one stop for the Tab key; arrows, Home and End walk within. */
export class ButtonGrid {
  /** @param {HTMLElement[]} buttons in the order in which they are read */
  constructor(className, label, buttons) {
    Object.assign(this, { buttons, current: 0 });
    this.element = element("div", { class: className, role: "group", "aria-label": label }, ...buttons);
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("focusin", (event) => this.stopAt(this.buttons.indexOf(event.target.closest("button"))));
    this.refresh();
  }

  /** The buttons that are shown. */
  get shown() {
    return this.buttons.filter((button) => !button.hidden);
  }

  /** Make sure that a shown button can be reached with Tab. */
  refresh() {
    const { shown } = this;
    this.stopAt(this.buttons.indexOf(shown.includes(this.buttons[this.current]) ? this.buttons[this.current] : shown[0]));
  }

  stopAt(index) {
    if (index < 0) return;
    this.current = index;
    this.buttons.forEach((button, place) => (button.tabIndex = place === index ? 0 : -1));
  }

  onKey(event) {
    const { shown } = this;
    const here = shown.indexOf(this.buttons[this.current]);
    const next = shown[this.target(event.key, here, shown)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  /** Left and right follow the order; up and down go to the nearest button above or below. */
  target(key, here, shown) {
    const steps = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: shown.length - 1 };
    if (key in steps) return steps[key];
    if (key !== "ArrowUp" && key !== "ArrowDown") return -1;
    const from = shown[here].getBoundingClientRect();
    const places = shown.map((button) => button.getBoundingClientRect());
    const sign = key === "ArrowDown" ? 1 : -1;
    const distance = (place) => (sign * (place.top - from.top) > 4 ? Math.abs(place.left - from.left) + 1000 * Math.abs(place.top - from.top) : Infinity);
    const best = places.reduce((found, place, index) => (distance(place) < distance(places[found]) ? index : found), here);
    return best === here ? -1 : best;
  }
}
