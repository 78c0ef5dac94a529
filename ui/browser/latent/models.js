import { parseNetwork, toGrey } from "./net.js";

const PIXELS = 784;
const NEEDED = ["Worker", "AbortController", "TextDecoder"];
// A worker that has not come up by then is taken to be forbidden here.
const WORKER_PATIENCE = 30000;
const RETRY_PAUSE = 5000;

/** Names of the features this browser lacks for running networks itself; empty if it can. */
export function missingFeatures() {
  return NEEDED.filter((name) => !(name in globalThis));
}

/** Fetch from our server; anything but success is an error with its status. */
async function ask(path, options) {
  const response = await fetch(new URL(path, document.baseURI), options);
  if (!response.ok) throw Object.assign(new Error(`${response.status} for ${path}`), { status: response.status });
  return response.arrayBuffer();
}

/** Put vectors one after the other. */
function joined(vectors) {
  const size = vectors[0]?.length ?? 0;
  const whole = new Float32Array(vectors.length * size);
  vectors.forEach((vector, index) => whole.set(vector, index * size));
  return whole;
}

/** Cut an array into pieces of one size. */
function pieces(whole, size) {
  return Array.from({ length: whole.length / size }, (_, index) => whole.slice(index * size, (index + 1) * size));
}

/** The page's worker: knows what was asked and hands the answers out. */
class Crew {
  constructor() {
    Object.assign(this, { asked: new Map(), held: new Map(), next: 1 });
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error("the worker does not answer")), WORKER_PATIENCE);
      this.up = () => resolve(clearTimeout(patience));
      this.worker.addEventListener("error", () => reject(new Error("the worker could not be made")));
    });
    this.ready.catch(() => this.end());
    this.worker.addEventListener("message", ({ data }) => this.take(data));
  }

  take({ id, ready, news, result, error }) {
    if (ready) return this.up();
    const job = this.asked.get(id);
    if (!job) return;
    if (news) return job.onNews?.(news);
    this.asked.delete(id);
    if (error) console.warn("latent worker:", error);
    job.resolve(result ?? null);
  }

  /** Send a job; resolves to its result, or to null if it was cancelled or failed. */
  ask(job, { onNews, onId } = {}) {
    const id = this.next++;
    onId?.(id);
    return new Promise((resolve) => {
      if (this.ended) return resolve(null);
      this.asked.set(id, { resolve, onNews });
      this.worker.postMessage({ id, ...job });
    });
  }

  /** Give a job up: its promise resolves to null. */
  cancel(id) {
    if (!this.asked.has(id)) return;
    this.asked.get(id).resolve(null);
    this.asked.delete(id);
    this.worker.postMessage({ cancel: id });
  }

  /** Let the worker hold a network: `fetchBytes` is asked once, however many models share it. */
  hold(digest, fetchBytes) {
    const entry = this.held.get(digest) ?? { users: 0 };
    this.held.set(digest, entry);
    entry.users += 1;
    entry.coming ??= this.deliver(digest, entry, fetchBytes);
    return entry.coming;
  }

  /** Resolves to true once the worker has the network, to false if it cannot be had. */
  async deliver(digest, entry, fetchBytes) {
    try {
      const bytes = await fetchBytes();
      if (entry.users > 0 && !this.ended) this.worker.postMessage({ network: digest, bytes }, [bytes]);
      return true;
    } catch (error) {
      console.warn("latent worker:", error.message);
      return false;
    }
  }

  /** One user of a network less; with the last one the worker drops it. */
  release(digest) {
    const entry = this.held.get(digest);
    if (!entry || (entry.users -= 1) > 0) return;
    this.held.delete(digest);
    if (!this.ended) this.worker.postMessage({ forget: digest });
  }

  /** Stop the worker; whoever still waits gets null. */
  end() {
    if (this.ended) return;
    this.ended = true;
    this.worker.terminate();
    for (const { resolve } of this.asked.values()) resolve(null);
    this.asked.clear();
    if (crew === this) crew = null;
  }
}

let crew = null;
let members = 0;

