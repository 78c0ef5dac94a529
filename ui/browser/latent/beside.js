import { element } from "../dom.js";
import { digitCanvas, paintGrey } from "./files.js";
import { Follower } from "./follower.js";

/** The same z in every opened generator that reads as many numbers. */
export class Beside {
  constructor(say, choose) {
    Object.assign(this, { choose, shown: [] });
    this.follower = new Follower((entry) => this.draw(entry));
    this.row = element("div", { class: "row" });
    this.element = element("section", { class: "beside", hidden: true }, element("p", { class: "small" }, say("beside")), this.row);
  }

  /** @param {{key: string, label: string, model: object}[]} opened */
  set(opened, current) {
    const mine = opened.find((entry) => entry.key === current);
    this.shown = opened.filter(({ model }) => !model.remote && model.latentDim === mine?.model.latentDim);
    this.element.hidden = this.shown.length < 2;
    for (const entry of this.shown) entry.canvas = digitCanvas({ "aria-hidden": "true" });
    this.row.replaceChildren(...this.shown.map((entry) => this.makeThumbnail(entry, current)));
  }

  makeThumbnail({ key, label, canvas }, current) {
    const node = element("button", { type: "button", class: "thumbnail", "aria-pressed": String(key === current), "data-beside": key }, canvas, element("span", {}, label));
    node.addEventListener("click", () => this.choose(key));
    return node;
  }

  /** Draw the newest point; a drag never waits for this. */
  follow(z) {
    this.z = z;
    if (!this.element.hidden) this.follower.follow(this.shown);
  }

  draw({ model, canvas }) {
    const grey = model.latentDim === this.z.length ? model.picture(this.z) : null;
    if (grey) paintGrey(canvas, grey);
  }

  close() {
    this.follower.close();
  }
}
