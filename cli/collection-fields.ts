/** The options of `collection create` and `update` as the API takes them. Everything is checked before a call. */
import type { Command } from "commander";
import * as z from "zod";
import { CollectionPatch } from "../shared/api/contract.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { type Fault, usageFault } from "./failure.ts";
import { openFile } from "./files.ts";
import { jsonValue, text } from "./options.ts";

export type Fields = {
  name?: string;
  description?: string;
  externalLink?: string;
  properties?: string;
  attributes?: string;
  image?: string;
};

/** What to send: the fields, and the picture beside them where one was named. */
export type CollectionChange = { readonly patch: CollectionPatch; readonly image: Blob | null };

const JsonObject = z.record(z.string(), z.json());

export const withFields = (command: Command): Command =>
  command
    .option("--name <name>", "its name", text)
    .option("--description <text>", "its description")
    .option("--external-link <url>", "a web page about it")
    .option("--properties <json>", "a JSON object, or @file.json")
    .option("--attributes <json>", "a JSON array of objects, or @file.json")
    .option("--image <file>", "its picture; kept as an asset of the collection");

export async function changeOf(fields: Fields): Promise<Result<CollectionChange, Fault>> {
  const { properties, attributes, image, ...plain } = fields;
  const parsedProperties = await optionalJson("--properties", properties, JsonObject, "a JSON object");
  if (!parsedProperties.ok) return parsedProperties;
  const objects = z.array(JsonObject);
  const parsedAttributes = await optionalJson("--attributes", attributes, objects, "a JSON array of objects");
  if (!parsedAttributes.ok) return parsedAttributes;
  const patch = CollectionPatch.safeParse({
    ...plain,
    ...(parsedProperties.value === undefined ? {} : { properties: parsedProperties.value }),
    ...(parsedAttributes.value === undefined ? {} : { attributes: parsedAttributes.value }),
  });
  if (!patch.success) {
    const first = patch.error.issues[0];
    const message = `${first?.path.join(".") ?? "A field"}: ${first?.message ?? "not as expected"}.`;
    return fail(usageFault("cli.bad_field", message, "Correct it and try again."));
  }
  if (image === undefined) return ok({ patch: patch.data, image: null });
  const opened = await openFile(image);
  return opened.ok ? ok({ patch: patch.data, image: opened.value }) : opened;
}

const optionalJson = async <T extends z.ZodType>(
  option: string,
  value: string | undefined,
  schema: T,
  expected: string,
): Promise<Result<z.output<T> | undefined, Fault>> =>
  value === undefined ? ok(undefined) : jsonValue(option, value, schema, expected);
