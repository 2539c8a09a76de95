/** What the Worker is told in the body of a request; an empty one only asks whether it is there. */
export type BareTask = {
  readonly service: { readonly url: string; readonly key: string; readonly collectionId: number };
  /** All but the picture's address is sent as the token. */
  readonly rows: readonly { readonly tokenId: string; readonly image: string }[];
  readonly inFlight: number;
};
