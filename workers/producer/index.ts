/** The producer Worker: HTTP API, intake and sweep. */
import type { IntakeMessage, ReplayMessage } from "../../shared/job/message.ts";
import { createLog } from "../../shared/log.ts";
import { app } from "./app.ts";
import { openContext } from "./context.ts";
import { consumeIntake } from "./queue.ts";
import { sweep } from "./sweep/sweep.ts";

export default {
  fetch: app.fetch,
  queue: consumeIntake,
  async scheduled(_event, env) {
    const ctx = openContext(env);
    if (ctx.ok) await sweep(ctx.value);
    else createLog({ worker: "producer" }).error("config.invalid", { problems: ctx.error });
  },
} satisfies ExportedHandler<ProducerEnv, IntakeMessage | ReplayMessage>;
