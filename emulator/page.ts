/**
 * page.ts: what is in the emulator, to look at: collections with their tokens, what is public and what not.
 * Everything from the state is escaped; nothing is loaded from elsewhere.
 */
import type { Handler } from "hono";
import { html } from "hono/html";
import { send } from "./answer.ts";
import type { Env } from "./app.ts";
import { collectionsOnPage, tokensInStrip, tokensOnPage } from "./limits.ts";
import { style } from "./page-style.ts";
import { assetBytes, hidden, pathNumber } from "./reads.ts";
import { type AssetRow, type CollectionRow, contentOf, metadataOf, type TokenRow } from "./rows.ts";
import type { Store } from "./store.ts";
import type { World } from "./world.ts";

type Markup = ReturnType<typeof html>;

/** `/`: every collection, the newest first. */
export function homePage({ store }: World): Handler<Env> {
  return (c) => {
    const total = count(store, "SELECT count(*) AS n FROM collections");
    const at = pageOf(c.req.query("page"), total, collectionsOnPage);
    const sql = "SELECT * FROM collections ORDER BY id DESC LIMIT ? OFFSET ?";
    const rows = store.all<CollectionRow>(sql, collectionsOnPage, at.offset);
    const tokens = count(store, "SELECT count(*) AS n FROM tokens");
    const assets = count(store, "SELECT count(*) AS n FROM asset_bytes");
    const head = html`<header>
      <div>
        <h1>Local Sequence</h1>
        <p class="faint about">An emulator of the Collections service. Nothing here leaves this machine.</p>
      </div>
      <p class="faint number">${plural(total, "collection")} · ${plural(tokens, "token")} · ${plural(assets, "file")}</p>
    </header>`;
    const body =
      total === 0 ? nothingYet : html`<ul class="list">${rows.map((row) => collectionCard(store, row))}</ul>`;
    return c.html(document("Local Sequence", html`${head}${body}${pager(at)}`));
  };
}

/** `/_emulator/collections/{id}`: the tokens of one collection. */
export function collectionPage({ store }: World): Handler<Env> {
  return (c) => {
    const id = pathNumber(c.req.param("id"));
    const row = store.get<CollectionRow>("SELECT * FROM collections WHERE id = ?", id);
    if (row === undefined) return c.notFound();
    const counts = countsOf(store, id);
    const at = pageOf(c.req.query("page"), counts.tokens, tokensOnPage);
    const tokens = tokensOf(store, id, tokensOnPage, at.offset);
    const { name, description } = metadataOf(row);
    const link = row.private === 0 && html`<br /><a href="${folderOf(row)}.json">Public metadata</a>`;
    const head = html`<header>
      <div>
        <p class="faint"><a href="/">All collections</a></p>
        <h1>${name} ${collectionBadge(row)}</h1>
        <p class="faint about">${description}</p>
      </div>
      <p class="faint number">${summary(row, counts)}${link}</p>
    </header>`;
    const grid = html`<ul class="grid">${tokens.map((token) => tokenCard(store, row, token))}</ul>`;
    return c.html(document(name, html`${head}${counts.tokens === 0 ? noTokens : grid}${pager(at)}`));
  };
}

/** `/_emulator/assets/{id}`: a file for these pages, also of what is private: whoever is here holds the key. */
export function thumbnail(world: World): Handler<Env> {
  return (c) => {
    const id = pathNumber(c.req.param("id"));
    const asset = world.store.get<AssetRow>("SELECT * FROM assets WHERE id = ?", id);
    return send({ kind: "whole", answer: asset === undefined ? hidden() : assetBytes(world, asset) }, c.env);
  };
}

function collectionCard(store: Store, row: CollectionRow): Markup {
  const tokens = tokensOf(store, row.id, tokensInStrip, 0);
  const counts = countsOf(store, row.id);
  const address = `/_emulator/collections/${row.id}`;
  const cover = newestAsset(store, row.id, null);
  const more = counts.tokens - tokens.length;
  const strip = html`<ul class="strip">
    ${tokens.map((token) => html`<li>${art(store, row.id, token)}</li>`)}
    ${more > 0 && html`<li><a class="art number" href="${address}">+${more.toLocaleString("en")}</a></li>`}
  </ul>`;
  return html`<li class="card">
    <div class="top">
      ${cover && html`<img class="cover" src="/_emulator/assets/${cover.id}" alt="" />`}
      <div>
        <h2 class="clip"><a href="${address}">${metadataOf(row).name}</a></h2>
        <p class="faint number">${summary(row, counts)}</p>
      </div>
      ${collectionBadge(row)}
    </div>
    ${tokens.length > 0 && strip}
  </li>`;
}

