/** The consumer Worker as it is, its bindings metered; its counts for whoever is bound to it, which is the producer. */
import worker, { UpstreamGate as Gate } from "../../../workers/consumer/index.ts";
import { counts, metered } from "./bindings.ts";

export class UpstreamGate extends Gate {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const { kv } = ctx.storage;
    const put = kv.put.bind(kv);
    kv.put = (name, value) => {
      counts.objectRowsWritten += 1;
      put(name, value);
    };
  }
}

export default {
  fetch: () => Response.json(counts),
  async queue(messages, env, execution): Promise<void> {
    counts.requests += 1;
    counts.deliveries += 1;
    counts.messagesDelivered += messages.messages.length;
    await worker.queue(messages, metered(env), execution);
  },
} satisfies ExportedHandler<ConsumerEnv, unknown>;
