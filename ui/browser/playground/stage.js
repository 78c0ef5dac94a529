import { Chart } from "../curves.js";
import { element, setAttribute } from "../dom.js";
import { Formulas } from "../formulas.js";
import { decimals, grouped } from "../numbers.js";
import { Status } from "../status.js";
import { LookBack, Transport } from "../transport.js";
import { button, chips } from "../widgets.js";
import { speaker } from "../words.js";
import { Caption } from "./caption.js";
import { Easel } from "./easel.js";
import { Machine } from "./machine.js";
import { Meter } from "./meter.js";
import { Plot, VIEW } from "./plot.js";
import { Rates } from "./rates.js";
import { Slow } from "./slow.js";

const CURVES = [
  { name: "d_loss", colour: "d", dash: [], mark: null },
  { name: "g_loss", colour: "g", dash: [9, 5], mark: null },
];
const SPEEDS = ["slowest", "slow", "full"];

/** Everything the playground shows, built once per set of words and updated in place. */
export class Stage {
  /** @param {{verb: Function, choose: Function, resize: Function, repaint: Function, speed: Function, own: Function, file: Function}} actions */
  constructor(data, client, actions) {
    Object.assign(this, { data, actions, say: speaker(data.words) });
    const { say } = this;
    this.plot = new Plot({ view: VIEW, onResize: actions.resize, alt: say("plot_alt") });
    this.caption = new Caption(say, actions.repaint);
    this.easel = new Easel(say, this.plot, { use: actions.own, file: actions.file, change: actions.repaint, begin: () => actions.verb("pause") });
    this.meter = new Meter(say, actions);
    this.losses = this.makeLosses(data.lines ?? []);
    this.transport = new Transport(say, actions.verb);
    this.lookBack = new LookBack(say, actions.choose);
    this.status = new Status(say);
    this.rates = new Rates(say, actions);
    this.machine = new Machine(say, VIEW, data.noise, actions.resize);
    this.slow = new Slow(say, data.slow, VIEW, { verb: actions.verb, light: (player, kind) => this.machine.hold(player, kind) });
    this.formulas = new Formulas(data.formulas ?? [], say("formulas"));
    this.element = this.assemble(client);
  }

  makeLosses(lines) {
    const { say, actions } = this;
    const curves = CURVES.map((curve) => ({ ...curve, label: say(`curve_${curve.name}`) }));
    const chart = new Chart({ title: say("losses_title"), empty: say("chart_empty"), axis: say("axis_iteration"), curves, lines: lines.filter((line) => line.curve.endsWith("loss")), range: null, onResize: actions.resize });
    chart.element.classList.add("losses");
    return chart;
  }

  assemble(client) {
    const { say, data } = this;
    const steer = data.may_steer;
    this.goal = element("p", { class: "goal" }, data.goal ?? "");
    this.goal.hidden = !data.goal;
    const plot = element("figure", { class: "plot" }, this.caption.buttons, this.plot.element, steer ? this.easel.bench : null, steer ? this.buildTransport() : this.transport.element);
    const side = element("div", { class: "side" }, this.goal, this.meter.element, this.losses.element);
    const below = element("div", { class: "below" }, this.caption.text, steer ? this.easel.element : null);
    const panel = element("section", { class: "panel" }, this.buildHistory(steer), this.status.element, steer ? this.rates.element : null);
    const room = element("section", { class: "room" }, element("h3", { class: "part-title" }, say("machine_title")), this.machine.element);
    const link = (word, file) => element("a", { href: client.url(`/${file}`), download: file }, say(word));
    const downloads = element("section", { class: "downloads" }, element("span", { class: "what" }, say("downloads")), link("download_history", "history.csv"), link("download_meter", "meter.csv"), link("download_checkpoint", "checkpoint.safetensors"));
    return element("div", { class: "stage" }, plot, side, below, panel, room, steer ? this.slow.element : null, this.formulas.element, downloads);
  }

  buildTransport() {
    const { say, actions } = this;
    this.speed = chips({ label: say("speed"), options: SPEEDS.map((key) => ({ key, label: say(`speed_${key}`), help: say(`speed_${key}_help`) })), value: "full", onChange: actions.speed });
    this.speed.element.classList.add("speed");
    return element("div", { class: "transport-row" }, this.transport.element, this.speed.element);
  }

