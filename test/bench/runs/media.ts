/** Issue 5's figures of media, on request: they take some minutes and do not need the upstream. */

import { atMost, judged, told } from "../figures.ts";
import { measureMedia } from "../media.ts";
import type { Run } from "./run.ts";

export const mediaRun: Run = {
  name: "media",
  measures: "memory while large files stream, requests for shared pictures, a folder sent again",
  always: false,
  async perform({ tell }) {
    const { streaming, shared, folder } = await measureMedia(tell);
    return [
      judged(
        "streaming: growth against a bare put and get, declared",
        streaming.declared.ratio,
        "×",
        atMost(1.5),
      ),
      judged(
        "streaming: growth against a bare put and get, chunked",
        streaming.chunked.ratio,
        "×",
        atMost(1.5),
      ),
      ...shared.map(({ rows, pictures, fetches, seconds }) =>
        told(`${rows} rows of ${pictures} pictures: fetches`, fetches, "", `${seconds.toFixed(1)} s`),
      ),
      told("a folder sent a second time: file bodies", folder.second.bodies, ""),
      told("a folder sent a second time: writes", folder.second.writes, ""),
    ];
  },
};