function tokenCard(store: Store, collection: CollectionRow, token: TokenRow): Markup {
  const shown = collection.private === 0 && token.private === 0;
  const address = `${folderOf(collection)}/tokens/${token.token_id}`;
  return html`<li class="token">
    ${art(store, collection.id, token)}
    <p class="clip">${contentOf(token).name}</p>
    <p class="faint clip number">#${token.token_id}</p>
    <div class="row">${tokenBadge(collection, token)}${shown && html`<a class="faint" href="${address}">JSON</a>`}</div>
  </li>`;
}

/** A token's picture, or its film, or a word where nothing was uploaded. */
function art(store: Store, collectionId: number, token: TokenRow): Markup {
  const asset = newestAsset(store, collectionId, token.token_id);
  const { name } = contentOf(token);
  return html`<div class="art ${token.private === 1 ? "hidden" : ""}" title="${name}">
    ${asset === undefined ? "no file" : pictured(asset, name)}
  </div>`;
}

function pictured(asset: AssetRow, name: string): Markup | string {
  const source = `/_emulator/assets/${asset.id}`;
  if (asset.mime_type.startsWith("image/")) return html`<img src="${source}" alt="${name}" loading="lazy" />`;
  if (asset.mime_type.startsWith("video/"))
    return html`<video src="${source}" muted loop autoplay playsinline></video>`;
  return asset.extension;
}

function collectionBadge(row: CollectionRow): Markup {
  return row.private === 1 ? badge("private", "private") : badge("public", "published");
}

/** A token is seen once its own flag and its collection's allow it; "not private" is half of that. */
function tokenBadge(collection: CollectionRow, token: TokenRow): Markup {
  if (token.private === 1) return badge("private", "private");
  return collection.private === 1 ? badge("waiting", "not private") : badge("public", "public");
}

function badge(look: "public" | "private" | "waiting", word: string): Markup {
  return html`<span class="badge ${look}">${word}</span>`;
}

function summary(row: CollectionRow, { tokens, open }: Counts): string {
  const word = row.private === 1 ? "not private" : "public";
  const states = tokens === 0 ? "" : ` · ${open} ${word}, ${tokens - open} private`;
  return `#${row.id} · project ${row.project_id} · ${plural(tokens, "token")}${states}`;
}

interface Counts {
  tokens: number;
  /** Tokens whose own flag is public. */
  open: number;
}

function countsOf(store: Store, collectionId: number): Counts {
  const sql =
    "SELECT count(*) AS tokens, coalesce(sum(private = 0), 0) AS open FROM tokens WHERE collection_id = ?";
  return store.get<Counts>(sql, collectionId) ?? { tokens: 0, open: 0 };
}

function tokensOf(store: Store, collectionId: number, limit: number, offset: number): TokenRow[] {
  return store.all(
    "SELECT * FROM tokens WHERE collection_id = ? ORDER BY length(token_id), token_id LIMIT ? OFFSET ?",
    ...[collectionId, limit, offset],
  );
}

function newestAsset(store: Store, collectionId: number, tokenId: string | null): AssetRow | undefined {
  return store.get(
    `SELECT * FROM assets WHERE collection_id = ? AND token_id IS ? AND extension <> ''
     ORDER BY metadata_field = 'image' DESC, id DESC LIMIT 1`,
    ...[collectionId, tokenId],
  );
}

function folderOf(row: CollectionRow): string {
  return `/projects/${row.project_id}/collections/${row.id}`;
}

function count(store: Store, sql: string): number {
  return store.get<{ n: number }>(sql)?.n ?? 0;
}

function plural(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

interface At {
  page: number;
  pages: number;
  offset: number;
}

function pageOf(asked: string | undefined, total: number, size: number): At {
  const pages = Math.max(1, Math.ceil(total / size));
  const page = Math.min(Math.max(1, pathNumber(asked)), pages);
  return { page, pages, offset: (page - 1) * size };
}

function pager({ page, pages }: At): Markup | string {
  if (pages === 1) return "";
  return html`<nav aria-label="Pages">
    ${page > 1 ? html`<a href="?page=${page - 1}">Previous</a>` : html`<span></span>`}
    <span class="faint number">Page ${page} of ${pages}</span>
    ${page < pages ? html`<a href="?page=${page + 1}">Next</a>` : html`<span></span>`}
  </nav>`;
}

const nothingYet = html`<div class="card empty">
  <h2>Nothing has been published here yet</h2>
  <p class="faint">A collection appears as soon as <code>CreateCollection</code> is called.</p>
</div>`;

const noTokens = html`<div class="card empty"><p class="faint">This collection has no tokens yet.</p></div>`;

function document(title: string, body: Markup): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${style}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
}
