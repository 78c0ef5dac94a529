import { element, icon, setAttribute, setText } from "../dom.js";
import { decimals } from "../numbers.js";

const [SLOWEST, FASTEST] = [0.1, 2];

/** Runs t to and fro when asked to, and only while the page is looked at. */
export class Loop {
  /**
   * @param {() => number} where the present t
   * @param {(t: number, settled: boolean) => void} onMove
   */
  constructor(say, where, onMove) {
    Object.assign(this, { say, where, onMove, running: false, speed: 0.3, phase: 0 });
    this.button = element("button", { type: "button", class: "button small loop" });
    this.button.addEventListener("click", () => (this.running ? this.stop() : this.start()));
    this.slider = element("input", { type: "range", min: SLOWEST, max: FASTEST, step: 0.1, value: this.speed, "aria-label": say("between_speed") });
    this.slider.addEventListener("input", () => this.setSpeed(Number(this.slider.value)));
    this.amount = element("output");
    this.element = element("div", { class: "loop-row" }, this.button, element("label", { class: "speed" }, this.slider, this.amount));
    this.hide = () => document.hidden && this.stop();
    document.addEventListener("visibilitychange", this.hide);
    this.setSpeed(this.speed);
    this.write();
  }

  setSpeed(speed) {
    if (speed >= SLOWEST && speed <= FASTEST) this.speed = speed;
    this.slider.value = this.speed;
    setText(this.amount, this.say("between_speed_value", { speed: decimals(this.speed, 1) }));
    setAttribute(this.slider, "aria-valuetext", this.amount.textContent);
  }

  /** Begin where t is. */
  start() {
    this.phase = Math.acos(1 - 2 * this.where());
    this.running = true;
    this.last = null;
    this.frame = requestAnimationFrame((now) => this.turn(now));
    this.write();
  }

  turn(now) {
    // A frame may come very late; the walk then goes on from where it was.
    const passed = this.last === null ? 0 : Math.min(0.1, (now - this.last) / 1000);
    this.last = now;
    this.phase += 2 * Math.PI * this.speed * passed;
    this.t = (1 - Math.cos(this.phase)) / 2;
    this.onMove(this.t, false);
    if (this.running) this.frame = requestAnimationFrame((later) => this.turn(later));
  }

  /** Stand still; unless told otherwise, the point where it stops counts as settled. */
  stop(settle = true) {
    if (!this.running) return;
    this.running = false;
    cancelAnimationFrame(this.frame);
    if (settle) this.onMove(this.t, true);
    this.write();
  }

  write() {
    const word = this.running ? "between_pause" : "between_loop";
    this.button.replaceChildren(icon(this.running ? "pause" : "play"), element("span", {}, this.say(word)));
    setAttribute(this.button, "aria-pressed", String(this.running));
  }

  close() {
    this.stop(false);
    document.removeEventListener("visibilitychange", this.hide);
  }
}
