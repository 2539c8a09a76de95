/** What is billed, counted as it happens; one record an isolate, so one a Worker in the local runtime. */

export type StatementCounts = { times: number; rowsRead: number; rowsWritten: number };

export type Counts = {
  /** HTTP requests and invocations by a queue or by cron: each is billed as a request. */
  requests: number;
  deliveries: number;
  d1Calls: number;
  d1Statements: number;
  d1RowsRead: number;
  d1RowsWritten: number;
  messagesSent: number;
  messagesDelivered: number;
  /** put, list, multipart (class A); get, head (class B). */
  r2ClassA: number;
  r2ClassB: number;
  /** Sessions with a Durable Object, and rows that it wrote. */
  objectRequests: number;
  objectRowsWritten: number;
  /** By the first and the last words of the statement. */
  statements: Record<string, StatementCounts>;
};

export const noCounts = (): Counts => ({
  requests: 0,
  deliveries: 0,
  d1Calls: 0,
  d1Statements: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  messagesSent: 0,
  messagesDelivered: 0,
  r2ClassA: 0,
  r2ClassB: 0,
  objectRequests: 0,
  objectRowsWritten: 0,
  statements: {},
});
