/** Who is logged in, in which account, on which Workers plan, under which workers.dev name. Reads only. */
import * as z from "zod";
import type { WorkersPlan } from "../../shared/plans.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { type Fault, usageFault } from "../failure.ts";
import { type Ask, createAsk, faultOf } from "./api.ts";
import { notLoggedIn } from "./grants.ts";
import { DEPLOY } from "./numbers.ts";
import type { Environment, Wrangler } from "./wrangler.ts";

export type Account = {
  readonly id: string;
  readonly ask: Ask;
  /** For Wrangler: the account is said, so that it never asks which. */
  readonly environment: Environment;
  /** Null: the token may not read subscriptions. */
  readonly plan: WorkersPlan | null;
  /** `studio` of https://mintline-producer.studio.workers.dev */
  readonly subdomain: string;
};

export async function logIn(environment: Environment, wrangler: Wrangler): Promise<Result<Account, Fault>> {
  const token = await tokenOf(environment, wrangler);
  if (!token.ok) return token;
  const base = (environment.CLOUDFLARE_API_BASE_URL?.trim() || DEPLOY.apiBase).replace(/\/+$/, "");
  const ask = createAsk({ base, token: token.value, fetch });
  const id = await accountOf(environment, ask);
  if (!id.ok) return id;
  const subdomain = await ask(
    "GET",
    `/accounts/${id.value}/workers/subdomain`,
    z.looseObject({ subdomain: z.string() }),
  );
  if (!subdomain.ok) return fail(faultOf(subdomain.error));
  return ok({
    id: id.value,
    ask,
    environment: { ...environment, CLOUDFLARE_ACCOUNT_ID: id.value },
    plan: await planOf(id.value, ask),
    subdomain: subdomain.value.subdomain,
  });
}

const Login = z.object({ type: z.enum(["oauth", "api_token"]), token: z.string() });

async function tokenOf(environment: Environment, wrangler: Wrangler): Promise<Result<string, Fault>> {
  const own = environment.CLOUDFLARE_API_TOKEN?.trim() ?? "";
  if (own !== "") return ok(own);
  const asked = await wrangler(["auth", "token", "--json"]);
  const login = asked.ok ? Login.safeParse(firstJson(asked.value)) : null;
  return login?.success
    ? ok(login.data.token)
    : fail(notLoggedIn("there is neither CLOUDFLARE_API_TOKEN nor a login of Wrangler's"));
}

function firstJson(output: string): unknown {
  try {
    return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  } catch {
    return null;
  }
}

const Accounts = z.array(z.looseObject({ id: z.string(), name: z.string() }));

async function accountOf(environment: Environment, ask: Ask): Promise<Result<string, Fault>> {
  const stated = environment.CLOUDFLARE_ACCOUNT_ID?.trim() ?? "";
  if (stated !== "") return ok(stated);
  const listed = await ask("GET", "/accounts", Accounts);
  if (!listed.ok) return fail(faultOf(listed.error));
  const [first, ...others] = listed.value;
  if (first !== undefined && others.length === 0) return ok(first.id);
  return fail(
    usageFault(
      "deploy.which_account",
      first === undefined
        ? "The token reaches no account."
        : `The token reaches ${listed.value.length} accounts: ${listed.value.map(({ id, name }) => `${name} (${id})`).join(", ")}.`,
      "Set CLOUDFLARE_ACCOUNT_ID to the one that is meant (dash.cloudflare.com → Workers & Pages shows it), then run the same command again.",
    ),
  );
}

const Subscriptions = z.array(z.looseObject({ rate_plan: z.looseObject({ id: z.string() }).optional() }));

/** Every paid Workers plan has a subscription whose rate plan's id begins so (`workers_paid`, $5 a month). */
async function planOf(account: string, ask: Ask): Promise<WorkersPlan | null> {
  const listed = await ask("GET", `/accounts/${account}/subscriptions`, Subscriptions);
  if (!listed.ok) return null;
  const paid = listed.value.some(({ rate_plan }) => /^workers_(?!free)/.test(rate_plan?.id ?? ""));
  return paid ? "paid" : "free";
}
