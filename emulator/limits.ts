/**
 * limits.ts: every number of the emulator, with its unit and where it comes from.
 * Numbers that a test may want to change stand in switches.ts instead.
 */

/** Nobody publishes Sequence's cap on uploads; this is our guess, and a switch (uploadMaxBytes). */
export const defaultUploadMaxBytes = 30 * 1024 * 1024;

/** Room for the boundary and part headers of a multipart body above the bytes of its file. */
export const multipartSlackBytes = 16 * 1024;

/** Page size of the List methods where the caller names none (documented). */
export const defaultPageSize = 30;

/** The metadata fields an asset may belong to (documented list; `image` is the proven one). */
export const metadataFields: readonly string[] = ["image", "video", "audio", "animation_url"];

/** Largest token id: uint256. */
export const maxTokenId = 2n ** 256n - 1n;

/** Largest width or height: a Go uint16 on the wire. */
export const maxPixels = 65_535;

/** Clock skew that the shared auth middleware forgives in a JWT's `exp`, in seconds. */
export const tokenSkewSeconds = 120;

/** Verified keys remembered, so that a call costs no second HMAC. */
export const rememberedKeys = 1_000;

/**
 * Where ids begin. Real ids are sequential, global and of this size; ranges that do not overlap make a
 * mixed-up id fail instead of working by accident.
 */
export const firstIds = { collections: 900, assets: 4_400, contractCollections: 370, tasks: 70_000 } as const;

/** Rate windows of the shared quota middleware: one minute; and one second, which only faults use. */
export const minuteMs = 60_000;
export const secondMs = 1_000;

/** Rows a ledger answer holds where the caller names no limit, and at most. */
export const defaultLedgerRows = 1_000;
export const maxLedgerRows = 100_000;

/** How long a start waits for another emulator to let go of the same directory. */
export const storeBusyMs = 2_000;

/** Largest body of a call to /_emulator. */
export const controlMaxBytes = 5 * 1024 * 1024;

/** Longest wait and largest body that a test route of the media host gives. */
export const slowMaxMs = 600_000;
export const madeUpMaxBytes = 512 * 1024 * 1024;

/** Collections on the page at `/`, and tokens on the page of one collection. */
export const collectionsOnPage = 12;
export const tokensInStrip = 13;
export const tokensOnPage = 120;
