/** page-style.ts: the look of the emulator's pages, light and dark. */
import { raw } from "hono/html";

export const style = raw(`<style>
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f5f2, #131417);
  --card: light-dark(#fff, #1b1d21);
  --line: light-dark(#e4e1d9, #2b2e34);
  --ink: light-dark(#1d1e20, #ecebe7);
  --faint: light-dark(#6c6a64, #979aa2);
  --green: light-dark(#1c6b43, #7fd6a5);
  --green-ground: light-dark(#e2f2e8, #16301f);
  --amber: light-dark(#7a5310, #e2bd76);
  --amber-ground: light-dark(#f7ecd6, #33280f);
  --accent: light-dark(#3651c9, #97a9ff);
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1 { font-size: 1.5rem; letter-spacing: -0.015em; line-height: 1.25; text-wrap: balance; }
h2 { font-size: 1.06rem; letter-spacing: -0.005em; line-height: 1.35; }
.faint { color: var(--faint); font-size: 0.87rem; }
.number { font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: 0.5rem 2rem; margin-bottom: 1.75rem; }
.about { max-width: 60ch; margin-top: 0.3rem; }
.list { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.9rem; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.2rem 1.2rem; }
.top { display: flex; gap: 0.9rem; align-items: center; min-width: 0; }
.top > div { min-width: 0; flex: 1; }
.cover { width: 44px; height: 44px; border-radius: 9px; object-fit: cover; background: var(--line); flex: none; }
.badge { font-size: 0.77rem; font-weight: 600; padding: 0.14rem 0.6rem; border-radius: 99px; white-space: nowrap; }
.public { color: var(--green); background: var(--green-ground); }
.private { color: var(--amber); background: var(--amber-ground); }
.waiting { color: var(--faint); background: var(--line); }
.clip { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(64px, 1fr)); gap: 8px; margin-top: 1rem; padding: 0; list-style: none; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); gap: 14px; padding: 0; list-style: none; }
.art { display: grid; place-items: center; aspect-ratio: 1; overflow: hidden; border-radius: 9px; background: var(--line); color: var(--faint); font-size: 0.74rem; position: relative; }
a.art:hover { text-decoration: none; color: var(--ink); }
.art img, .art video { width: 100%; height: 100%; object-fit: cover; display: block; }
.hidden img, .hidden video { filter: saturate(0.35) opacity(0.65); }
.token { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 8px 8px 10px; min-width: 0; }
.token .art { border-radius: 7px; margin-bottom: 0.5rem; }
.token p { padding: 0 3px; }
.row { display: flex; justify-content: space-between; align-items: center; gap: 0.5rem; padding: 0.25rem 3px 0; }
nav { display: flex; justify-content: space-between; gap: 1rem; margin-top: 1.6rem; }
.empty { padding: 3rem 1.5rem; text-align: center; }
code { font: 0.85em ui-monospace, monospace; }
</style>`);
