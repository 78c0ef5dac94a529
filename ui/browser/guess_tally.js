const ENOUGH = 8;
const RECENT = 10;
const NEARLY_ALWAYS = 0.9;
const LIKE_GUESSING = 0.6;
/** Shares that differ by less than this are called equal. */
const CLOSE = 0.1;

/** A running score of the student against D. */
export class Tally {
  constructor() {
    Object.assign(this, { count: 0, student: 0, d: 0, streak: 0, best: 0, last: [] });
  }

  /** Count a round: `{student_right, d_right}`. */
  add({ student_right: student, d_right: d }) {
    this.count += 1;
    this.student += student ? 1 : 0;
    this.d += d ? 1 : 0;
    this.streak = student ? this.streak + 1 : 0;
    this.best = Math.max(this.best, this.streak);
    this.last = [...this.last, { student, d }].slice(-RECENT);
  }

  /** How many rounds are missing before the numbers say anything. */
  get missing() {
    return Math.max(0, ENOUGH - this.count);
  }

  /** What the score says: "few", "both", "neither", "student", "d" or "equal". */
  verdict() {
    if (this.missing) return "few";
    const [student, d] = [this.student / this.count, this.d / this.count];
    if (student >= NEARLY_ALWAYS && d >= NEARLY_ALWAYS) return "both";
    if (student <= LIKE_GUESSING && d <= LIKE_GUESSING) return "neither";
    if (Math.abs(student - d) < CLOSE) return "equal";
    return student > d ? "student" : "d";
  }
}
