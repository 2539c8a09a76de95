/** The consumer Worker: which queue goes where. */
import { consume } from "./consume.ts";
import { openContext } from "./context.ts";
import { keepDeadLetters } from "./dead-letter.ts";

export { UpstreamGate } from "./upstream-gate.ts";

/** `mintline-dead`, or that of another environment: `mintline-dead-staging`. */
const isDeadQueue = (name: string): boolean => /^mintline-dead(-|$)/.test(name);

export default {
  async queue(messages, env, execution): Promise<void> {
    const context = openContext(env);
    if (!context.ok) {
      // The messages stay: a person mends the configuration, and nothing was lost meanwhile.
      console.error(JSON.stringify({ level: "error", event: "config.invalid", problems: context.error }));
      messages.retryAll({ delaySeconds: 60 });
      return;
    }
    if (isDeadQueue(messages.queue)) await keepDeadLetters(messages, context.value);
    else await consume(messages, context.value, (promise) => execution.waitUntil(promise));
  },
} satisfies ExportedHandler<ConsumerEnv, unknown>;
