/** Two rows in a hundred that the service will never take: they die at once, in its own words, and only they. */
import type { FaultInput } from "../../../emulator/faults.ts";
import { allPages } from "../../../shared/api/client.ts";
import type { DeadLetter } from "../../../shared/api/contract.ts";
import { untilResting } from "../batches.ts";
import { dice, pick } from "../dice.ts";
import { endOf } from "../ending.ts";
import { must } from "../must.ts";
import type { MadeRow } from "../rows.ts";
import { exactly, type Run } from "../run.ts";
import { type Stage, setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

const SHARE = 0.02;

/** Where a row is refused, turn and turn about. */
const WHERE = [
  { method: "CreateToken", error: "ValidationFailed" },
  { method: "CreateAsset", error: "InvalidArgument" },
  { method: "UploadAsset", error: "InvalidArgument" },
  { method: "UpdateToken", error: "ValidationFailed" },
] as const;

const wordsFor = (tokenId: string): string => `relic ${tokenId} is cursed and will not be kept here`;

export const refusalsRun: Run = {
  name: "refusals",
  mustShow:
    "2 % permanent refusals; exactly those dead, each after 1 attempt, each with the server's own words",
  alone: false,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage({ seed }), async (stage) => {
      const count = quick ? 200 : 2_000;
      const file = stage.makeFile({ count });
      const refused = pick(file.rows, count * SHARE, dice(seed));
      await stage.emulator.setFaults(...refused.map(({ tokenId }, index) => refusal(tokenId, index)));
      const id = await stage.submit(file);
      const batch = await untilResting(stage, id, { withinSeconds: 400 });
      const letters = must(await allPages((cursor) => stage.client().deadLetters({ batchId: id, cursor })));
      const speechless = await withoutWords(stage, letters);
      return endOf(stage, {
        published: file.rows.filter((row) => !refused.includes(row)),
        figures: () => [
          exactly("completed", batch.jobs.completed, count - refused.length),
          exactly("dead letters", letters.length, refused.length),
          exactly("dead letters of other rows", letters.filter((one) => !isOneOf(refused, one)).length, 0),
          exactly(
            "dead letters after more than 1 attempt",
            letters.filter(({ attempts }) => attempts !== 1).length,
            0,
          ),
          exactly("dead letters without the server's words", speechless, 0),
        ],
      });
    }),
};

function refusal(tokenId: string, index: number): FaultInput {
  const { method, error } = WHERE[index % WHERE.length] ?? WHERE[0];
  return {
    id: `refuse-${index}`,
    where: { method, tokenId },
    what: { kind: "refuse", error, cause: wordsFor(tokenId) },
  };
}

const isOneOf = (rows: readonly MadeRow[], { tokenId }: DeadLetter): boolean =>
  rows.some((row) => row.tokenId === tokenId);

/** In the message that people read, and in the response that is kept. */
async function withoutWords(stage: Stage, letters: readonly DeadLetter[]): Promise<number> {
  let missing = 0;
  for (const { jobId, message, tokenId } of letters) {
    const { response } = must(await stage.client().deadLetter(jobId));
    const words = wordsFor(tokenId);
    if (!message.includes(words) || !response?.body?.includes(words)) missing += 1;
  }
  return missing;
}
