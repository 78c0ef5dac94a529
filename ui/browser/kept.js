/** A part of a picture that is drawn once, and shown as it is until something that it depends on changes. */
export class Kept {
  /**
   * Show the part on a canvas of {width, height, ratio}; `draw(context)` makes it anew where one of `sources` is another than last time.
   */
  show(context, { width, height, ratio }, sources, draw) {
    const now = [width, height, ratio, ...sources];
    if (!this.sources || now.some((source, index) => source !== this.sources[index])) {
      this.sources = now;
      this.picture = new OffscreenCanvas(Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio)));
      const own = this.picture.getContext("2d");
      own.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(own);
    }
    context.drawImage(this.picture, 0, 0, this.picture.width / ratio, this.picture.height / ratio);
  }
}
