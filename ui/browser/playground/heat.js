const SHADES = 255;
const STRENGTH = 0.62;
const palettes = new WeakMap();
const maps = new WeakMap();

/** "#0072b2" → [0, 114, 178]. */
const channels = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

/** The colours of all verdicts, from the surest fake to the surest real, as pixels: nothing where D cannot tell. */
function paletteOf(theme) {
  if (palettes.has(theme)) return palettes.get(theme);
  const pixels = new Uint32Array(SHADES + 1);
  const bytes = new Uint8ClampedArray(pixels.buffer);
  const [real, fake] = [channels(theme.real), channels(theme.fake)];
  for (let shade = 0; shade <= SHADES; shade += 1) {
    const lean = (2 * shade) / SHADES - 1;
    bytes.set([...(lean > 0 ? real : fake), 255 * STRENGTH * Math.abs(lean)], 4 * shade);
  }
  palettes.set(theme, pixels);
  return pixels;
}

/** A picture of D with a pixel a cell: real's colour where it says real, fake's where it says fake. The plot and its thumbnail share it. */
export function heatMap(verdict, theme) {
  const kept = maps.get(verdict);
  if (kept?.theme === theme) return kept.canvas;
  const { side, values } = verdict;
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  const palette = paletteOf(theme);
  for (let row = 0; row < side; row += 1) {
    const [from, to] = [row * side, (side - 1 - row) * side];
    for (let column = 0; column < side; column += 1) pixels[to + column] = palette[Math.round(SHADES * values[from + column])];
  }
  context.putImageData(image, 0, 0);
  maps.set(verdict, { theme, canvas });
  return canvas;
}