/** The page's one worker. */
function join() {
  crew ??= new Crew();
  return crew;
}

/**
 * Open the model that a card describes. Resolves once pictures can be made.
 *
 * @param {object} card what `GET api/latent/model/…` answered
 * @param {{onReady?: (model) => void}} options onReady: called once verdicts, classes and features can be had as well
 * @returns {Promise<Model | RemoteModel>} a RemoteModel where this browser lacks features or the weights did not load
 */
export async function openModel(card, { onReady } = {}) {
  if (missingFeatures().length) return new RemoteModel(card, "features");
  members += 1;
  const result = await prepare(card).catch((error) => ({ reason: "features", error }));
  if (!result.reason) return new Model(card, result, onReady);
  console.warn("latent model:", result.error.message);
  leave();
  return new RemoteModel(card, result.reason);
}

/** Fetch and read the generator while the worker comes up. */
async function prepare(card) {
  const workers = join();
  const fetching = ask(card.generator).then((bytes) => ({ bytes, network: parseNetwork(bytes) }));
  const weights = fetching.catch((error) => ({ reason: "weights", error }));
  await workers.ready;
  return { crew: workers, ...(await weights) };
}

function leave() {
  members -= 1;
  if (members === 0) crew?.end();
}

/**
 * A generator that runs in this browser: one picture at once here, everything longer in the worker.
 *
 * `isTold` says whether it draws the digit that it is asked for, which is then `digit`.
 */
class Model {
  remote = false;
  reason = null;
  digit = 0;

  constructor(card, { crew: workers, bytes, network }, onReady) {
    Object.assign(this, { card, crew: workers, bytes, network, onReady, latentDim: network.inputSize, isTold: network.isTold, lanes: new Map(), jobs: new Set(), judges: [] });
  }

  /** Make one picture at once (2 to 3 ms); returns 784 grey bytes. */
  picture(z, digit = this.digit) {
    // Verdicts shall not delay the first picture: what they need is fetched after it.
    if (!this.warming) setTimeout(() => this.warm());
    return toGrey(this.network.of(digit).forward(z));
  }

  /** Make pictures in the worker; with a `lane`, a later call on it ends this one, which then resolves to null. */
  async pictures(zs, { onSome, lane } = {}) {
    if (!zs.length) return [];
    const take = ({ from, grey }) => pieces(grey, PIXELS).forEach((picture, index) => onSome?.(from + index, picture));
    const grey = await this.ask({ kind: "pictures", points: joined(zs), count: zs.length }, { lane, onNews: take });
    return grey && pieces(grey, PIXELS);
  }

  /**
   * Ask D and the classifier about the picture of z; null if a later call overtook this one.
   *
   * A question under way is answered: on a slow machine a drag would otherwise never see a verdict.
   */
  judge(z) {
    return new Promise((resolve) => {
      this.question?.resolve(null);
      this.question = { z: Float32Array.from(z), resolve };
      if (!this.judging) this.answerQuestions();
    });
  }

  async answerQuestions() {
    this.judging = true;
    while (this.question) {
      const { z, resolve } = this.question;
      this.question = null;
      resolve(await this.ask({ kind: "judge", points: z, count: 1 }, { judges: true }));
    }
    this.judging = false;
  }

  /** Return what the classifier's 64 features are for the picture of each z. */
  async features(zs) {
    if (!zs.length) return [];
    return this.ask({ kind: "features", points: joined(zs), count: zs.length }, { judges: true });
  }

  /**
   * Look for the z whose picture comes closest to `target` (784 pixels in [-1, 1]); see search.js for the options.
   *
   * Resolves to {z, error, picture, errors}, or to null when `signal` ended it.
   */
  search(target, options = {}, { onProgress, signal } = {}) {
    return this.ask({ kind: "search", target: Float32Array.from(target), options }, { onNews: onProgress, signal });
  }

  /** Hand the weights to the worker and fetch the judges; done by itself after the first picture. */
  warm() {
    if (this.closed) return Promise.resolve();
    this.warming ??= this.fetchAll();
    return this.warming;
  }

