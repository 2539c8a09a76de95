/** app.ts: every route of the emulator on one screen. */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { Dropped, send } from "./answer.ts";
import { control } from "./control.ts";
import { collectionPage, homePage, thumbnail } from "./page.ts";
import {
  generatedRoute,
  hostileRoute,
  mediaRoute,
  privateRoute,
  readRoute,
  rpcRoute,
  uploadRoute,
} from "./routes.ts";
import { refusalAnswer, refuse } from "./webrpc.ts";
import type { World } from "./world.ts";

/** Over a socket Node's request and response come along; in this process they do not. */
export type Env = { Bindings: Partial<HttpBindings> };

export function routes(world: World): Hono<Env> {
  const app = new Hono<Env>();

  app.all("/rpc/*", rpcRoute(world));

  const collection = "/projects/:project/collections/:collection";
  app.put(`${collection}/tokens/:token/upload/:target`, uploadRoute(world));
  app.put(`${collection}/assets/:target/upload`, uploadRoute(world));

  app.get(`${collection}/tokens/:token/asset/:field`, privateRoute(world));
  app.get(`${collection}/tokens/:token/:file`, readRoute(world));
  app.get(`${collection}/tokens/:token`, readRoute(world));
  app.get(`${collection}/:file`, readRoute(world));
  app.get(collection, readRoute(world));

  app.get("/media/generated/:name{.+}", generatedRoute(world));
  app.get("/media/_/:what/:number?", hostileRoute(world));
  app.get("/media/:path{.+}", mediaRoute(world));

  app.get("/", homePage(world));
  app.get("/_emulator/collections/:id", collectionPage(world));
  app.get("/_emulator/assets/:id", thumbnail(world));
  app.route("/_emulator", control(world));

  app.notFound((c) => c.text("404 page not found\n", 404));
  app.onError(panic);
  return app;
}

function panic(error: Error, c: Context<Env>): Response {
  if (error instanceof Dropped) throw error;
  const answer = refusalAnswer(refuse("WebrpcServerPanic", error.message));
  return send({ kind: "whole", answer }, c.env);
}
