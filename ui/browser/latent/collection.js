import { openModel } from "./models.js";

/** Fetch the card of a generator. */
export async function fetchCard({ card, method = "GET" }) {
  const response = await fetch(new URL(card, document.baseURI), { method });
  if (!response.ok) throw Object.assign(new Error(`${response.status} for ${card}`), { status: response.status });
  return response.json();
}

/** The generators opened so far, each once. */
export class Collection {
  /** @param {() => void} onReady verdicts can be had from now on */
  constructor(onReady) {
    Object.assign(this, { onReady, coming: new Map(), models: new Map() });
  }

  /** The model of an entry of the choice. */
  open(entry) {
    if (!this.coming.has(entry.key)) {
      const coming = this.fetch(entry);
      coming.catch(() => this.coming.delete(entry.key));
      this.coming.set(entry.key, coming);
    }
    return this.coming.get(entry.key);
  }

  async fetch(entry) {
    const model = await openModel(entry.given ?? (await fetchCard(entry)), { onReady: this.onReady });
    this.models.set(entry.key, model);
    return model;
  }

  /** Give a model back. */
  async drop(key) {
    const coming = this.coming.get(key);
    this.coming.delete(key);
    const model = await coming?.catch(() => null);
    this.models.delete(key);
    model?.close();
  }

  close() {
    for (const key of [...this.coming.keys()]) this.drop(key);
  }
}
