import { element, icon, setAttribute, setText } from "./dom.js";
import { Surface } from "./surface.js";

// Room for the class beside each row, and the size of its number, as shares of a picture.
const MARGIN = 0.7;
const NUMBER = 0.56;

/** A titled grid of small pictures: the generated ones or the real ones. `rows` says what a row is where each is one class. */
export class Sheet {
  constructor({ kind, title, empty, rows, onResize }) {
    this.surface = new Surface("sheet", onResize);
    this.note = element("span", { class: "note" });
    this.empty = element("p", { class: "empty" }, empty);
    this.surface.box.append(this.empty);
    const heading = element("figcaption", { class: `title ${kind}` }, icon(kind === "real" ? "filled" : "hollow"), element("span", {}, title), this.note);
    this.rows = element("p", { class: "small", hidden: true }, rows);
    this.element = element("figure", { class: `picture ${kind}` }, heading, this.surface.box, this.rows);
  }

  /** Say beside the title which moment is shown, and describe the picture for those who cannot see it. */
  describe(note, description) {
    setText(this.note, note);
    setAttribute(this.surface.canvas, "aria-label", description);
  }

  /** Draw the picture tile by tile, with a gap, every pixel kept square and sharp. */
  draw(bitmap, { rows, columns, by_class: byClass = false }, theme) {
    const margin = byClass ? MARGIN : 0;
    this.surface.box.style.aspectRatio = `${columns + margin} / ${rows}`;
    this.empty.hidden = Boolean(bitmap);
    this.rows.hidden = !byClass;
    if (!this.surface.seen) return;
    const { context, ratio } = this.surface.begin();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingEnabled = false;
    const place = tilePlaces(this.surface.canvas, rows, columns, Math.round(2 * ratio), margin);
    drawGround(context, bitmap, rows, columns, place, theme);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) drawTile(context, bitmap, row, column, rows, columns, place);
    }
    if (byClass) drawClasses(context, rows, place, theme);
  }

  close() {
    this.surface.close();
  }
}

/** Where tiles go, in whole device pixels so that no edge is blurred. */
function tilePlaces({ width, height }, rows, columns, gap, margin) {
  const size = Math.max(1, Math.floor(Math.min((width - gap * (columns - 1)) / (columns + margin), (height - gap * (rows - 1)) / rows)));
  return { size, pitch: size + gap, left: Math.floor((width - size * (columns - margin) - gap * (columns - 1)) / 2) };
}

/** The class of each row, to its left. */
function drawClasses(context, rows, { size, pitch, left }, theme) {
  Object.assign(context, { fillStyle: theme.text, font: `600 ${Math.round(NUMBER * size)}px ${theme.font}`, textAlign: "center", textBaseline: "middle" });
  for (let row = 0; row < rows; row += 1) context.fillText(String(row), left - (MARGIN * size) / 2, row * pitch + size / 2);
}

/** The lines between pictures; before the first picture, empty tiles. */
function drawGround(context, bitmap, rows, columns, { size, pitch, left }, theme) {
  context.fillStyle = bitmap ? theme.gap : theme.ground;
  context.fillRect(left, 0, columns * pitch - pitch + size, rows * pitch - pitch + size);
  context.fillStyle = theme.tile;
}

function drawTile(context, bitmap, row, column, rows, columns, { size, pitch, left }) {
  const [x, y] = [left + column * pitch, row * pitch];
  if (!bitmap) {
    context.fillRect(x, y, size, size);
    return;
  }
  const [wide, high] = [bitmap.width / columns, bitmap.height / rows];
  context.drawImage(bitmap, column * wide, row * high, wide, high, x, y, size, size);
}
