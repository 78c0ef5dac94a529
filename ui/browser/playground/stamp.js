/** Sizes and colours in use at one time are few: the plot's and the thumbnails'. */
const MOST = 16;
const stamps = new Map();

/** A hollow circle as a small picture of `side` × `side` pixels of the screen, with its middle in the middle. */
function hollow(radius, line, ground, colour) {
  const name = [radius, line, ground, colour].join();
  if (stamps.has(name)) return stamps.get(name);
  if (stamps.size >= MOST) stamps.clear();
  const half = Math.ceil(radius + line / 2) + 1;
  const canvas = new OffscreenCanvas(2 * half, 2 * half);
  const context = canvas.getContext("2d");
  Object.assign(context, { fillStyle: ground, strokeStyle: colour, lineWidth: line });
  context.beginPath();
  context.arc(half, half, radius, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  stamps.set(name, canvas.transferToImageBitmap());
  return stamps.get(name);
}

/**
 * Set a hollow circle at every place [x, y, x, y, …]: stamped at whole pixels of the screen, which is far quicker than a path each.
 * `radius` and `line` are in CSS pixels.
 */
export function stampHollow(context, frame, places, radius, line, { ground, colour }) {
  const { ratio } = frame;
  const picture = hollow(radius * ratio, line * ratio, ground, colour);
  const half = picture.width / 2;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  for (let index = 0; index < places.length; index += 2) {
    context.drawImage(picture, Math.round(frame.x(places[index]) * ratio) - half, Math.round(frame.y(places[index + 1]) * ratio) - half);
  }
  context.restore();
}
