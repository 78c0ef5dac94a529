import { parseNetwork } from "./net.js";

const heads = new Map();

/** The classifier's last layers, from 64 features to 10 digits; small enough for the main thread. */
function headOf(path) {
  if (!heads.has(path)) {
    const coming = fetchHead(path);
    coming.catch(() => heads.delete(path));
    heads.set(path, coming);
  }
  return heads.get(path);
}

async function fetchHead(path) {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new Error(`${response.status} for ${path}`);
  const { layers, parts } = parseNetwork(await response.arrayBuffer());
  return layers.slice(parts[0], parts[1]);
}

/** Read the digit in the picture of each z; null where the classifier cannot run. */
export async function readDigits(model, zs) {
  const features = await model.features(zs);
  if (!features) return null;
  const head = await headOf(model.card.classifier);
  return features.map((feature) => {
    const logits = head.reduce((values, layer) => layer.forward(values, 1), feature).slice(0, 10);
    return logits.indexOf(Math.max(...logits));
  });
}
