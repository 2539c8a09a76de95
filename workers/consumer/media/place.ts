/** Where on the way a media request stood, fit to be shown. */

export type Place = {
  /** Without user name and password; behind a redirect also without signatures, which are no part of the row. */
  readonly url: string;
  readonly host: string | null;
  /** 0 for the URL as given, 1 for the first redirect, … */
  readonly hop: number;
  /** For messages: the URL, cut, and the hop. */
  readonly shown: string;
};

const SIGNATURES =
  /[?&;](?:[^=&;]*(?:signature|credential|token|key|secret|policy)[^=&;]*|sig|auth)=([^&;#]*)/gi;

const SHOWN_CHARS = 200;

export function placeOf(given: string, hop: number): Place {
  const parsed = URL.parse(given);
  const plain = given.replace(/\/\/[^/@]*@/, "//");
  const url =
    hop === 0
      ? plain
      : plain.replace(SIGNATURES, (all, value: string) => `${all.slice(0, all.length - value.length)}…`);
  const cut = url.length > SHOWN_CHARS ? `${url.slice(0, SHOWN_CHARS)}…` : url;
  return { url, host: parsed?.host || null, hop, shown: hop === 0 ? cut : `${cut} (redirect ${hop})` };
}