  async fetchAll() {
    await this.handOver();
    if (this.closed) return;
    this.judges = [this.card.discriminator, this.card.classifier].filter(Boolean);
    const held = await Promise.all(this.judges.map((path) => this.crew.hold(path, () => ask(path))));
    if (this.closed) return;
    if (held.every(Boolean)) this.onReady?.(this);
    else this.retryLater();
  }

  /** The judges did not come: the next question after a while may fetch them again. */
  retryLater() {
    this.releaseJudges();
    setTimeout(() => (this.warming = null), RETRY_PAUSE);
  }

  releaseJudges() {
    for (const path of this.judges) this.crew.release(path);
    this.judges = [];
  }

  /** Give the generator's bytes to the worker, once. */
  handOver() {
    const { bytes } = this;
    this.bytes = null;
    this.handed ??= this.crew.hold(this.card.generator, async () => bytes);
    return this.handed;
  }

  async ask(job, { lane, judges, signal, onNews } = {}) {
    const turn = {};
    const { digit } = this;
    this.supersede(lane, turn);
    this.jobs.add(turn);
    const stop = () => this.giveUp(turn);
    signal?.addEventListener("abort", stop);
    await (judges ? this.warm() : this.handOver());
    let result = null;
    if (!turn.over && !this.closed && !signal?.aborted) {
      const { generator, discriminator, classifier, verdict } = this.card;
      result = await this.crew.ask({ ...job, digit, generator, discriminator, classifier, verdict }, { onNews, onId: (id) => (turn.id = id) });
    }
    signal?.removeEventListener("abort", stop);
    this.jobs.delete(turn);
    return turn.over ? null : result;
  }

  /** End what still runs on a lane and take its place. */
  supersede(lane, turn) {
    if (!lane) return;
    const before = this.lanes.get(lane);
    if (before) this.giveUp(before);
    this.lanes.set(lane, turn);
  }

  giveUp(turn) {
    turn.over = true;
    if (turn.id) this.crew.cancel(turn.id);
  }

  /** Give all work up and let the worker drop the networks; the last model takes the worker with it. */
  close() {
    if (this.closed) return;
    this.closed = true;
    for (const turn of this.jobs) this.giveUp(turn);
    if (this.handed) this.crew.release(this.card.generator);
    this.releaseJudges();
    leave();
  }
}

/** The same generator on the server, for browsers that cannot run it: pictures only. */
class RemoteModel {
  remote = true;
  digit = 0;

  /** `reason`: "features" if this browser lacks some, "weights" if they did not load. */
  constructor(card, reason) {
    Object.assign(this, { card, reason, latentDim: card.latent_dim, isTold: Boolean(card.conditional), lanes: new Map(), running: new Set() });
  }

  picture() {
    return null;
  }

  /**
   * Have pictures made by the server, up to 225 at a time; null if a later call on the lane overtook this one or the line broke.
   *
   * `digits` asks for one of each point, up to 225 of them; without it all are asked for `digit`.
   */
  async pictures(zs, { onSome, lane, digits = [this.digit] } = {}) {
    if (!zs.length) return [];
    const abort = new AbortController();
    if (lane) {
      this.lanes.get(lane)?.abort();
      this.lanes.set(lane, abort);
    }
    this.running.add(abort);
    const made = await this.fetchPictures(zs, digits.join(""), abort.signal).catch(() => null);
    this.running.delete(abort);
    if (abort.signal.aborted) return null;
    made?.forEach((picture, index) => onSome?.(index, picture));
    return made;
  }

  async fetchPictures(zs, digits, signal) {
    const made = [];
    for (let start = 0; start < zs.length; start += 225) {
      const body = joined(zs.slice(start, start + 225));
      const grey = await ask(`${this.card.pictures}?digits=${digits}`, { method: "POST", body, signal });
      made.push(...pieces(new Uint8Array(grey), PIXELS));
    }
    return made;
  }

  async judge() {
    return null;
  }

  async features() {
    return null;
  }

  async search() {
    return null;
  }

  async warm() {}

  /** Give all requests up. */
  close() {
    for (const abort of this.running) abort.abort();
  }
}
