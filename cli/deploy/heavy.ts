/**
 * Which statements of a migration hold a large table up. D1 does one thing at a time and ends a statement after 30
 * seconds; on a million jobs, here, adding a column took 3.8 s (STRICT tables are checked whole), writing every row
 * 4.9 s, dropping a column 4.0 s, an index 0.9 s. Such a change is written in steps: workers/DEPLOYING.md. Pure.
 */

/** They grow with every row ever submitted, and nothing prunes them by itself. */
export const LARGE_TABLES = ["jobs", "manifest", "dead_letters", "replay_jobs"] as const;

const HEAVY: readonly (readonly [pattern: RegExp, does: string])[] = [
  [/^alter table "?(\w+)"? add\b/i, "checks every row of"],
  [/^alter table "?(\w+)"? drop\b/i, "rewrites"],
  [/^update (?:or \w+ )?"?(\w+)"?/i, "rewrites"],
  [/^delete from "?(\w+)"?/i, "goes through"],
  [/^insert [\s\S]*?\bselect\b[\s\S]*?\bfrom "?(\w+)"?/i, "copies"],
  [/^create (?:unique )?index [\s\S]*? on "?(\w+)"?/i, "reads all of"],
  [/^drop table (?:if exists )?"?(\w+)"?/i, "frees all of"],
];

/** @returns one line for each, such as `rewrites jobs: UPDATE jobs SET …`; none for tables that it creates itself */
export function heavyStatements(sql: string): string[] {
  const statements = sql
    .replaceAll(/--.*$/gm, "")
    .split(";")
    .map((statement) => statement.replaceAll(/\s+/g, " ").trim());
  const own = statements.flatMap(
    (text) => /^create table (?:if not exists )?"?(\w+)"?/i.exec(text)?.[1] ?? [],
  );
  return statements.flatMap((text) => {
    for (const [pattern, does] of HEAVY) {
      const table = pattern.exec(text)?.[1]?.toLowerCase() ?? "";
      if (LARGE_TABLES.some((large) => large === table) && !own.includes(table)) {
        return [`${does} ${table}: ${text.slice(0, 60)}`];
      }
    }
    return [];
  });
}
