/**
 * What bytes cost where nothing is done with them: each URL of the body is put into R2 and got out again, all at once.
 * At `/parts` in parts, as R2 wants bytes whose number nobody has said.
 */
import { PLATFORM } from "../../../shared/limits.ts";

export default {
  async fetch(request, env): Promise<Response> {
    const put = new URL(request.url).pathname === "/parts" ? putParts : putWhole;
    const urls = (await request.text()).split("\n").filter((url) => url !== "");
    await Promise.all(urls.map((url, index) => through(url, `bare/${index}`, env.BUCKET, put)));
    return new Response("done\n");
  },
} satisfies ExportedHandler<{ BUCKET: R2Bucket }>;

type Put = (bucket: R2Bucket, key: string, body: ReadableStream<Uint8Array>) => Promise<void>;

async function through(url: string, key: string, bucket: R2Bucket, put: Put): Promise<void> {
  const { body } = await fetch(url);
  if (body !== null) await put(bucket, key, body);
  const object = await bucket.get(key);
  await object?.body.pipeTo(new WritableStream());
}

const putWhole: Put = async (bucket, key, body) => void (await bucket.put(key, body));

const putParts: Put = async (bucket, key, body) => {
  const upload = await bucket.createMultipartUpload(key);
  const parts: R2UploadedPart[] = [];
  const part = new Uint8Array(PLATFORM.r2PartBytes);
  let filled = 0;
  const flush = async () =>
    void parts.push(await upload.uploadPart(parts.length + 1, part.subarray(0, filled)));
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, part.length - filled);
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < part.length) continue;
      await flush();
      filled = 0;
    }
  }
  if (filled > 0) await flush();
  await upload.complete(parts);
};
