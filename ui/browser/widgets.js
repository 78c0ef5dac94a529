import { element, icon, setAttribute, setText } from "./dom.js";

const PARTS = 1000;
let count = 0;

const SUBSCRIPT = /_([A-Za-z])/;

/** A text as nodes, with `L_D` as L with subscript D. */
export function lowered(text) {
  return text.split(SUBSCRIPT).map((part, index) => (index % 2 ? element("sub", {}, part) : part));
}

/** The label of a control, with its explanation as a tooltip and for screen readers. */
function labelled(label, help, ...children) {
  return element("label", { class: "control", title: help }, element("span", { class: "control-label" }, label), ...children);
}

/**
 * A labelled range input with its value beside it.
 * @param {{label: string, min: number, max: number, step?: number, value: number, format?: (value: number) => string,
 *   help?: string, log?: boolean, onInput?: (value: number) => void, onChange?: (value: number) => void}} options
 *   `log` makes equal ways equal factors. Returns {element, input, value, set(value), enable(yes)}.
 */
export function slider({ label, min, max, step = 0.01, value, format = String, help, log = false, onInput, onChange }) {
  const into = log ? (number) => Math.round((PARTS * Math.log(number / min)) / Math.log(max / min)) : (number) => number;
  const out = log ? (place) => Number((min * (max / min) ** (place / PARTS)).toPrecision(3)) : (place) => place;
  const input = element("input", { type: "range", min: log ? 0 : min, max: log ? PARTS : max, step: log ? 1 : step });
  const output = element("output", { class: "control-value" });
  const control = { element: element("div", { class: "slider" }, labelled(label, help, input), output), input, value };
  const write = () => {
    const text = format(control.value);
    setText(output, text);
    setAttribute(input, "aria-valuetext", text);
  };
  control.set = (number) => {
    control.value = number;
    input.value = into(number);
    write();
  };
  control.enable = (yes) => {
    input.disabled = !yes;
    control.element.classList.toggle("off", !yes);
  };
  input.addEventListener("input", () => {
    control.value = out(Number(input.value));
    write();
    onInput?.(control.value);
  });
  input.addEventListener("change", () => onChange?.(control.value));
  control.set(value);
  return control;
}

/**
 * Choices side by side: one of them (`value` is a key), or with `multiple` several (`value` is a list of keys, `most` at once).
 * Returns {element, value, set(value), limit(most)}.
 */
export function chips({ label, options, value, multiple = false, most = Infinity, onChange, visible = true }) {
  const name = `chips-${(count += 1)}`;
  const inputs = new Map();
  const control = { value };
  const write = () => {
    for (const [key, input] of inputs) {
      input.checked = multiple ? control.value.includes(key) : control.value === key;
      input.disabled = multiple && !input.checked && control.value.length >= most;
    }
  };
  const choose = (key) => {
    if (!multiple) control.value = key;
    else control.value = inputs.get(key).checked ? [...control.value, key] : control.value.filter((one) => one !== key);
    write();
    onChange?.(control.value);
  };
  const group = element("div", { class: "chips", role: multiple ? "group" : "radiogroup", "aria-label": label });
  for (const option of options) {
    const input = element("input", { type: multiple ? "checkbox" : "radio", name, value: option.key });
    input.addEventListener("change", () => choose(option.key));
    inputs.set(option.key, input);
    group.append(element("label", { class: "chip", title: option.help }, input, element("span", {}, option.label)));
  }
  control.set = (chosen) => {
    control.value = chosen;
    write();
  };
  control.limit = (count) => {
    most = count;
    write();
  };
  control.element = element("div", { class: "choice" }, visible ? element("span", { class: "control-label", "aria-hidden": "true" }, label) : null, group);
  write();
  return control;
}

/** A button with a word and perhaps a sign; returns {element, say(label, sign), enable(yes)}. */
export function button({ label, help, sign, kind = "", onClick }) {
  const node = element("button", { type: "button", class: `button ${kind}`.trim(), title: help });
  const control = { element: node };
  control.say = (text, shape = sign) => {
    node.replaceChildren(...(shape ? [icon(shape)] : []), element("span", {}, text));
  };
  control.enable = (yes) => {
    node.disabled = !yes;
  };
  node.addEventListener("click", () => onClick?.());
  control.say(label);
  return control;
}

/** A labelled number input that never reports a number outside its range; returns {element, input, value, set(value)}. */
export function number({ label, min, max, step = 1, value, help, onChange }) {
  const input = element("input", { type: "number", min, max, step, inputmode: "decimal" });
  const control = { element: labelled(label, help, input), input, value };
  control.set = (next) => {
    control.value = next;
    input.value = String(next);
  };
  input.addEventListener("change", () => {
    const asked = Number(input.value);
    const kept = input.value !== "" && Number.isFinite(asked) ? Math.min(max, Math.max(min, asked)) : control.value;
    const changed = kept !== control.value;
    control.set(kept);
    if (changed) onChange?.(kept);
  });
  control.set(value);
  return control;
}

/** A labelled list to choose from, for more choices than chips can show; returns {element, input, value, set(value)}. */
export function select({ label, options, value, help, onChange }) {
  const input = element("select", {}, ...options.map((option) => element("option", { value: option.key }, option.label)));
  const control = { element: labelled(label, help, input), input };
  control.set = (key) => {
    control.value = key;
    input.value = key;
  };
  input.addEventListener("change", () => {
    control.value = input.value;
    onChange?.(input.value);
  });
  control.set(value);
  return control;
}
