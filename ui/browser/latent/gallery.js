import { element, setAttribute, setText } from "../dom.js";
import { ButtonGrid } from "./grid.js";
import { Thumb } from "./thumb.js";

/** Many small samples to pick from, each with the digit that the classifier reads in it. */
export class Gallery {
  /** @param {{count: number, onPick: (index: number) => void}} options */
  constructor(studio, { count, onPick }) {
    this.say = studio.say.bind(studio);
    this.tiles = Array.from({ length: count }, (_, index) => this.makeTile(studio, () => onPick(index)));
    this.grid = new ButtonGrid("samples", this.say("arithmetic_gallery"), this.tiles.map((tile) => tile.button));
    this.element = this.grid.element;
  }

  makeTile(studio, onClick) {
    const thumb = new Thumb(studio);
    const digit = element("span", { class: "digit-label" });
    const badge = element("span", { class: "badge" });
    const button = element("button", { type: "button", class: "sample" }, thumb.element, digit, badge);
    button.addEventListener("click", onClick);
    return { button, thumb, digit, badge };
  }

  /**
   * Write everything that goes with the pictures.
   * @param {{seed: number, digit: number | null, tray: string | null, shown: boolean}[]} samples
   */
  update(samples, chosenTray) {
    samples.forEach((sample, index) => {
      const { button, digit, badge } = this.tiles[index];
      const { seed, tray } = sample;
      button.hidden = !sample.shown;
      setText(digit, sample.digit === null ? "\u00a0" : String(sample.digit));
      setText(badge, tray ?? "");
      badge.hidden = !tray;
      const name = sample.digit === null ? this.say("arithmetic_sample", { seed }) : this.say("arithmetic_sample_digit", { seed, digit: sample.digit });
      setAttribute(button, "aria-label", tray ? `${name}, ${this.say("arithmetic_in_tray", { tray })}` : name);
      setAttribute(button, "aria-pressed", String(tray === chosenTray));
    });
    this.grid.refresh();
  }

  /** Paint one sample; null takes the picture away. */
  show(index, grey) {
    this.tiles[index].thumb.show(grey);
  }
}
