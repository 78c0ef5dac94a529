/** 1234 → "1,234"; null → "–". */
export const grouped = (value) => (value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en"));

/** A number with fixed decimals and a true minus sign; null → "–". */
export function decimals(value, places) {
  return Number.isFinite(value) ? value.toFixed(places).replace("-", "\u2212") : "–";
}

/** 12000 → "12k"; small numbers stay as they are. */
export function compact(value) {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toFixed(2))}M`;
  return Math.abs(value) >= 1e3 ? `${Number((value / 1e3).toFixed(2))}k` : String(value);
}

/** A step of 1, 2 or 5 times a power of ten that gives about `count` ticks. */
export function niceStep(span, count) {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}

/** Tick values from `low` to `high`. */
export function ticks(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

/** A tick as text, with as many decimals as the step needs. */
export function tickText(value, step) {
  if (step >= 1) return compact(Math.round(value)).replace("-", "\u2212");
  return decimals(value, Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))));
}

const ENOUGH_FOR_QUANTILES = 50;

/**
 * The y-range that shows the course of a curve even when a few spikes are huge.
 * Starts at 0 when nothing is negative; values outside are clipped and marked by the chart.
 */
export function robustRange(values, theory) {
  const sorted = Float64Array.from(values).sort();
  const quantile = (part) => sorted[Math.round(part * (sorted.length - 1))];
  let low = Math.min(0, sorted[0] ?? 0, ...theory);
  let high = Math.max(sorted.at(-1) ?? 0, ...theory);
  if (sorted.length >= ENOUGH_FOR_QUANTILES) {
    const [under, over] = [quantile(0.02), quantile(0.98)];
    if (over > 0 && high > 4 * over) high = Math.max(1.25 * over, ...theory);
    if (under < 0 && low < 4 * under) low = Math.min(1.25 * under, ...theory);
  }
  return high > low ? [low, high] : [low, low + 1];
}
