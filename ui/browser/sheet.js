import { element, icon, setAttribute, setText } from "./dom.js";
import { Surface } from "./surface.js";

/** A titled grid of small pictures: the generated ones or the real ones. */
export class Sheet {
  constructor({ kind, title, empty, onResize }) {
    this.surface = new Surface("sheet", onResize);
    this.note = element("span", { class: "note" });
    this.empty = element("p", { class: "empty" }, empty);
    this.surface.box.append(this.empty);
    const heading = element("figcaption", { class: `title ${kind}` }, icon(kind === "real" ? "filled" : "hollow"), element("span", {}, title), this.note);
    this.element = element("figure", { class: `picture ${kind}` }, heading, this.surface.box);
  }

  /** Say beside the title which moment is shown, and describe the picture for those who cannot see it. */
  describe(note, description) {
    setText(this.note, note);
    setAttribute(this.surface.canvas, "aria-label", description);
  }

  /** Draw the picture tile by tile, with a gap, every pixel kept square and sharp. */
  draw(bitmap, { rows, columns }, theme) {
    this.surface.box.style.aspectRatio = `${columns} / ${rows}`;
    this.empty.hidden = Boolean(bitmap);
    if (!this.surface.seen) return;
    const { context, ratio } = this.surface.begin();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingEnabled = false;
    const place = tilePlaces(this.surface.canvas, rows, columns, Math.round(2 * ratio));
    drawGround(context, bitmap, rows, columns, place, theme);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) drawTile(context, bitmap, row, column, rows, columns, place);
    }
  }

  close() {
    this.surface.close();
  }
}

/** Where tiles go, in whole device pixels so that no edge is blurred. */
function tilePlaces({ width, height }, rows, columns, gap) {
  const size = Math.max(1, Math.floor(Math.min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows)));
  return { size, pitch: size + gap, left: Math.floor((width - size * columns - gap * (columns - 1)) / 2) };
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
