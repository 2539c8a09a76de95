/** What bytes cost where nothing is done with them: each URL of the body is put into R2 and got out again, all at once. */
export default {
  async fetch(request, env): Promise<Response> {
    const urls = (await request.text()).split("\n");
    await Promise.all(urls.map((url, index) => through(url, `bare/${index}`, env.BUCKET)));
    return new Response("done\n");
  },
} satisfies ExportedHandler<{ BUCKET: R2Bucket }>;

async function through(url: string, key: string, bucket: R2Bucket): Promise<void> {
  if (url === "") return;
  const { body } = await fetch(url);
  await bucket.put(key, body);
  const object = await bucket.get(key);
  await object?.body.pipeTo(new WritableStream());
}
