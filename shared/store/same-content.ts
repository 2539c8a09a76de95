/**
 * Whether two jobs want the same of their token: the same args but for the token id, which stands first in them (see
 * `writeArgs`) and may still have changed in one of the two. Text against text, and no hash of it: equal args have
 * equal text, both rows have to be read for their states in any case, and most rows are never compared with any.
 */
export const sameContent = (a: string, b: string): string => `${contentOf(a)} = ${contentOf(b)}`;

const contentOf = (job: string): string => `substr(${job}.args, instr(${job}.args, ',"token":'))`;
