import { Chart } from "./curves.js";
import { element } from "./dom.js";
import { Formulas } from "./formulas.js";
import { decimals, grouped } from "./numbers.js";
import { Quality } from "./quality.js";
import { Sheet } from "./sheet.js";
import { Status } from "./status.js";
import { LookBack, Transport } from "./transport.js";
import { speaker } from "./words.js";

const CURVES = {
  losses: [
    { name: "d_loss", colour: "d", dash: [], mark: null },
    { name: "g_loss", colour: "g", dash: [9, 5], mark: null },
  ],
  verdicts: [
    { name: "d_real", colour: "real", dash: [], mark: "filled" },
    { name: "d_fake", colour: "fake", dash: [9, 5], mark: "hollow" },
  ],
};
const LOSS_NAMES = CURVES.losses.map((curve) => curve.name);

/** Everything the component shows, built once per set of words and updated in place. */
export class View {
  /** @param {{verb: Function, choose: Function, resize: Function}} actions */
  constructor(data, client, actions) {
    this.data = data;
    this.say = speaker(data.words);
    this.generated = new Sheet({ kind: "fake", title: this.say("generated_title"), empty: this.say("picture_empty"), rows: this.say("rows"), onResize: actions.resize });
    this.real = new Sheet({ kind: "real", title: this.say("real_title"), empty: "", rows: this.say("rows_real"), onResize: actions.resize });
    this.losses = this.makeChart("losses", (data.lines ?? []).filter((line) => LOSS_NAMES.includes(line.curve)), null, actions);
    this.verdicts = this.makeChart(data.verdict_range ? "verdict" : "score", (data.lines ?? []).filter((line) => !LOSS_NAMES.includes(line.curve)), data.verdict_range ?? null, actions);
    this.quality = new Quality(this.say, actions);
    this.transport = new Transport(this.say, actions.verb);
    this.lookBack = new LookBack(this.say, actions.choose);
    this.status = new Status(this.say);
    this.formulas = new Formulas(data.formulas ?? [], this.say("formulas"));
    this.element = this.assemble(client, actions);
  }

  makeChart(kind, lines, range, actions) {
    const curves = CURVES[kind === "losses" ? "losses" : "verdicts"].map((curve) => ({ ...curve, label: this.say(`curve_${curve.name}`) }));
    return new Chart({ title: this.say(`${kind}_title`), empty: this.say("chart_empty"), axis: this.say("axis_iteration"), curves, lines, range, onResize: actions.resize });
  }

  assemble(client, actions) {
    const show = { real: true, transport: true, downloads: true, ...this.data.show };
    this.losses.element.classList.add("losses");
    this.verdicts.element.classList.add("verdicts");
    const panel = element("section", { class: "panel" }, show.transport ? this.transport.element : null, this.lookBack.element, this.status.element);
    this.notice = element("p", { class: "notice", role: "status", hidden: "" });
    const parts = [this.notice, this.generated.element, show.real ? this.real.element : null, this.losses.element, this.verdicts.element, panel, this.quality.element, this.formulas.element];
    this.downloads = show.downloads ? this.makeDownloads(client, actions) : null;
    return element("div", { class: show.real ? "grid" : "grid without-real" }, ...parts.filter(Boolean), this.downloads);
  }

  makeDownloads(client, actions) {
    const link = (word, file) => element("a", { href: client.url(`/${file}`), download: file }, this.say(word));
    this.keepGoing = element("input", { type: "checkbox" });
    this.keepGoing.addEventListener("change", () => actions.verb(`keep-going?on=${this.keepGoing.checked ? 1 : 0}`));
    this.keepGoingLabel = element("label", { class: "keep-going", title: this.say("keep_going_help") }, this.keepGoing, this.say("keep_going"));
    const links = [link("download_samples", "samples.png"), link("download_history", "history.csv"), link("download_quality", "meter.csv"), link("download_checkpoint", "checkpoint.safetensors")];
    return element("section", { class: "downloads" }, element("span", { class: "what" }, this.say("downloads")), ...links, this.keepGoingLabel);
  }

  /** Write the words and numbers that go with the model's present state. */
  update(model) {
    const { answer, state } = model;
    this.status.update(state, answer);
    this.transport.update(state, answer);
    this.lookBack.update(answer?.album ?? [], model.lookedBack, model.latest?.iteration ?? 0);
    this.formulas.update(answer?.report);
    this.quality.update(model.meter, answer, model.layout.by_class);
    this.notice.hidden = !answer?.fallback;
    this.notice.textContent = answer?.fallback ? this.say(`fallback_${answer.fallback}`) : "";
    if (this.keepGoing) {
      this.keepGoingLabel.hidden = !answer?.may_control;
      if (!model.posting) this.keepGoing.checked = Boolean(answer?.keep_going);
    }
    this.describe(model);
  }

  describe({ answer, layout, shown, lookedBack }) {
    const count = layout.rows * layout.columns;
    const iteration = grouped(shown?.iteration ?? answer?.iteration ?? 0);
    const past = lookedBack === null ? "" : `${this.say("look_back")} · `;
    const note = shown ? `${past}${this.say("iteration")} ${iteration}` : "";
    this.generated.describe(note, this.say(layout.by_class ? "picture_alt_rows" : "picture_alt", { count, iteration }));
    this.real.describe("", this.say(layout.by_class ? "real_alt_rows" : "real_alt", { count }));
    for (const chart of [this.losses, this.verdicts]) chart.describe(this.chartDescription(chart, answer));
  }

  chartDescription(chart, answer) {
    const values = chart.curves.map((curve) => `${curve.label} ${decimals(answer?.report?.[curve.name], 3)}`).join(", ");
    return this.say("chart_alt", { title: chart.title, values, iteration: grouped(answer?.iteration ?? 0) });
  }

  /** Draw the canvases, each only when what it shows has changed. */
  draw(model, changed, theme) {
    const iteration = model.answer?.iteration ?? 0;
    this.generated.element.classList.toggle("past", model.lookedBack !== null);
    if (changed.picture) this.generated.draw(model.shown?.bitmap ?? null, model.layout, theme);
    if (changed.real) this.real.draw(model.real, model.layout, theme);
    if (changed.meter) this.quality.draw(model.meter, theme);
    if (!changed.curves) return;
    for (const chart of [this.losses, this.verdicts]) chart.draw(model.history, iteration, model.lookedBack, theme);
  }

  /** Stop watching sizes. */
  close() {
    for (const part of [this.generated, this.real, this.losses, this.verdicts, this.quality]) part.close();
  }
}
