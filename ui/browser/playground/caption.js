import { element } from "../dom.js";
import { LAYERS, SHOWN_FIRST } from "./layers.js";
import { woven } from "./sentence.js";

/** The plot's layers, as buttons with a sample of each, and as the words of the caption: both turn them on and off. */
export class Caption {
  constructor(say, onChange) {
    this.say = say;
    this.shown = new Set(SHOWN_FIRST);
    this.onChange = onChange;
    this.toggles = [];
    this.buttons = element("div", { class: "layers", role: "group", "aria-label": say("layers") }, ...LAYERS.map((layer) => this.toggle("layer", layer, say(`layer_${layer}`), true)));
    const words = Object.fromEntries(LAYERS.map((layer) => [layer, this.toggle("word", layer, say(`word_${layer}`), false)]));
    this.text = element("p", { class: "caption" }, ...woven(say("caption"), words));
    this.write();
  }

  toggle(kind, layer, text, sampled) {
    const node = element("button", { type: "button", class: `${kind} ${layer}`, "data-layer": layer, title: this.say(`layer_${layer}_help`) }, sampled ? element("i", { class: `sample ${layer}`, "aria-hidden": "true" }) : null, text);
    node.addEventListener("click", () => {
      if (!this.shown.delete(layer)) this.shown.add(layer);
      this.write();
      this.onChange();
    });
    this.toggles.push({ node, layer });
    return node;
  }

  /** Show these layers and no others. */
  set(layers) {
    this.shown = new Set(layers);
    this.write();
    this.onChange();
  }

  /** Say for a layer that it has nothing to show here, and why; null where it has. */
  offer(layer, reason) {
    for (const toggle of this.toggles.filter((one) => one.layer === layer)) {
      toggle.node.disabled = reason !== null;
      toggle.node.title = reason ?? this.say(`layer_${layer}_help`);
    }
  }

  write() {
    for (const { node, layer } of this.toggles) node.setAttribute("aria-pressed", this.shown.has(layer));
  }
}
