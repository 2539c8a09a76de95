/** The producer Worker as it is, its bindings metered; at one more address both Workers' counts. */
import type { IntakeMessage } from "../../../shared/job/message.ts";
import worker from "../../../workers/producer/index.ts";
import { counts, metered } from "./bindings.ts";

type Env = ProducerEnv & { readonly CONSUMER: Fetcher };

export default {
  async fetch(request, env, ctx): Promise<Response> {
    if (new URL(request.url).pathname !== "/bench/counts") {
      counts.requests += 1;
      return worker.fetch(request, metered(env), ctx);
    }
    const consumer = await env.CONSUMER.fetch("http://consumer/");
    return Response.json({ producer: counts, consumer: await consumer.json() });
  },
  async queue(messages, env): Promise<void> {
    counts.requests += 1;
    counts.deliveries += 1;
    counts.messagesDelivered += messages.messages.length;
    await worker.queue(messages, metered(env));
  },
  async scheduled(event, env): Promise<void> {
    counts.requests += 1;
    await worker.scheduled(event, metered(env));
  },
} satisfies ExportedHandler<Env, IntakeMessage>;
