import { element } from "../dom.js";

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const FRAME_SCALE = 4;
const FRAME_GAP = 4;
const images = new WeakMap();

/** Paint 784 grey bytes into a canvas of 28 × 28 pixels. */
export function paintGrey(canvas, grey) {
  if (!images.has(canvas)) images.set(canvas, prepare(canvas));
  const { context, image } = images.get(canvas);
  fillGrey(image, grey);
  context.putImageData(image, 0, 0);
}

function prepare(canvas) {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  return { context, image: context.createImageData(SIDE, SIDE) };
}

/** Write grey bytes into image data as opaque pixels. */
export function fillGrey(image, grey) {
  const { data } = image;
  for (let pixel = 0; pixel < PIXELS; pixel += 1) {
    const place = pixel * 4;
    data[place] = data[place + 1] = data[place + 2] = grey[pixel];
    data[place + 3] = 255;
  }
}

/** A small canvas for one digit; its size on screen is up to CSS. */
export const digitCanvas = (attributes = {}) => element("canvas", { width: SIDE, height: SIDE, class: "digit", ...attributes });

/** Pictures side by side, `columns` to a row, every pixel `scale` times as large. */
export function montage(greys, columns, scale, gap = 0) {
  const pitch = SIDE * scale + gap;
  const rows = Math.ceil(greys.length / columns);
  const canvas = element("canvas", { width: columns * pitch - gap, height: rows * pitch - gap });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const one = digitCanvas();
  greys.forEach((grey, index) => {
    paintGrey(one, grey);
    context.drawImage(one, (index % columns) * pitch, Math.floor(index / columns) * pitch, SIDE * scale, SIDE * scale);
  });
  return canvas;
}

/** A row of frames with white between them, as on a film. */
export function filmstrip(frames) {
  const canvas = montage(frames, frames.length, FRAME_SCALE, FRAME_GAP);
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Encode a canvas as PNG. */
export const pngOf = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));

/** Hand a file to the visitor. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
