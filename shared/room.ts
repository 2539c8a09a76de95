/**
 * So many at once in an isolate, whoever they are: its memory is shared by all requests and deliveries that it
 * happens to serve. By counting and looking again rather than by waking each other up: a promise that another
 * request was to resolve hangs if that request is cut off. A place that nobody gave back is free again after
 * `heldMs`, for the same reason.
 */
export type Room = {
  /** @param look called before each wait; what it throws ends the waiting. @returns what gives the place back. */
  enter(look: () => void): Promise<() => void>;
};

export type RoomOptions = {
  readonly places: number;
  /** Nobody holds a place for longer. */
  readonly heldMs: number;
  readonly pollMs: number;
  readonly now: () => number;
};

export function createRoom({ places, heldMs, pollMs, now }: RoomOptions): Room {
  const taken = new Map<symbol, number>();
  const isFull = (): boolean => {
    for (const [place, since] of taken) if (now() - since > heldMs) taken.delete(place);
    return taken.size >= places;
  };
  return {
    async enter(look) {
      while (isFull()) {
        look();
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
      const place = Symbol("place");
      taken.set(place, now());
      return () => taken.delete(place);
    },
  };
}
