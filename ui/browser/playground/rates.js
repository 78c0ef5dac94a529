import { element } from "../dom.js";
import { slider } from "../widgets.js";

const PLAYERS = ["g", "d"];
const RANGE = { min: 1e-5, max: 10 };


/** Both learning rates, changed while the run trains, and how fast Play plays. */
export class Rates {
  /** @param {{verb: (verb: string) => void}} actions */
  constructor(say, { verb }) {
    this.touched = 0;
    this.sliders = Object.fromEntries(PLAYERS.map((player) => [player, this.makeSlider(say, player, verb)]));
    this.element = element("div", { class: "rates", role: "group", "aria-label": say("rates") }, ...PLAYERS.map((player) => this.sliders[player].element));
  }

  makeSlider(say, player, verb) {
    const format = (value) => (value < 0.001 ? value.toExponential(1).replace("-", "−") : String(Number(value.toPrecision(3))));
    const touch = () => (this.touched = performance.now());
    const control = slider({ label: say(`rate_${player}`), help: say(`rate_${player}_help`), ...RANGE, value: 0.001, log: true, format, onInput: touch, onChange: (value) => {
      touch();
      verb(`rates?${player}=${value}`);
    } });
    control.element.classList.add(player);
    return control;
  }

  /** Follow the run, but not while a hand is on a slider. */
  update(answer) {
    this.element.hidden = !answer?.may_control;
    if (!answer?.rates || performance.now() - this.touched < 1500) return;
    for (const player of PLAYERS) {
      const value = Math.min(RANGE.max, Math.max(RANGE.min, answer.rates[player]));
      if (this.sliders[player].value !== value) this.sliders[player].set(value);
    }
  }
}


