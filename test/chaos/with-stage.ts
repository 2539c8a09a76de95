/** A run's work on its stage; the stage is taken down whatever happens, and kept for a look where it failed. */
import { holds, type Shown } from "./run.ts";
import type { Stage } from "./stage.ts";

export async function withStage(
  setting: Promise<Stage>,
  work: (stage: Stage) => Promise<Shown>,
): Promise<Shown> {
  const stage = await setting;
  let keepState = true;
  try {
    const shown = await work(stage);
    keepState = !holds(shown);
    return keepState ? { ...shown, failings: [...shown.failings, keptIn(stage)] } : shown;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}; ${keptIn(stage)}`, { cause: error });
  } finally {
    await stage.close(keepState);
  }
}

const keptIn = ({ stateDir }: Stage): string => `state and logs are kept in ${stateDir}`;
