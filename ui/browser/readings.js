/** What the meter of a run has read, as this page holds it; only new rows travel. */
export class MeterHistory {
  constructor() {
    Object.assign(this, { thinned: 0, names: [], iterations: [], rows: [], centres: null });
  }

  get held() {
    return { meter: this.thinned, meter_from: this.rows.length };
  }

  /** Take in what the server sent, and say whether that was anything new. After a gap nothing is held, so that the next question asks for all. */
  merge(update) {
    if (!update) return false;
    if (update.start > this.rows.length) {
      Object.assign(this, new MeterHistory());
      return true;
    }
    const { thinned, start, names, iterations, rows, centres } = update;
    const isNew = rows.length > 0 || start < this.rows.length;
    Object.assign(this, { thinned, names, centres });
    this.iterations.splice(start, Infinity, ...iterations);
    this.rows.splice(start, Infinity, ...rows);
    return isNew;
  }

  /** One measure as a curve for a chart; null where it was not measured. */
  points(name) {
    const column = this.names.indexOf(name);
    return this.rows.map((row, index) => {
      const value = row[column] ?? null;
      return value === null ? null : { x: this.iterations[index], mean: value, low: value, high: value };
    });
  }

  /** The newest row by name; null before the first, and for what is not measured. */
  get newest() {
    const row = this.rows.at(-1);
    return row ? { ...Object.fromEntries(this.names.map((name, index) => [name, row[index]])), centres: this.centres } : null;
  }
}