  /** Look back without touching the training, or really go back and train on from there. */
  buildHistory(steer) {
    const { say, actions } = this;
    this.stepBack = button({ label: say("step_back"), help: say("step_back_help"), kind: "small step-back", onClick: () => actions.verb(`rewind?to=${this.earlier}`) });
    this.goOn = button({ label: say("go_on"), help: say("go_on_help"), kind: "small go-on", onClick: () => actions.verb(`rewind?to=${this.chosen}`) });
    return element("div", { class: "past-row" }, this.lookBack.element, ...(steer ? [this.stepBack.element, this.goOn.element] : []));
  }

  /** Write the words and numbers that go with the model's present state. */
  update(model) {
    const { answer, state, meter } = model;
    this.status.update(state, answer);
    this.transport.update(state, answer);
    this.lookBack.update(answer?.album ?? [], model.lookedBack, model.latest?.iteration ?? 0);
    this.formulas.update(answer?.report);
    this.rates.update(answer);
    this.meter.update(meter);
    this.machine.update(answer);
    this.updatePast(model);
    this.slow.begin.enable(["running", "paused", "detached"].includes(state) && answer?.may_control);
    this.describe(model);
  }

  updatePast({ answer, lookedBack }) {
    const kept = answer?.kept ?? [];
    this.earlier = kept.findLast((iteration) => iteration < (answer?.iteration ?? 0));
    this.chosen = lookedBack;
    this.stepBack.enable(this.earlier !== undefined);
    this.goOn.enable(lookedBack !== null && kept.some((iteration) => iteration <= lookedBack));
  }

  describe({ answer, shown, meter }) {
    const js = decimals(meter.newest?.js_bits, 3);
    this.plot.describe(this.say(this.easel.open ? "plot_draw_alt" : "plot_alt", { iteration: grouped(shown?.iteration ?? 0), js }));
    const values = CURVES.map((curve) => `${this.say(`curve_${curve.name}`)} ${decimals(answer?.report?.[curve.name], 3)}`).join(", ");
    this.losses.describe(this.say("chart_alt", { title: this.losses.title, values, iteration: grouped(answer?.iteration ?? 0) }));
  }

  /** Draw the canvases, each only when what it shows has changed. */
  draw(model, changed, theme) {
    const iteration = model.answer?.iteration ?? 0;
    const look = model.shown?.bitmap ?? null;
    this.plot.element.classList.toggle("past", model.lookedBack !== null);
    if (changed.picture || changed.real) {
      this.offer(look);
      this.plot.draw(look && { ...look, trails: model.lookedBack === null ? model.trails : [] }, this.caption.shown, theme, this.easel.drawn);
      if (look) this.machine.draw(look, theme, { all: changed.real, calm: model.state === "running" });
    }
    if (changed.real) this.slow.draw(theme);
    if (!changed.curves) return;
    this.losses.draw(model.history, iteration, model.lookedBack, theme);
    this.meter.draw(model.meter, iteration, model.lookedBack, theme);
  }

  /** Grey out the layers that this run cannot have. */
  offer(look) {
    if (!look) return;
    this.caption.offer("best", look.best ? null : this.say("best_missing"));
    setAttribute(this.plot.element, "data-best-at", look.bestAt ?? null);
  }

  /** What a visitor has chosen to see, for the view that takes this one's place. */
  get choices() {
    return { layers: [...this.caption.shown], measure: this.meter.chosen, speed: this.speed?.value };
  }

  choose({ layers, measure, speed }) {
    if (layers) this.caption.set(layers);
    if (measure) this.meter.choose(measure);
    if (speed) this.speed?.set(speed);
  }

  /** Light up whoever moved; a step under glass keeps the light only until training goes on. */
  glow(players, iteration) {
    this.formulas.glow(players);
    this.status.glow(players);
    if (this.slow.iteration !== iteration) this.machine.hold(null, null);
    this.machine.pulse(players);
  }

  complain(sentence) {
    this.easel.complain(sentence);
  }

  close() {
    for (const part of [this.plot, this.losses, this.meter, this.machine]) part.close();
    this.slow.dispose();
  }
}
