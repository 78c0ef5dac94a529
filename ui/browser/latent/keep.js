import { element, setText } from "../dom.js";
import { download, filmstrip, montage, pngOf } from "./files.js";
import { encodePoint } from "./space.js";

const SCALE = 10;
const PACE = 80;
const MOST_FRAMES = 120;
const STRIP = 12;

/** Files and a link to take home. */
export class Keep {
  constructor(studio) {
    this.studio = studio;
    const { say } = studio;
    const button = (name, act) => {
      const node = element("button", { type: "button", class: "button small", "data-keep": name, title: say(`keep_${name}_help`) }, say(`keep_${name}`));
      node.addEventListener("click", () => this.run(node, act));
      return node;
    };
    this.moving = [button("strip", () => this.saveStrip()), button("gif", () => this.saveGif())];
    const buttons = [button("png", () => this.savePicture()), ...this.moving, button("json", () => this.savePoint()), button("link", () => this.copyLink())];
    this.reason = element("p", { class: "small", id: "keep-reason" });
    this.done = element("p", { class: "done", role: "status" });
    this.address = element("input", { type: "text", readonly: true, class: "address", "aria-label": say("keep_link"), hidden: true });
    this.element = element("section", { class: "keep" }, element("p", { class: "head" }, say("keep")), element("div", { class: "buttons" }, ...buttons), this.reason, this.done, this.address);
    this.update();
  }

  /** Fit the buttons to what the active mode has to offer. */
  update() {
    const offered = Boolean(this.studio.frames);
    for (const node of this.moving) {
      node.disabled = !offered;
      node.toggleAttribute("aria-describedby", false);
      if (!offered) node.setAttribute("aria-describedby", "keep-reason");
    }
    this.reason.hidden = offered;
    setText(this.reason, this.studio.say("keep_no_frames"));
  }

  /** Press a button once; a second press waits for the first. */
  async run(node, act) {
    if (node.hasAttribute("aria-busy") || !this.studio.shown) return;
    node.setAttribute("aria-busy", "true");
    this.address.hidden = true;
    try {
      setText(this.done, await act());
    } catch (error) {
      console.warn("take home:", error.message);
      setText(this.done, this.studio.say("keep_failed"));
    } finally {
      node.removeAttribute("aria-busy");
    }
  }

  name(ending) {
    const { model, modelKey, digit } = this.studio;
    return `gan-latent-${modelKey}${model.isTold ? `-${digit}` : ""}${ending}`;
  }

  hand(blob, ending) {
    download(blob, this.name(ending));
    return this.studio.say("keep_saved", { file: this.name(ending) });
  }

  async savePicture() {
    return this.hand(await pngOf(montage([this.studio.shown], 1, SCALE)), ".png");
  }

  async frames() {
    const frames = await this.studio.frames?.();
    if (!frames?.length) throw new Error("no frames");
    return frames;
  }

  async saveStrip() {
    const frames = await this.frames();
    const count = Math.min(STRIP, frames.length);
    const chosen = Array.from({ length: count }, (_, index) => frames[Math.floor((index * frames.length) / count)]);
    return this.hand(await pngOf(filmstrip(chosen)), "-strip.png");
  }

  async saveGif() {
    const frames = (await this.frames()).slice(0, MOST_FRAMES);
    const address = new URL(`api/latent/gif?milliseconds=${PACE}`, document.baseURI);
    const response = await fetch(address, { method: "POST", body: new Blob(frames) });
    if (!response.ok) throw new Error(`${response.status} for the GIF`);
    return this.hand(await response.blob(), ".gif");
  }

  async savePoint() {
    const { model, modelKey, digit, z } = this.studio;
    const asked = model.isTold ? { digit } : {};
    const point = { model: modelKey, latent_dim: model.latentDim, iteration: model.card.iteration, ...asked, z: Array.from(z) };
    return this.hand(new Blob([JSON.stringify(point)], { type: "application/json" }), ".json");
  }

  /** A link that brings others to this very point. */
  link() {
    const { data, entry, model, digit, z } = this.studio;
    const address = new URL(data.link, document.baseURI).href;
    // A moment taken from a run is known to this tab alone; others get the run's own generator.
    const key = entry.given ? "run" : entry.key;
    const asked = model.isTold ? `&digit=${digit}` : "";
    return `${address}${address.includes("?") ? "&" : "?"}model=${encodeURIComponent(key)}${asked}&z=${encodePoint(z)}`;
  }

  async copyLink() {
    const { say } = this.studio;
    const link = this.link();
    try {
      await navigator.clipboard.writeText(link);
      return say("keep_copied");
    } catch {
      // No clipboard over plain http, as in most class rooms.
      this.address.hidden = false;
      this.address.value = link;
      this.address.focus();
      this.address.select();
      return say("keep_copy_yourself");
    }
  }
}
