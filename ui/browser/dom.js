/** Build an element: attributes (null and false are left out), then children (null is left out). */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Write text only when it differs, so that an unchanged page costs no layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Write an attribute only when it differs; null removes it. */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

const GLOW = 600;
const timers = new WeakMap();

/** Light an element up for a moment; CSS decides how (and stays still for those who asked for that). */
export function glow(node) {
  clearTimeout(timers.get(node));
  node.classList.add("moved");
  timers.set(node, setTimeout(() => node.classList.remove("moved"), GLOW));
}

const SHAPES = {
  play: '<path d="M5 3.2v13.6L17 10z"/>',
  pause: '<path d="M4.5 3h4v14h-4zM11.5 3h4v14h-4z"/>',
  step: '<path d="M3 3.5v13L12.5 10zM13.5 3.5h3.5v13h-3.5z"/>',
  reset: '<path d="M10 3a7 7 0 1 1-6.6 4.7l2.2.8A4.7 4.7 0 1 0 10 5.3V8L5.2 4.1 10 .4z"/>',
  stop: '<path d="M4 4h12v12H4z"/>',
  wait: '<circle cx="4" cy="10" r="2"/><circle cx="10" cy="10" r="2"/><circle cx="16" cy="10" r="2"/>',
  warning: '<path fill-rule="evenodd" d="M10 1.5 19.3 18H.7zM9 7.2h2v5.6H9zm0 7h2v2H9z"/>',
  away: '<path fill-rule="evenodd" d="M10 1a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM4.5 8.8h11v2.4h-11z"/>',
  watch: '<path fill-rule="evenodd" d="M10 4c4 0 7.3 2.4 9 6-1.7 3.6-5 6-9 6s-7.3-2.4-9-6c1.7-3.6 5-6 9-6zm0 2.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z"/>',
  filled: '<circle cx="10" cy="10" r="7"/>',
  hollow: '<circle cx="10" cy="10" r="6" fill="none" stroke="currentColor" stroke-width="3"/>',
};

/** Draw one of the small signs that accompany words; a screen reader skips it. */
export function icon(name) {
  const holder = element("span", { class: "icon", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 20 20" fill="currentColor">${SHAPES[name]}</svg>`;
  return holder;
}
