const SUBSCRIPTS = "₁₂₃₄";
const MOST = 4;

/** The bumps of p and q, one of them chosen; a name is the density's letter and a number from 0. */
export class Bumps {
  constructor(densities) {
    this.set(densities);
  }

  /** Take copies of other densities; the first bump of q is chosen. */
  set({ p, q }) {
    this.p = p.map((bump) => ({ ...bump }));
    this.q = q.map((bump) => ({ ...bump }));
    this.name = "q0";
  }

  get names() {
    return ["p", "q"].flatMap((side) => this[side].map((_, index) => `${side}${index}`));
  }

  get chosen() {
    return this.find(this.name);
  }

  find(name) {
    return this[name[0]][Number(name[1])];
  }

  /** "p", or "p₂" where there are several. */
  label(name) {
    return this[name[0]].length > 1 ? name[0] + SUBSCRIPTS[Number(name[1])] : name[0];
  }

  choose(name) {
    if (this.find(name)) this.name = name;
  }

  edit(change) {
    Object.assign(this.chosen, change);
  }

  /** Put one more bump where the widest free space is. */
  add(side) {
    if (this[side].length >= MOST) return;
    const places = [-8, ...this[side].map((bump) => bump.mean).sort((one, other) => one - other), 8];
    const widths = places.slice(1).map((place, index) => place - places[index]);
    const widest = widths.indexOf(Math.max(...widths));
    this[side].push({ mean: Math.round((places[widest] + places[widest + 1]) / 2), width: 0.7, weight: 1 });
    this.name = `${side}${this[side].length - 1}`;
  }

  remove() {
    const side = this.name[0];
    if (this[side].length < 2) return;
    this[side].splice(Number(this.name[1]), 1);
    this.name = `${side}0`;
  }

  /** As the route wants them. */
  densities() {
    const lists = (bumps) => ({ weights: bumps.map((one) => one.weight), means: bumps.map((one) => one.mean), widths: bumps.map((one) => one.width) });
    return { p: lists(this.p), q: lists(this.q) };
  }

  /** The distance of two single bumps of width 1, for which the curves over d are right; otherwise null. */
  gapOf({ p, q }) {
    const plain = [p, q].every((one) => one.means.length === 1 && Math.abs(one.widths[0] - 1) < 1e-9);
    return plain ? Math.abs(p.means[0] - q.means[0]) : null;
  }
}
