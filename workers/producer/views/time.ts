/** Times on their way out: the store keeps epoch ms, the API speaks ISO 8601 in UTC. */

export const iso = (epochMs: number): string => new Date(epochMs).toISOString();

export const isoOrNull = (epochMs: number | null): string | null => (epochMs === null ? null : iso(epochMs));
