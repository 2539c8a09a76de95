/** When something happened: ISO 8601 in UTC. */
import * as z from "zod";

export const IsoTime = z.iso.datetime();
