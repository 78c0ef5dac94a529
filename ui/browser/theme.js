const NAMES = ["real", "fake", "d", "g", "real-text", "fake-text", "d-text", "g-text", "theory", "theory-text", "rule", "tile", "gap", "ground", "trouble"];
const OVERLAYS = Array.from({ length: 8 }, (_, index) => `overlay-${index}`);

/** Split a computed `rgb(…)` colour into three numbers from 0 to 1. */
function channels(colour) {
  return (colour.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map((part) => Number(part) / 255);
}

/** Relative luminance (WCAG 2), 0 is black and 1 is white. */
function luminance(colour) {
  const [red, green, blue] = channels(colour).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** A cheap fingerprint of the host's theme: it changes when the visitor switches themes. */
export function themeSign(root) {
  const style = getComputedStyle(root);
  return [style.color, style.fontFamily, style.getPropertyValue("--st-background-color"), style.getPropertyValue("--st-primary-color"), devicePixelRatio].join("|");
}

/** Choose the light or dark palette for the host's theme and return its colours for the canvases. */
export function readTheme(root) {
  const style = getComputedStyle(root);
  root.dataset.theme = luminance(style.color) > 0.4 ? "dark" : "light";
  root.style.setProperty("--on-primary", luminance(style.outlineColor) > 0.18 ? "#000" : "#fff");
  const theme = { text: style.color, font: style.fontFamily };
  for (const name of [...NAMES, ...OVERLAYS]) theme[name] = style.getPropertyValue(`--${name}`).trim();
  return theme;
}
