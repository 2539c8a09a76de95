/** Thrown, and only caught where a run ends: the job is put down between two steps. No failure. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}
