/**
 * Statements with one promise of theirs taken out; they still take all their parameters, so that nothing but the
 * promise is missing. Each must be found out by the steps that find nothing in the
 * statements as they are; a line that no statement has any more is a mistake here, and says so.
 */
export type Mutant = { readonly without: string; readonly text: RegExp; readonly instead: string };

export const MUTANTS: readonly Mutant[] = [
  {
    without: "the settle's fence: only its own lease counts",
    text: /WHERE j\.state = 'running' AND j\.lease_id = \?2/,
    instead: "WHERE j.state = 'running'",
  },
  {
    without: "the claim's look at the job's state",
    text: /AND \(j\.state = 'queued' OR \(j\.state IN \('retryable', 'snoozed'\) AND j\.scheduled_at <= \?4\)\)/,
    instead: "AND ?4 > 0",
  },
  {
    without: "the claim's look at the batch's state",
    text: /WHERE b\.state = 'running' AND b\.target = \?3/,
    instead: "WHERE b.target = ?3",
  },
  {
    without: "the claim's wait for a token that is worked on",
    text: /WHERE NOT EXISTS \(SELECT 1 FROM jobs p WHERE p\.batch_id = manifest\.batch_id\s+AND p\.line = manifest\.line AND p\.state = 'running'\)/,
    instead: "",
  },
  {
    without: "the claim's count of what was claimed before",
    text: /claims = claims \+ 1,\s+owned =/,
    instead: "owned =",
  },
  {
    without: "the cursor's way back when a settle releases",
    text: /dispatch_line = min\(dispatch_line, coalesce\(d\.first_pending, dispatch_line\)\),/,
    instead: "",
  },
  {
    without: "the cursor's way back when a message comes too late",
    text: /, dispatch_line = min\(dispatch_line, d\.first_line\)/,
    instead: "",
  },
  {
    without: "the cursor's way back at a replay",
    text: /dispatch_line = min\(dispatch_line, c\.first_line\),/,
    instead: "",
  },
  {
    without: "the rescue's question whether the lease is lost",
    text: /x\.id = \?1 AND \(x\.expires_at <= \?2 OR x\.taken_at < \?3\)/,
    instead: "x.id = ?1 AND ?2 + ?3 > 0",
  },
  {
    without: "the letter of a job that a rescue buries",
    text: /AND j\.rescues \+ 1 >= \d+ ON CONFLICT DO NOTHING/,
    instead: "AND 1 = 0 ON CONFLICT DO NOTHING",
  },
  {
    without: "the renewal's question whether the lease is over",
    text: /WHERE id = \?1 AND expires_at > \?3/,
    instead: "WHERE id = ?1 AND ?3 > 0",
  },
  {
    without: "the lease's stay while it holds a job",
    text: /AND NOT EXISTS \(SELECT 1 FROM json_each\(leases\.jobs\) m[^)]*j\.lease_id = leases\.id\)/,
    instead: "",
  },
  {
    without: "the halt's epoch: one from before a resume counts for nothing",
    text: /AND state = 'running' AND run_epoch = \?3/,
    instead: "AND state = 'running' AND ?3 >= 0",
  },
  {
    without: "the end of a cancelled batch's jobs when they are settled",
    text: /CASE WHEN b\.state = 'cancelled' AND v\.value ->> 'state' IN \('pending', 'retryable', 'snoozed'\)\s+THEN 'cancelled' ELSE v\.value ->> 'state' END/,
    instead: "v.value ->> 'state'",
  },
  {
    without: "the snoozed jobs' hold on a batch's end",
    text: /AND pending \+ queued \+ running \+ retryable \+ snoozed = 0/,
    instead: "AND pending + queued + running + retryable = 0",
  },
  {
    without: "the trial's count of what was put back",
    text: /trial_left = trial_left \+ d\.n_pending,/,
    instead: "",
  },
];

/** @returns the rewriting of a mutant, and how often it has found what to rewrite. */
export function mutate({ text, instead }: Mutant): { rewrite(sql: string): string; applied(): number } {
  let applied = 0;
  return {
    rewrite(sql) {
      const rewritten = sql.replace(text, instead);
      if (rewritten !== sql) applied += 1;
      return rewritten;
    },
    applied: () => applied,
  };
}
