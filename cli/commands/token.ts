/** `mintline token new NAME ROLE`: a token for the API, made here and shown once; the server keeps its hash. */
import { createHash, randomBytes } from "node:crypto";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { ROLES } from "../../shared/roles.ts";
import { run } from "../context.ts";
import { EXIT } from "../failure.ts";

/** 256 bits: the hash of such a token can be kept without salt, since nobody can go through them. */
const TOKEN_BYTES = 32;

export function registerToken(program: Command): void {
  const token = program
    .command("token")
    .description("Tokens for the HTTP API and this CLI.")
    .addHelpText("after", "\nExample:\n  npx --no mintline token new alice operator");
  token
    .command("new")
    .summary("make a token and its API_TOKENS entry")
    .description(
      "Makes a random token and prints it once, with the entry for API_TOKENS that lets it in. Nothing is sent anywhere and nothing is kept: who loses the token makes another.",
    )
    .argument("<name>", "whose token it is; shows up in the log", tokenName)
    .addArgument(new Argument("<role>", "viewer reads, operator also submits, admin does all").choices(ROLES))
    .addHelpText("after", "\nExample:\n  npx --no mintline token new alice operator")
    .action((name: string, role: string, _options: unknown, command: Command) =>
      run(command, async ({ terminal }) => {
        const secret = randomBytes(TOKEN_BYTES).toString("base64url");
        const entry = `${name}:${role}:${createHash("sha256").update(secret).digest("hex")}`;
        terminal.emit({ name, role, token: secret, apiTokens: entry });
        terminal.say(`MINTLINE_TOKEN=${secret}`, `API_TOKENS=${entry}`);
        terminal.complain(
          "",
          `The first line is for ${name}: keep it now, it is not shown again.`,
          "The second is for the server: add it to API_TOKENS in .env (entries are separated by commas) and restart,",
          "or set it in production with `npx wrangler secret put API_TOKENS`.",
        );
        return EXIT.good;
      }),
    );
}

function tokenName(text: string): string {
  if (/^[\w.@-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected 1 to 64 letters, digits, dots, dashes, underscores or @.");
}
