import { parseNetwork, toGrey } from "./net.js";
import { search } from "./search.js";

// A few pictures at a time: a verdict asked for meanwhile shall not wait longer than that.
const SLICE = 4;
const PROGRESS_PACE = 150;
/** Most urgent first: what follows the pointer comes before what fills a sheet. */
const URGENCY = ["judge", "pictures", "features", "search"];

const networks = new Map();
const jobs = new Map();
const { port1: bell, port2: rope } = new MessageChannel();
let working = false;

/** Each kind of job is a generator function: one slice per step, so that others get in between. */
const KINDS = {
  *pictures({ points, count }, { generator }, tell) {
    const grey = new Uint8Array(count * generator.outputSize);
    for (let from = 0; from < count; from += SLICE) {
      const size = Math.min(SLICE, count - from);
      const some = toGrey(generator.forward(points.subarray(from * generator.inputSize, (from + size) * generator.inputSize), size));
      grey.set(some, from * generator.outputSize);
      tell({ from, grey: some });
      yield;
    }
    return grey;
  },

  *judge({ points, verdict }, { generator, discriminator, classifier }) {
    const picture = generator.forward(points);
    const [features, classes] = classifier.forwardParts(picture);
    const logit = discriminator ? discriminator.forward(picture)[0] : null;
    const probability = verdict === "probability" && logit !== null;
    return { logit, verdict: probability ? 1 / (1 + Math.exp(-logit)) : logit, classes, features };
  },

  *features({ points, count }, { generator, classifier }) {
    const all = [];
    for (let index = 0; index < count; index += 1) {
      const z = points.subarray(index * generator.inputSize, (index + 1) * generator.inputSize);
      all.push(classifier.forwardParts(generator.forward(z))[0]);
      yield;
    }
    return all;
  },

  *search({ target, options }, { generator }, tell) {
    const began = performance.now();
    let told = began;
    const steps = search(generator, target, options);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return { ...value, picture: toGrey(value.picture) };
      const now = performance.now();
      if (now - told >= PROGRESS_PACE) {
        told = now;
        tell(progress(value, now - began));
      }
      yield;
    }
  },
};

/** What the page is told of a search under way. */
function progress({ done, best, ...state }, spent) {
  return { ...state, best: { ...best, picture: toGrey(best.picture) }, secondsLeft: ((spent / 1000) * (1 - done)) / done };
}

/** The networks of a job, as they are for its digit; one that is not here stays null. */
function cast({ generator, discriminator, classifier, digit }) {
  const find = (digest) => networks.get(digest)?.of(digit) ?? null;
  return { generator: find(generator), discriminator: find(discriminator), classifier: find(classifier) };
}

function take({ data }) {
  if (data.network) hold(data.network, data.bytes);
  else if (data.forget) networks.delete(data.forget);
  else if (data.cancel) jobs.delete(data.cancel);
  else start(data);
}

function hold(digest, bytes) {
  try {
    networks.set(digest, parseNetwork(bytes));
  } catch (error) {
    // A job that needs it will fail and say so; the others go on.
    console.warn("latent worker:", error.message);
  }
}

function start(job) {
  const tell = (news) => postMessage({ id: job.id, news });
  jobs.set(job.id, { ...job, steps: KINDS[job.kind](job, cast(job), tell) });
  if (!working) ring();
}

/** Let waiting messages in, then go on. */
function ring() {
  working = true;
  rope.postMessage(null);
}

function work() {
  const job = [...jobs.values()].reduce((first, other) => (URGENCY.indexOf(other.kind) < URGENCY.indexOf(first.kind) ? other : first), jobs.values().next().value);
  if (job) advance(job);
  working = jobs.size > 0;
  if (working) ring();
}

/** Do one slice of a job; send its result if that was the last. */
function advance({ id, steps }) {
  try {
    const { done, value } = steps.next();
    if (!done) return;
    postMessage({ id, result: value });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
  jobs.delete(id);
}

bell.onmessage = work;
onmessage = take;
postMessage({ ready: true });
