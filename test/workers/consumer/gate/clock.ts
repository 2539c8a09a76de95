/** Time that only a simulation moves, and dice with a seed: the same scenario always comes out the same. */

/** Something that goes on for a while: it yields the time (ms) at which it wants to go on. */
export type Course = Generator<number, void, void>;

type Event = { readonly at: number; readonly order: number; readonly happen: () => void };

export class Clock {
  now: number;
  #order = 0;
  /** A binary heap: the next event is at 0. */
  readonly #events: Event[] = [];

  constructor(now: number) {
    this.now = now;
  }

  at(time: number, happen: () => void): void {
    this.#events.push({ at: Math.max(time, this.now), order: this.#order++, happen });
    let child = this.#events.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) break;
      child = parent;
    }
  }

  run(course: Course): void {
    const { value, done } = course.next();
    if (!done) this.at(value, () => this.run(course));
  }

  play(until: number): void {
    for (let next = this.#events[0]; next && next.at <= until; next = this.#events[0]) {
      this.#removeFirst();
      this.now = next.at;
      next.happen();
    }
  }

  #removeFirst(): void {
    const last = this.#events.pop();
    if (last === undefined || this.#events.length === 0) return;
    this.#events[0] = last;
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      const child = this.#isEarlier(right, left) ? right : left;
      if (!this.#swapIfEarlier(child, parent)) return;
      parent = child;
    }
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#events[one], this.#events[other]];
    if (!a || !b) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [a, b] = [this.#events[child], this.#events[parent]];
    if (!a || !b || !this.#isEarlier(child, parent)) return false;
    this.#events[child] = b;
    this.#events[parent] = a;
    return true;
  }
}

/** Numbers in [0, 1), by Tommy Ettinger's mulberry32. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
