/** surfaces.ts: the sides from which the emulator can be called, and which calls write. */

/** RPC Collections · RPC Metadata · file uploads · reads with the key · reads without · the media host. */
export type Surface = "collections" | "metadata" | "upload" | "privateRead" | "publicRead" | "media";

/** Calls that change something at the service, which a read-only key may not. */
export function writes(surface: Surface, method: string): boolean {
  return surface === "upload" || (surface === "collections" && !/^(Get|List)/.test(method));
}
