/** `mintline collection link|refresh`: where wallets and marketplaces look for the tokens of a collection. */
import { type Command, InvalidArgumentError } from "commander";
import type { Refresh } from "../../shared/api/contract.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { followRefresh } from "../follow.ts";
import { text, wholeNumber } from "../options.ts";

const collectionId = wholeNumber(1);

export function registerReach(collection: Command): void {
  collection
    .command("link")
    .summary("link a contract to a collection")
    .description(
      "Records that a contract's tokens have their metadata here, and links it at Sequence where that allows it; a refusal is said, and the record kept. The contract itself is told with `collection show`. Needs an admin token.",
    )
    .argument("<collection>", "id of the collection", collectionId)
    .requiredOption("--chain <id>", "chain id, such as 137 for Polygon", wholeNumber(1))
    .requiredOption("--contract <address>", "the contract's address, 0x…", address)
    .addHelpText(
      "after",
      "\nExample:\n  npx --no mintline collection link 900 --chain 137 --contract 0x631998e91476da5b870d741192fc5cbc55f5a52e",
    )
    .action((id: number, options: { chain: number; contract: string }, command: Command) =>
      run(command, (context) => link(context, id, options)),
    );
  collection
    .command("refresh")
    .summary("let wallets and marketplaces look again")
    .description(
      "Asks Sequence's indexer to read the tokens again that have changed, at every linked contract, and follows it to the end. Uses the project's public key (PROJECT_ACCESS_KEY).",
    )
    .argument("<collection>", "id of the collection", collectionId)
    .option("--batch <batch>", "only the tokens that this batch made or changed", text)
    .option("--no-watch", "do not wait for its end")
    .addHelpText(
      "after",
      "\nExample:\n  npx --no mintline collection refresh 900 --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C",
    )
    .action((id: number, options: { batch?: string; watch: boolean }, command: Command) =>
      run(command, (context) => refresh(context, id, options)),
    );
}

function address(value: string): string {
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) return value;
  throw new InvalidArgumentError(`Expected 0x and 40 hex digits, got "${value}".`);
}

async function link(
  { client, terminal, typed, failed }: Context,
  id: number,
  { chain, contract }: { chain: number; contract: string },
): Promise<ExitCode> {
  const linked = await client.linkContract(id, { chainId: chain, contractAddress: contract });
  if (!linked.ok) return failed(linked.error);
  const { contractAddress, refused } = linked.value;
  terminal.emit(linked.value);
  terminal.say(`collection ${id} ← contract ${contractAddress} on chain ${chain}: recorded`);
  if (refused === null) terminal.say("linked at Sequence");
  else terminal.say(`not linked at Sequence (${refused.code}): ${refused.message}`, `next: ${refused.next}`);
  terminal.say(
    `what the contract must be told: ${typed(`collection show ${id}`)}`,
    `then: ${typed(`collection refresh ${id}`)}`,
  );
  return EXIT.good;
}

async function refresh(
  context: Context,
  id: number,
  { batch, watch }: { batch?: string; watch: boolean },
): Promise<ExitCode> {
  const { client, terminal, failed } = context;
  const begun = await client.refreshCollection(id, batch === undefined ? {} : { batchId: batch });
  if (!begun.ok) return failed(begun.error);
  terminal.say(`refresh ${begun.value.id} of collection ${id}`);
  if (!watch) {
    terminal.emit(begun.value);
    terminal.say(`where it stands: GET /v1/refreshes/${begun.value.id}`);
    return EXIT.good;
  }
  const progress = terminal.progress();
  const ended = await followRefresh(client, context, begun.value.id, (refresh) => {
    terminal.emit(refresh);
    progress.update(refresh.done + refresh.failed, refresh.tokens, standText(refresh));
  });
  progress.stop();
  if (!ended.ok) return failed(ended.error);
  const { state, error, failed: bad } = ended.value;
  terminal.say(`${state}: ${standText(ended.value)}`);
  if (error !== null) terminal.say(`${error.code}: ${error.message}`, `next: ${error.next}`);
  if (state === "halted") return EXIT.unreachable;
  return bad > 0 ? EXIT.rows : EXIT.good;
}

const standText = ({ tokens, done, failed }: Refresh): string =>
  `${tokens} asked for, ${done} refreshed, ${failed} failed`;
