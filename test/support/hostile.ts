/** A test's words to the media hosts of `hostile-setup.ts`. Each test takes paths of its own: the hosts are everybody's. */
import { inject } from "vitest";
import type { Said } from "./hostile-host.ts";

export type Saying = Omit<Said, "base64"> & { readonly bytes?: Uint8Array };

export type MediaHost = {
  readonly url: string;
  /** `127.0.0.1:port`, as MEDIA_PRIVATE_HOSTS names it. */
  readonly host: string;
  /** What the path answers, in this order; the last one goes on. @returns its URL. */
  say(path: string, ...answers: Saying[]): Promise<string>;
  /** How often the path was asked for. */
  seen(path: string): Promise<number>;
};

const hostAt = (url: string): MediaHost => ({
  url,
  host: new URL(url).host,
  async say(path, ...answers) {
    const said = answers.map(
      ({ bytes, ...rest }): Said => ({
        ...rest,
        ...(bytes && { base64: Buffer.from(bytes).toString("base64") }),
      }),
    );
    const to = `${url}/-/say?path=${encodeURIComponent(path)}`;
    await fetch(to, { method: "POST", body: JSON.stringify(said) });
    return `${url}${path}`;
  },
  seen: async (path) => Number(await (await fetch(`${url}/-/seen?path=${encodeURIComponent(path)}`)).text()),
});

/** Three of them, and the address of one that is down. */
export function mediaHosts(): { hosts: [MediaHost, MediaHost, MediaHost]; all: string; dead: MediaHost } {
  const { hosts, dead } = inject("hostile");
  const [a, b, c] = hosts.map(hostAt);
  if (!a || !b || !c) throw new Error("a media host is missing");
  return {
    hosts: [a, b, c],
    all: [...hosts, dead].map((url) => new URL(url).host).join(","),
    dead: hostAt(dead),
  };
}

/** The listener that nobody may connect to: its port on 127.0.0.1, and how many have. */
export function trap(): { port: number; connections(): Promise<number> } {
  const { hosts, trapPort } = inject("hostile");
  return {
    port: trapPort,
    connections: async () => Number(await (await fetch(`${hosts[0]}/-/connections`)).text()),
  };
}
