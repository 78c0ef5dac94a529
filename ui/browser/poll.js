// Six looks a second: smooth to the eye, and drawing leaves the training its cores.
const RUNNING_PACE = 160;
const RESTING_PACE = 400;
const HIDDEN_PACE = 2000;
const SLOWEST_RETRY = 3000;
const PATIENCE = 10000;

/** A random name for this viewer. (`crypto.randomUUID` needs https, which a classroom network may lack.) */
function viewerName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Split an answer into its JSON state and the bytes of its picture (null when there is none). */
export function decodeAnswer(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const state = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const picture = buffer.byteLength > 4 + length ? new Uint8Array(buffer, 4 + length) : null;
  return { state, picture };
}

/** Speaks to one run on the server. */
export class RunClient {
  constructor(token) {
    this.path = `api/run/${encodeURIComponent(token)}`;
    this.viewer = viewerName();
  }

  /** The address of something that belongs to this run. */
  url(rest = "") {
    return new URL(this.path + rest, document.baseURI).href;
  }

  /** Fetch what is new since `held`; resolves to {state, picture}. */
  async news(held, signal) {
    const query = new URLSearchParams({ ...held, viewer: this.viewer });
    return decodeAnswer(await (await this.fetch(`?${query}`, { signal })).arrayBuffer());
  }

  /** Fetch a picture and decode it. */
  async bitmap(rest) {
    return createImageBitmap(await (await this.fetch(rest)).blob());
  }

  /** Fetch a recorded look: its JSON and its bytes. */
  async look(rest) {
    return decodeAnswer(await (await this.fetch(rest)).arrayBuffer());
  }

  /** Fetch something in JSON. */
  async json(rest = "") {
    return (await this.fetch(rest)).json();
  }

  /** Send one verb, such as "play" or "step?count=10". */
  async post(verb) {
    await this.fetch(`/${verb}`, { method: "POST" });
  }

  async fetch(rest, options = {}) {
    const response = await fetch(this.url(rest), { cache: "no-store", ...options });
    if (!response.ok) throw Object.assign(new Error(`${response.status} for ${rest}`), { status: response.status });
    return response;
  }
}

/** Speaks to two runs that are steered as one. */
export class PairClient extends RunClient {
  constructor(token) {
    super(token);
    this.path = `api/pair/${encodeURIComponent(token)}`;
  }
}

/** Asks the server for news at a pace that fits the run's state; never two questions at once. */
export class Poller {
  /**
   * @param {RunClient} client
   * @param {{held: () => object, answer: (news: object) => Promise<void>, lost: () => void, gone: () => void, pace?: number}} listener
   *   `pace`: milliseconds from one question to the next while the run trains.
   */
  constructor(client, listener) {
    Object.assign(this, { client, listener, pace: RESTING_PACE, failures: 0, busy: false, again: false, stopped: false });
    this.wake = () => this.soon();
    document.addEventListener("visibilitychange", this.wake);
    this.soon();
  }

  /** Ask at once, or as soon as the question under way is answered. */
  soon() {
    if (this.stopped) return;
    clearTimeout(this.timer);
    if (this.busy) this.again = true;
    else this.ask();
  }

  /** Ask no more. */
  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort?.abort();
    document.removeEventListener("visibilitychange", this.wake);
  }

  async ask() {
    this.busy = true;
    this.again = false;
    const began = performance.now();
    try {
      await this.exchange();
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
      if (!this.stopped) this.timer = setTimeout(() => this.ask(), this.delay(performance.now() - began));
    }
  }

  async exchange() {
    this.abort = new AbortController();
    const patience = setTimeout(() => this.abort.abort(), PATIENCE);
    try {
      const news = await this.client.news(this.listener.held(), this.abort.signal);
      if (this.stopped) return;
      this.failures = 0;
      this.pace = news.state.state === "running" ? (this.listener.pace ?? RUNNING_PACE) : RESTING_PACE;
      await this.listener.answer(news);
    } finally {
      clearTimeout(patience);
    }
  }

  fail(error) {
    if (this.stopped) return;
    if (error.status === 404) {
      this.stop();
      this.listener.gone();
    } else {
      this.failures += 1;
      // One missed answer is not worth a message: the next may come in a tenth of a second.
      if (this.failures > 1) this.listener.lost(error);
    }
  }

  delay(spent) {
    if (this.failures) return Math.min(SLOWEST_RETRY, 150 * 2 ** this.failures);
    if (this.again) return 0;
    return Math.max(20, (document.hidden ? HIDDEN_PACE : this.pace) - spent);
  }
}
