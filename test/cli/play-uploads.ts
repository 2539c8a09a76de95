/** The uploads of Mintline's API, played: parts are kept as they come, and the file is what they make. */
import { createHash } from "node:crypto";
import { Upload, UploadRequest } from "../../shared/api/contract.ts";
import { problem, type Reply, type Seen } from "./play-api.ts";

export const UPLOAD_ID = "upl_01J9ZK3T5Q8R2V7W4X6Y0A1B2C";

export type PlayedUploads = {
  /** Routes for `playApi`. */
  routes: Record<string, (seen: Seen) => Reply>;
  /** Numbers of the parts in the order in which they came; a run may be told from the one before by clearing it. */
  came: number[];
  /** The file, as far as it is here. */
  file: () => Buffer;
};

/** One upload at a time. @param answer in place of the usual one, for a part that is to go wrong. */
export function playUploads(
  partBytes: number,
  answer: (number: number) => Reply | null = () => null,
): PlayedUploads {
  const parts = new Map<number, Buffer>();
  const came: number[] = [];
  let announced: UploadRequest = {};
  let completed = false;
  const view = (): Upload =>
    Upload.parse({
      id: UPLOAD_ID,
      partBytes,
      state: completed ? "completed" : "open",
      bytes: announced.bytes ?? null,
      sha256: announced.sha256 ?? null,
      parts: [...parts.keys()].sort((a, b) => a - b),
      createdAt: "2026-11-23T10:00:00.000Z",
    });
  const file = () => Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
  const putPart = ({ path, body }: Seen): Reply => {
    const number = Number(path.split("/").at(-1));
    const other = answer(number);
    if (other) return other;
    came.push(number);
    parts.set(number, body);
    return { body: { number, bytes: body.length } };
  };
  return {
    came,
    file,
    routes: {
      "POST /v1/uploads": ({ body }) => {
        const asked = UploadRequest.parse(JSON.parse(String(body)));
        if (asked.sha256 !== announced.sha256) {
          parts.clear();
          completed = false;
        }
        announced = asked;
        return { status: 201, body: view() };
      },
      [`POST /v1/uploads/${UPLOAD_ID}/complete`]: () => {
        completed = createHash("sha256").update(file()).digest("hex") === announced.sha256;
        return completed ? { body: view() } : problem(409, "upload.incomplete");
      },
      PUT: (seen) =>
        seen.path.startsWith(`/v1/uploads/${UPLOAD_ID}/parts/`)
          ? putPart(seen)
          : problem(404, "route.not_found"),
    },
  };
}
