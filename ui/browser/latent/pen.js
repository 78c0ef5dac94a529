/** Draws through the server where the weights are not here: one question at a time, the newest point wins. */
export class ServerPen {
  /** @param {{picture: (grey: Uint8Array, settled: boolean) => void, silent: () => void}} listener */
  constructor(listener) {
    Object.assign(this, { listener, next: null, asking: false });
  }

  /** Ask for the picture of z. */
  async draw(model, z, settled) {
    this.next = { model, z, settled };
    if (this.asking) return;
    this.asking = true;
    while (this.next && !this.closed) await this.ask();
    this.asking = false;
  }

  async ask() {
    const { model, z, settled } = this.next;
    this.next = null;
    const greys = await model.pictures([z], {}).catch(() => null);
    if (this.closed) return;
    if (greys?.[0]) this.listener.picture(greys[0], settled && !this.next);
    else if (!this.next) this.listener.silent();
  }

  close() {
    this.closed = true;
  }
}
